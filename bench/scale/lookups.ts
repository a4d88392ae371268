import { serverId } from '../../src/servers/wire.ts';
import * as accounts from '../../src/store/accounts.ts';
import * as endpoints from '../../src/store/endpoints.ts';
import * as servers from '../../src/store/servers.ts';
import { compare, type Sides, type Work } from './compare.ts';
import { pick } from './pick.ts';

/** Rows about finding one thing by its id, anywhere in the database. */
export async function lookupRows(sides: Sides): Promise<void> {
  const inStore = (what: string, work: Work) => compare(what, sides, { calls: 400, work: found(work) });
  await inStore('server by id', ({ store, organizationId, filled }) =>
    servers.find(store.read, organizationId, pick(filled.serverIds)),
  );
  await inStore('endpoint by id', ({ store, organizationId, filled }) => {
    const { accountId, id } = pick(filled.endpoints);
    return endpoints.find(store.read, { organizationId, accountId }, id);
  });
  await inStore('account by id', ({ store, organizationId, filled }) =>
    accounts.find(store.read, organizationId, pick(filled.accountIds)),
  );

  const overHttp = (what: string, path: (...of: Parameters<Work>) => string) =>
    compare(`${what} over HTTP`, sides, { calls: 200, work: (side) => side.get(path(side)) });
  await overHttp('server by id', ({ filled }) => `/api/mcp-servers/${serverId(pick(filled.serverIds))}`);
  await overHttp('endpoint by id', ({ filled }) => {
    const { accountId, id } = pick(filled.endpoints);
    return `/integrated-account/${accountId}/mcp/${id}`;
  });
  await overHttp('account by id', ({ filled }) => `/integrated-account/${pick(filled.accountIds)}`);
}

const found =
  (work: Work): Work =>
  async (side) => {
    if ((await work(side)) === null) {
      throw new Error('what was looked for is not there');
    }
  };
