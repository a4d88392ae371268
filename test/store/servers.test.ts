import { expect, it } from 'vitest';
import * as organizations from '../../src/store/organizations.ts';
import * as servers from '../../src/store/servers.ts';
import type { Store } from '../../src/store/store.ts';
import { onBothEngines } from './support/harness.ts';
import { anOrganization, aServer } from './support/samples.ts';

const ASCENDING = { offset: 0, limit: 100, sort: 'created_at', order: 'asc' } as const;

async function insertAll(store: Store, all: servers.NewServer[]): Promise<void> {
  await store.write(async (db) => {
    for (const server of all) {
      await servers.insert(db, server);
    }
  });
}

onBothEngines(({ shared }) => {
  it('stores a server and finds it within its organization, headers in their order', async () => {
    const store = await shared();
    const own = await anOrganization(store);
    const other = await anOrganization(store);
    const requestHeaders = { 'X-Zebra': '1', Authorization: 'Bearer ünïcode', 'X-Alpha': '' };
    const given = aServer(own, {
      description: null,
      tags: [],
      timeoutSeconds: null,
      requestHeaders,
      createdAt: 1_700_000_000_000,
    });
    const stored = await store.write((db) => servers.insert(db, given));
    expect(stored).toEqual({ ...given, version: 1 });
    const found = await servers.find(store.read, own, given.id);
    expect(found).toEqual(stored);
    expect(Object.keys(found?.requestHeaders ?? {})).toEqual(['X-Zebra', 'Authorization', 'X-Alpha']);
    expect(await servers.find(store.read, other, given.id)).toBeNull();
    expect(await servers.find(store.read, own, 'no such id')).toBeNull();
  });

  it('counts servers on their organization', async () => {
    const store = await shared();
    const own = await anOrganization(store);
    const other = await anOrganization(store);
    const first = aServer(own);
    await insertAll(store, [first, aServer(own), aServer(other)]);
    expect(await servers.count(store.read, own)).toBe(2);
    expect((await organizations.find(store.read, own))?.serverCount).toBe(2);
    expect(await store.write((db) => servers.remove(db, other, first.id))).toBe(false);
    expect(await store.write((db) => servers.remove(db, own, first.id))).toBe(true);
    expect(await store.write((db) => servers.remove(db, own, first.id))).toBe(false);
    expect(await servers.count(store.read, own)).toBe(1);
    expect(await servers.count(store.read, other)).toBe(1);
    expect(await servers.count(store.read, 'org_nobody')).toBe(0);
    expect(await servers.find(store.read, own, first.id)).toBeNull();
  });

  it('updates everything except owner and creation for the expected version', async () => {
    const store = await shared();
    const own = await anOrganization(store);
    const other = await anOrganization(store);
    const stored = await store.write((db) => servers.insert(db, aServer(own)));
    const changed: servers.Server = {
      ...stored,
      name: 'Changed',
      description: null,
      url: 'wss://changed.example.com',
      transport: 'WebSocket',
      requestHeaders: { 'X-New': 'v' },
      approvalPolicy: 'auto_approve_all',
      tags: ['t'],
      timeoutSeconds: null,
      updatedAt: 2000,
    };
    const update = (server: servers.Server, version: number) =>
      store.write((db) => servers.update(db, server, version));
    expect(await update({ ...changed, createdAt: 99 }, 1)).toMatchObject({ name: 'Changed', version: 2 });
    expect(await servers.find(store.read, own, stored.id)).toEqual({ ...changed, version: 2 });
    expect(await servers.page(store.read, own, { ...ASCENDING, search: 'CHANGED.example' })).toHaveLength(1);
    expect(await servers.page(store.read, own, { ...ASCENDING, search: 'weather' })).toHaveLength(0);

    expect(await update({ ...changed, name: 'Late' }, 1)).toBeNull();
    expect(await update({ ...changed, organizationId: other, name: 'Stolen' }, 2)).toBeNull();
    expect((await servers.find(store.read, own, stored.id))?.name).toBe('Changed');
    await store.write((db) => servers.remove(db, own, stored.id));
    expect(await update(changed, 2)).toBeNull();
  });

  it('accepts one of two updates of a version', async () => {
    const store = await shared();
    const own = await anOrganization(store);
    const stored = await store.write((db) => servers.insert(db, aServer(own)));
    const results = await Promise.all(
      ['A', 'B', 'C'].map((name) => store.write((db) => servers.update(db, { ...stored, name }, 1))),
    );
    const winners = results.filter((result) => result !== null);
    expect(winners).toHaveLength(1);
    expect((await servers.find(store.read, own, stored.id))?.name).toBe(winners[0]?.name);
  });

  it('pages by every sort and order, ties by id in the same direction', async () => {
    const store = await shared();
    const own = await anOrganization(store);
    const other = await anOrganization(store);
    await insertAll(store, [
      aServer(own, { id: 'a', name: 'b', createdAt: 2, updatedAt: 9 }),
      aServer(own, { id: 'b', name: 'B', createdAt: 2, updatedAt: 8 }),
      aServer(own, { id: 'c', name: 'a', createdAt: 1, updatedAt: 8 }),
      aServer(own, { id: 'd', name: 'é', createdAt: 3, updatedAt: 7 }),
      aServer(other, { id: 'e' }),
    ]);
    const ids = async (changes: Partial<servers.ServerPage>): Promise<string> =>
      (await servers.page(store.read, own, { ...ASCENDING, ...changes })).map(({ id }) => id).join('');
    for (const [sort, expected] of [
      ['created_at', 'cabd'],
      ['updated_at', 'dbca'],
      ['name', 'bcad'],
    ] as const) {
      const reversed = [...expected].toReversed().join('');
      expect(await ids({ sort })).toBe(expected);
      expect(await ids({ sort, order: 'desc' })).toBe(reversed);
      for (const search of [undefined, 'EXAMPLE']) {
        const filter = search === undefined ? {} : { search };
        for (let offset = 0; offset <= 5; offset += 1) {
          expect(await ids({ sort, offset, limit: 3, ...filter })).toBe(expected.slice(offset, offset + 3));
          expect(await ids({ sort, order: 'desc', offset, limit: 3, ...filter })).toBe(
            reversed.slice(offset, offset + 3),
          );
        }
      }
    }
    expect(await servers.page(store.read, 'org_nobody', ASCENDING)).toEqual([]);
  });

  it('pages deep without loss or repetition', async () => {
    const store = await shared();
    const own = await anOrganization(store);
    const all = Array.from({ length: 240 }, (_, index) => aServer(own, { createdAt: index % 7 }));
    await insertAll(store, all);
    const pages: string[] = [];
    for (let offset = 0; offset < 250; offset += 9) {
      const rows = await servers.page(store.read, own, { ...ASCENDING, offset, limit: 9 });
      pages.push(...rows.map(({ id }) => id));
    }
    const expected = all.toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)).map(({ id }) => id);
    expect(pages).toEqual(expected);
  });

  it('searches name, description and url for a text in any case', async () => {
    const store = await shared();
    const own = await anOrganization(store);
    const other = await anOrganization(store);
    await insertAll(store, [
      aServer(own, { id: '1', name: 'ÜBER Server', description: null, url: 'https://one.example.com/' }),
      aServer(own, { id: '2', name: 'Plain', description: '100% sure', url: 'https://two.example.com/' }),
      aServer(own, { id: '3', name: 'Plain', description: 'a_b\\c', url: 'https://THREE.example.com/' }),
      aServer(own, { id: '4', name: 'Plain', description: 'axb', url: 'https://four.example.com/' }),
      aServer(other, { id: '5', name: 'über' }),
    ]);
    const expectations: [search: string, ids: string][] = [
      ['über s', '1'],
      ['ÜBER', '1'],
      ['plain', '234'],
      ['0% S', '2'],
      ['%', '2'],
      ['_', '3'],
      ['A_B\\', '3'],
      ['\\', '3'],
      ['three.EXAMPLE', '3'],
      ['example.com/', '1234'],
      ['nowhere', ''],
      ["'", ''],
    ];
    for (const [search, expected] of expectations) {
      for (const db of [store.read, store.slowRead]) {
        const found = await servers.page(db, own, { ...ASCENDING, search });
        expect([search, found.map(({ id }) => id).join('')]).toEqual([search, expected]);
        expect(await servers.countMatching(db, own, search)).toBe(expected.length);
      }
    }
  });
});
