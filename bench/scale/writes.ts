import { randomUUID } from 'node:crypto';
import { hashSecret } from '../../src/base/ids.ts';
import * as accounts from '../../src/store/accounts.ts';
import * as endpoints from '../../src/store/endpoints.ts';
import * as servers from '../../src/store/servers.ts';
import { anEndpoint, aServer } from '../../test/store/support/samples.ts';
import { compare, type Sides, type Work } from './compare.ts';
import { pick, take } from './pick.ts';

const CALLS = 100;

/** Rows about writing, each write a transaction of its own. As many are deleted as were created. */
export async function writeRows(sides: Sides): Promise<void> {
  const row = (what: string, work: Work) => compare(what, sides, { calls: CALLS, work, is: 'written' });
  await row('create a server', async (side) => {
    const server = aServer(side.organizationId, justNow());
    await side.store.write((db) => servers.insert(db, server));
    side.filled.serverIds.push(server.id);
  });
  await row('update a server', ({ store, organizationId, filled }) =>
    store.write(async (db) => {
      const server = there(await servers.find(db, organizationId, pick(filled.serverIds)));
      const updatedAt = Date.now();
      there(await servers.update(db, { ...server, name: `Renamed ${updatedAt}`, updatedAt }, server.version));
    }),
  );
  await row('delete a server', ({ store, organizationId, filled }) => {
    const id = take(filled.serverIds);
    return store.write(async (db) => there((await servers.remove(db, organizationId, id)) || null));
  });

  await row('create an endpoint', async ({ store, organizationId, filled }) => {
    // As real ones do: the hash lands anywhere in its index, and the expiry is in one at all.
    const indexed = { tokenHash: hashSecret(randomUUID()), expiresAt: 3_400_000_000_000 };
    const account = { organizationId, accountId: pick(filled.accountIds) };
    const endpoint = anEndpoint(account, { ...indexed, ...justNow() });
    await store.write((db) => endpoints.insert(db, endpoint));
    filled.endpoints.push(endpoint);
  });
  await row('update an endpoint', ({ store, organizationId, filled }) =>
    store.write(async (db) => {
      const { accountId, id } = pick(filled.endpoints);
      const endpoint = there(await endpoints.find(db, { organizationId, accountId }, id));
      const changed = { ...endpoint, name: 'Renamed', expiresAt: 3_500_000_000_000, updatedAt: Date.now() };
      there(await endpoints.update(db, changed, endpoint.version));
    }),
  );
  await row('delete an endpoint', ({ store, organizationId, filled }) => {
    const { accountId, id } = take(filled.endpoints);
    return store.write(async (db) => there((await endpoints.remove(db, { organizationId, accountId }, id)) || null));
  });

  await row('update an account', ({ store, organizationId, filled }) =>
    store.write(async (db) => {
      const account = there(await accounts.find(db, organizationId, pick(filled.accountIds)));
      if (account.kind !== 'service') {
        throw new Error('what was to be changed is the account of a server');
      }
      const changed = { ...account, status: 'validation_error' as const, updatedAt: Date.now() };
      there(await accounts.update(db, changed, account.version));
    }),
  );
}

const justNow = () => ({ createdAt: Date.now(), updatedAt: Date.now() });

function there<T>(found: T | null): T {
  if (found === null) {
    throw new Error('what was to be changed is not there');
  }
  return found;
}
