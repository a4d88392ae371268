import { expect, it } from 'vitest';
import * as accounts from '../../src/store/accounts.ts';
import { reseal, retireKeys } from '../../src/store/rekey.ts';
import { keyIdOf } from '../../src/store/secrets.ts';
import * as servers from '../../src/store/servers.ts';
import type { Store } from '../../src/store/store.ts';
import { KEY as OLD, onBothEngines } from './support/harness.ts';
import { anAccount, anOrganization, aServer, storedIntegration } from './support/samples.ts';

const NEW = Buffer.alloc(32, 'n');
const [OLD_ID, NEW_ID] = [keyIdOf(OLD), keyIdOf(NEW)];
/** More than two slices. */
const SERVERS = 600;

const going = new AbortController().signal;
const silently = () => undefined;

/** Stores servers and accounts with secrets of their own; resolves with a check that a store reads them all. */
async function fill(store: Store): Promise<(store: Store) => Promise<void>> {
  const organizationId = await anOrganization(store);
  const integration = await storedIntegration(store, organizationId);
  const someServers = Array.from({ length: SERVERS }, (_, index) =>
    aServer(organizationId, { requestHeaders: { Authorization: `Bearer ${index}` } }),
  );
  const someAccounts = Array.from({ length: 3 }, (_, index) => anAccount(integration, { context: { api_key: index } }));
  await store.write(async (db) => {
    for (const server of someServers) {
      await servers.insert(db, server);
    }
    for (const account of someAccounts) {
      await accounts.insert(db, account);
    }
  });
  return async ({ read }) => {
    for (const server of someServers) {
      expect(await servers.find(read, organizationId, server.id)).toEqual({ ...server, version: 1 });
    }
    for (const account of someAccounts) {
      expect(await accounts.find(read, organizationId, account.id)).toMatchObject({ ...account, version: 1 });
    }
  };
}

onBothEngines(({ open, location }) => {
  it('leaves every value readable with the new key alone, also after an interruption', async () => {
    const place = await location();
    const before = await open({ location: place });
    const allThere = await fill(before);
    await before.close();

    const interrupted = await open({ location: place, secretKeys: [NEW, OLD] });
    const interruption = new AbortController();
    const seen: number[][] = [];
    const first = await reseal(
      interrupted,
      (...progress) => {
        seen.push(progress);
        interruption.abort();
      },
      interruption.signal,
    );
    expect(first).toEqual({ count: 256, unopened: [], isComplete: false });
    expect(seen).toEqual([[256, SERVERS + 3]]);
    expect(await retireKeys(interrupted)).toEqual(
      new Map([
        [OLD_ID, SERVERS + 3 - 256],
        [NEW_ID, 256],
      ]),
    );
    await allThere(interrupted);
    await interrupted.close();
    await expect(open({ location: place, secretKeys: [NEW] })).rejects.toThrow(`lacks key ${OLD_ID}`);

    const again = await open({ location: place, secretKeys: [NEW, OLD] });
    const rest = SERVERS + 3 - 256;
    seen.length = 0;
    const second = await reseal(again, (...progress) => seen.push(progress), going);
    expect(second).toEqual({ count: rest, unopened: [], isComplete: true });
    expect(seen.at(-1)).toEqual([rest, rest]);
    const third = await reseal(again, (...progress) => seen.push(progress), going);
    expect(third).toEqual({ count: 0, unopened: [], isComplete: true });
    expect(seen.at(-1)).toEqual([rest, rest]);
    expect(await retireKeys(again)).toEqual(
      new Map([
        [OLD_ID, 0],
        [NEW_ID, SERVERS + 3],
      ]),
    );
    expect(await retireKeys(again)).toEqual(new Map([[NEW_ID, SERVERS + 3]]));
    await again.close();

    await allThere(await open({ location: place, secretKeys: [NEW] }));
  });

  it('keeps a value that no key opens, names it, and keeps its key known', async () => {
    const place = await location();
    const before = await open({ location: place });
    const organizationId = await anOrganization(before);
    const [damaged, whole] = [aServer(organizationId), aServer(organizationId)];
    const cut = `${OLD_ID}.AAAA`;
    await before.write(async (db) => {
      await servers.insert(db, damaged);
      await servers.insert(db, whole);
      await db.sql.updateTable('servers').set({ request_headers: cut }).where('id', '=', damaged.id).execute();
    });
    await before.close();

    const store = await open({ location: place, secretKeys: [NEW, OLD] });
    const unopened = [`servers.request_headers:${damaged.id}`];
    expect(await reseal(store, silently, going)).toEqual({ count: 1, unopened, isComplete: true });
    const rows = await store.read.sql.selectFrom('servers').select(['id', 'request_headers']).execute();
    expect(rows.find(({ id }) => id === damaged.id)?.request_headers).toBe(cut);
    expect(await retireKeys(store)).toEqual(
      new Map([
        [OLD_ID, 1],
        [NEW_ID, 1],
      ]),
    );
    await store.close();
    await expect(open({ location: place, secretKeys: [NEW] })).rejects.toThrow(`lacks key ${OLD_ID}`);
  });

  it('keeps the first key of a database without sealed values', async () => {
    const store = await open();
    expect(await reseal(store, silently, going)).toEqual({ count: 0, unopened: [], isComplete: true });
    expect(await retireKeys(store)).toEqual(new Map([[OLD_ID, 0]]));
    expect(await retireKeys(store)).toEqual(new Map([[OLD_ID, 0]]));
  });
});
