import { monitorEventLoopDelay } from 'node:perf_hooks';
import * as servers from '../../src/store/servers.ts';
import { print } from '../print.ts';
import { limit } from './compare.ts';
import type { Side } from './side.ts';

const OFFSET_BAR = 10;
const SEARCH_BAR = 150;
const LIMIT = 100;

/** Rows about what the Servers API pays for pages by number and for search, on the large side. */
export async function depthRows(large: Side): Promise<void> {
  const total = large.size.servers;
  const depths = { middle: total / 2, last: total - LIMIT };
  for (const sort of ['created_at', 'updated_at', 'name'] as const) {
    for (const [where, offset] of Object.entries(depths)) {
      await limit(`servers by ${sort}, ${where} page`, large, OFFSET_BAR, ({ store, organizationId }) =>
        servers.page(store.read, organizationId, { offset, limit: LIMIT, sort, order: 'desc' }),
      );
    }
  }
  await limit('servers, middle page over HTTP', large, OFFSET_BAR, ({ get }) =>
    get(`/api/mcp-servers?limit=20&page=${total / 2 / 20}`),
  );

  const searches = { nothing: 'nowhere at all', some: 'region 77', 'every server': 'example' };
  for (const [what, search] of Object.entries(searches)) {
    await searching(`search that finds ${what}, page and count`, large, (side) =>
      Promise.all([
        servers.page(side.store.slowRead, side.organizationId, {
          offset: 0,
          limit: 20,
          sort: 'created_at',
          order: 'desc',
          search,
        }),
        servers.countMatching(side.store.slowRead, side.organizationId, search),
      ]),
    );
  }
  await searching('search that finds some over HTTP', large, ({ get }) => get('/api/mcp-servers?search=region%2077'));
}

async function searching(what: string, side: Side, work: (side: Side) => Promise<unknown>): Promise<void> {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  await limit(what, side, SEARCH_BAR, work);
  delays.disable();
  print(`  meanwhile the event loop stood still for ${(delays.max / 1e6).toFixed(1)} ms at most`);
}
