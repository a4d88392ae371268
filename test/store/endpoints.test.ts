import { beforeEach, expect, it } from 'vitest';
import * as endpoints from '../../src/store/endpoints.ts';
import { PURGE_SLICE_ROWS } from '../../src/store/purge.ts';
import * as servers from '../../src/store/servers.ts';
import type { Store } from '../../src/store/store.ts';
import { onBothEngines } from './support/harness.ts';
import { newestFirst, readThrough } from './support/keyset.ts';
import {
  accountOf,
  anEndpoint,
  anOrganization,
  aServer,
  storedAccount,
  storedIntegration,
  storedSharedServer,
} from './support/samples.ts';

async function insertAll(store: Store, all: endpoints.NewEndpoint[]): Promise<void> {
  await store.write(async (db) => {
    for (const endpoint of all) {
      await endpoints.insert(db, endpoint);
    }
  });
}

onBothEngines(({ shared }) => {
  let store: Store;
  let own: endpoints.AccountKey;
  let other: endpoints.AccountKey;
  let organizationId: string;
  let integrationId: string;

  const nowhere = { organizationId: 'no such id', accountId: 'no such id' };

  beforeEach(async () => {
    store = await shared();
    organizationId = await anOrganization(store);
    const integration = await storedIntegration(store, organizationId);
    integrationId = integration.id;
    own = { organizationId, accountId: await storedAccount(store, integration) };
    other = { organizationId, accountId: await storedAccount(store, integration) };
  });

  it('stores an endpoint and finds it within its account, without its token', async () => {
    const { tokenHash, ...given } = anEndpoint(own, { expiresAt: 1_900_000_000_000, createdAt: 1_700_000_000_000 });
    const stored = await store.write((db) => endpoints.insert(db, { ...given, tokenHash }));
    expect(stored).toEqual({ ...given, version: 1 });
    const found = await endpoints.find(store.read, own, given.id);
    expect(found).toEqual(stored);
    expect(Object.keys(found?.config ?? {})).toEqual(['tags', 'methods']);
    for (const place of [other, { ...own, organizationId: await anOrganization(store) }]) {
      expect(await endpoints.find(store.read, place, given.id)).toBeNull();
      expect(await endpoints.page(store.read, place, { limit: 9 })).toEqual([]);
    }
    expect(await endpoints.find(store.read, own, 'no such id')).toBeNull();
    const open = anEndpoint(own, { config: {}, expiresAt: null });
    await insertAll(store, [open]);
    expect(await endpoints.find(store.read, own, open.id)).toMatchObject({ config: {}, expiresAt: null });
  });

  it('refuses a taken token, and an unknown account', async () => {
    const given = anEndpoint(own);
    await insertAll(store, [given]);
    await expect(insertAll(store, [anEndpoint(other, { tokenHash: given.tokenHash })])).rejects.toThrow(/unique/i);
    await expect(insertAll(store, [anEndpoint(nowhere)])).rejects.toThrow(/foreign key/i);
    const elsewhere = { ...own, organizationId: await anOrganization(store) };
    await expect(insertAll(store, [anEndpoint(elsewhere)])).rejects.toThrow(/foreign key/i);
  });

  it('finds an endpoint by its token, with its account and source', async () => {
    const server = await store.write(async (db) => servers.insert(db, aServer(organizationId)));
    const shared = await storedSharedServer(store, [organizationId]);
    const [ofService, ofServer] = [anEndpoint(own), anEndpoint(accountOf(server), { expiresAt: 1 })];
    const ofShared = anEndpoint({ organizationId, accountId: shared.id });
    await insertAll(store, [ofService, ofServer, ofShared]);
    for (const [{ tokenHash, ...endpoint }, account] of [
      [ofService, { kind: 'service', integrationId }],
      [ofServer, { kind: 'server', serverId: server.id, isShared: false }],
      [ofShared, { kind: 'server', serverId: shared.id, isShared: true }],
    ] as const) {
      const expected = { endpoint: { ...endpoint, version: 1 }, account };
      expect(await endpoints.findByTokenHash(store.read, tokenHash)).toEqual(expected);
    }
    expect(await endpoints.findByTokenHash(store.read, 'no such hash')).toBeNull();
  });

  it('updates the changeable fields for the expected version', async () => {
    const stored = await store.write((db) => endpoints.insert(db, anEndpoint(own)));
    const changed: endpoints.Endpoint = {
      ...stored,
      name: 'Changed',
      config: { require_api_token_auth: true },
      expiresAt: 5000,
      updatedAt: 2000,
    };
    const update = (endpoint: endpoints.Endpoint, version: number) =>
      store.write((db) => endpoints.update(db, endpoint, version));
    const fixed = { createdAt: 99, createdBy: 'thief' };
    expect(await update({ ...changed, ...fixed }, 1)).toMatchObject({ name: 'Changed', version: 2 });
    expect(await endpoints.find(store.read, own, stored.id)).toEqual({ ...changed, version: 2 });

    expect(await update({ ...changed, name: 'Late' }, 1)).toBeNull();
    expect(await update({ ...changed, ...other, name: 'Stolen' }, 2)).toBeNull();
    expect(await update({ ...changed, organizationId: 'org_thief', name: 'Stolen' }, 2)).toBeNull();
    expect((await endpoints.find(store.read, own, stored.id))?.name).toBe('Changed');
    expect(await update({ ...changed, expiresAt: null }, 2)).toMatchObject({ expiresAt: null, version: 3 });
    await store.write((db) => endpoints.remove(db, own, stored.id));
    expect(await update(changed, 3)).toBeNull();
  });

  it('keeps the token through an update', async () => {
    const given = anEndpoint(own);
    const stored = await store.write((db) => endpoints.insert(db, given));
    await store.write((db) => endpoints.update(db, { ...stored, name: 'Changed' }, 1));
    const row = store.read.sql.selectFrom('endpoints').select('token_hash').where('id', '=', stored.id);
    expect(await row.execute()).toEqual([{ token_hash: given.tokenHash }]);
  });

  it('accepts one of two updates of a version', async () => {
    const stored = await store.write((db) => endpoints.insert(db, anEndpoint(own)));
    const results = await Promise.all(
      ['A', 'B', 'C'].map((name) => store.write((db) => endpoints.update(db, { ...stored, name }, 1))),
    );
    const [winner, ...others] = results.filter((result) => result !== null);
    expect(others).toEqual([]);
    expect((await endpoints.find(store.read, own, stored.id))?.name).toBe(winner?.name);
  });

  it('deletes an endpoint of its own account only', async () => {
    const given = anEndpoint(own);
    await insertAll(store, [given]);
    const remove = (account: endpoints.AccountKey) => store.write((db) => endpoints.remove(db, account, given.id));
    expect(await remove(other)).toBe(false);
    expect(await remove({ ...own, organizationId: 'org_thief' })).toBe(false);
    expect(await remove(own)).toBe(true);
    expect(await remove(own)).toBe(false);
    expect(await endpoints.find(store.read, own, given.id)).toBeNull();
  });

  it('pages newest first, ties by id, without loss or repetition', async () => {
    const all = Array.from({ length: 130 }, (_, index) => anEndpoint(own, { createdAt: index % 7 }));
    await insertAll(store, [...all, anEndpoint(other)]);
    const page = (part: Parameters<typeof endpoints.page>[2]) => endpoints.page(store.read, own, part);
    expect(await readThrough(page, 9)).toEqual(newestFirst(all));
    expect(await readThrough(page, 130)).toEqual(newestFirst(all));
    expect(await endpoints.page(store.read, nowhere, { limit: 10 })).toEqual([]);
  });

  it('pages without loss or repetition while other rows come and go', async () => {
    const all = Array.from({ length: 60 }, (_, index) => anEndpoint(own, { createdAt: Math.floor(index / 8) }));
    await insertAll(store, all);
    const expected = newestFirst(all);
    const deleted = new Set<string>();
    const seen = await readThrough(
      (part) => endpoints.page(store.read, own, part),
      5,
      async (rows) => {
        // The row that the next page starts from, the one after it, and a newer one that has no place in what follows.
        const place = expected.indexOf(rows.at(-1)?.id ?? '');
        const gone = expected.slice(place, place + 2);
        await store.write(async (db) => {
          for (const id of gone) {
            await endpoints.remove(db, own, id);
          }
          await endpoints.insert(db, anEndpoint(own, { createdAt: 100 }));
        });
        // The second one had not been read.
        for (const id of gone.slice(1)) {
          deleted.add(id);
        }
      },
    );
    expect(seen).toEqual(expected.filter((id) => !deleted.has(id)));
    expect(deleted.size).toBeGreaterThan(5);
  });

  it('deletes expired endpoints, the earliest first, one slice at a time', async () => {
    await store.write((db) => db.sql.deleteFrom('endpoints').execute());
    const expired = Array.from({ length: PURGE_SLICE_ROWS + 5 }, (_, expiresAt) => anEndpoint(own, { expiresAt }));
    const kept = [anEndpoint(own, { expiresAt: 5000 }), anEndpoint(other, { expiresAt: 5001 }), anEndpoint(own)];
    await insertAll(store, [...expired, ...kept]);
    const purge = () => store.write((db) => endpoints.purge(db, 5000));
    const left = async () => {
      const rows = await store.read.sql.selectFrom('endpoints').select('id').execute();
      return rows.map(({ id }) => id).toSorted();
    };
    const ids = (all: endpoints.NewEndpoint[]) => all.map(({ id }) => id).toSorted();
    expect(await purge()).toBe(PURGE_SLICE_ROWS);
    expect(await left()).toEqual(ids([...expired.slice(-5), ...kept]));
    expect(await purge()).toBe(5);
    expect(await purge()).toBe(0);
    expect(await left()).toEqual(ids(kept));
  });
});
