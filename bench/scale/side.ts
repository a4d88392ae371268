import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'undici';
import { createApp } from '../../src/app.ts';
import { readDocument } from '../../src/contract/bundle.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store, StoreOptions } from '../../src/store/store.ts';
import type { Defer } from '../closers.ts';
import { API_KEY, API_SECRET, API_TOKEN } from '../credentials.ts';
import { benchConfig, benchDeps } from '../deps.ts';
import { type Filled, fill } from './fill.ts';
import type { Size } from './sizes.ts';

/** One of the two databases, filled, with a server over it. */
export type Side = {
  readonly store: Store;
  /** Owns every server. */
  readonly organizationId: string;
  readonly size: Size;
  readonly filled: Filled;
  /** Asks the server for a path with the organization's credentials; the answer must be a success. */
  readonly get: (path: string) => Promise<unknown>;
};

/** One organization has all the servers, accounts and endpoints there are. */
const NO_QUOTAS = {
  GATEHOUSE_QUOTA_SERVERS: '0',
  GATEHOUSE_QUOTA_INTEGRATIONS: '0',
  GATEHOUSE_QUOTA_ACCOUNTS: '0',
  GATEHOUSE_QUOTA_ENDPOINTS: '0',
  GATEHOUSE_QUOTA_CREDENTIALS: '0',
  GATEHOUSE_QUOTA_TOOLS_MIB: '0',
};

/**
 * Fills a database, in a new folder or in the empty PostgreSQL database of that URL. What must be closed in the end, last
 * first, is handed to `defer` as soon as it is there.
 */
export async function openSide(
  size: Size,
  url: string | null,
  report: (line: string) => void,
  defer: Defer,
): Promise<Side> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  defer(async () => rmSync(directory, { recursive: true }));
  const location: StoreOptions['location'] = url === null ? { kind: 'file', directory } : { kind: 'postgres', url };
  const open = () => openStore({ location, secretKeys: [Buffer.alloc(32, 'k')], log: () => undefined, now: Date.now });
  const config = benchConfig(directory, NO_QUOTAS);
  const filling = await open();
  defer(filling.close);
  const { credentials } = await benchDeps(filling, config);
  const caller = await credentials.apiToken(API_TOKEN);
  if (caller === undefined) {
    throw new Error('the bench does not know its own credentials');
  }
  const { organizationId } = caller;
  const filled = await fill(filling, organizationId, size, report);
  // What is measured starts as a server starts.
  await filling.close();
  const store = await open();
  defer(store.close);

  const options = { document: await readDocument(), docs: { read: async () => null }, config } as const;
  const app = await createApp(await benchDeps(store, config), { ...options, violations: 'report' });
  const http = createServer(app);
  // Between two rows over HTTP the connection may be idle for long.
  http.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => {
    http.listen(0, '127.0.0.1', resolve);
  });
  const client = new Client(`http://127.0.0.1:${(http.address() as AddressInfo).port}`);
  defer(async () => {
    await client.close();
    await new Promise((resolve) => {
      http.close(resolve);
    });
  });
  const headers = { 'X-API-KEY': API_KEY, 'X-API-SECRET': API_SECRET, Authorization: `Bearer ${API_TOKEN}` };
  return {
    store,
    organizationId,
    size,
    filled,
    get: async (path) => {
      const { statusCode, body } = await client.request({ method: 'GET', path, headers });
      const answer = await body.json();
      if (statusCode !== 200) {
        throw new Error(`GET ${path}: ${statusCode} ${JSON.stringify(answer)}`);
      }
      return answer;
    },
  };
}
