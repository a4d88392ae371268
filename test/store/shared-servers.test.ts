import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import * as catalogues from '../../src/store/catalogues.ts';
import * as sharedServers from '../../src/store/shared-servers.ts';
import type { Db, Store } from '../../src/store/store.ts';
import { anyRoom } from '../support/any-room.ts';
import { onBothEngines, onEngine } from './support/harness.ts';
import { aConfig, aSharedServer, saveCatalogue, storedSharedServer } from './support/samples.ts';

const MARKER = 'in-clear-in-a-config';
const SECRETS = aConfig({ name: 'secretive', headers: { [MARKER]: MARKER }, env: { [MARKER]: MARKER } });

async function insertNamed(store: Store, base: string, count: number): Promise<(string | undefined)[]> {
  const all = await Promise.all(
    Array.from({ length: count }, () => store.write((db) => sharedServers.insert(db, aSharedServer(), base))),
  );
  return all.map((server) => server?.slug);
}

const slugs = (base: string, last: number) =>
  Array.from({ length: last }, (_, index) => (index === 0 ? base : `${base}-${index + 1}`));

onBothEngines(({ open, shared }) => {
  it('stores a server and finds it, with its config in the same order', async () => {
    const store = await shared();
    const mcpServer = aConfig({ name: 'ünïcode', env: { B: '1', A: 'ü' } });
    const given = aSharedServer({
      mcpServer,
      name: 'Zeit ⏰',
      createdAt: 1_700_000_000_000,
      updatedAt: 1_700_000_000_001,
    });
    const stored = await store.write((db) => sharedServers.insert(db, given, 'zeit'));
    expect(stored).toEqual({ ...given, slug: 'zeit', version: 1 });
    const found = await sharedServers.find(store.read, given.id);
    expect(JSON.stringify(found?.mcpServer)).toBe(JSON.stringify(mcpServer));
    expect(found).toEqual(stored);
    expect(await sharedServers.find(store.read, 'no such id')).toBeNull();
  });

  it('lists them oldest first, ties by id', async () => {
    const store = await open();
    const all = [3, 1, 2, 1, 2].map((createdAt) => aSharedServer({ createdAt, enabled: createdAt === 2 }));
    for (const server of all) {
      await store.write((db) => sharedServers.insert(db, server, 'time'));
    }
    const listed = await sharedServers.list(store.read);
    const expected = all.toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
    expect(listed.map(({ slug, version, ...server }) => server)).toEqual(expected);
  });

  it('takes the first free slug, up to -99', async () => {
    const store = await shared();
    const insert = (base: string) => store.write((db) => sharedServers.insert(db, aSharedServer(), base));
    const first = await insert('dup');
    expect([first?.slug, (await insert('dup'))?.slug, (await insert('dup'))?.slug]).toEqual(['dup', 'dup-2', 'dup-3']);
    expect([(await insert('dup-2'))?.slug, (await insert('du'))?.slug]).toEqual(['dup-2-2', 'du']);
    await store.write((db) => sharedServers.remove(db, first?.id ?? ''));
    expect((await insert('dup'))?.slug).toBe('dup');

    expect(await insertNamed(store, 'many', 98)).toEqual(expect.arrayContaining(slugs('many', 98)));
    expect((await insert('many'))?.slug).toBe('many-99');
    const before = (await sharedServers.list(store.read)).length;
    expect(await insert('many')).toBeNull();
    expect(await sharedServers.list(store.read)).toHaveLength(before);
  });

  it('gives twenty simultaneous servers twenty slugs', async () => {
    const store = await shared();
    for (const base of ['one', 'two', 'three']) {
      const taken = await insertNamed(store, base, 20);
      expect(taken.toSorted()).toEqual(slugs(base, 20).toSorted());
    }
  });

  it('finds the enabled server of a name, and the database refuses a second one', async () => {
    const store = await shared();
    const mcpServer = aConfig({ name: 'Search' });
    const off = await storedSharedServer(store, [], { enabled: false, mcpServer });
    expect(await sharedServers.enabledNamed(store.read, 'Search')).toBeNull();
    const on = await storedSharedServer(store, [], { mcpServer });
    await storedSharedServer(store, [], { enabled: false, mcpServer });
    expect(await sharedServers.enabledNamed(store.read, 'Search')).toBe(on.id);
    expect(await sharedServers.enabledNamed(store.read, 'search')).toBeNull();

    const update = (server: sharedServers.SharedServer) =>
      store.write((db) => sharedServers.update(db, server, server.version));
    await expect(storedSharedServer(store, [], { mcpServer })).rejects.toThrow(/unique/i);
    await expect(update({ ...off, enabled: true })).rejects.toThrow(/unique/i);
    expect(await update({ ...on, enabled: false })).toMatchObject({ version: 2 });
    expect(await sharedServers.enabledNamed(store.read, 'Search')).toBeNull();
    expect(await update({ ...off, enabled: true })).toMatchObject({ version: 2 });
    expect(await sharedServers.enabledNamed(store.read, 'Search')).toBe(off.id);
  });

  it('enables one of twenty simultaneous servers of a name, and none fails', async () => {
    const store = await shared();
    const insertUnlessNamed = async (db: Db, server: sharedServers.NewSharedServer) =>
      (await sharedServers.enabledNamed(db, server.mcpServer.name)) ??
      (await sharedServers.insert(db, server, 'race'))?.id;
    for (const name of ['Race 1', 'Race 2', 'Race 3']) {
      const all = Array.from({ length: 20 }, () => aSharedServer({ mcpServer: aConfig({ name }) }));
      const enabled = await Promise.all(all.map((server) => store.write((db) => insertUnlessNamed(db, server))));
      expect(new Set(enabled)).toEqual(new Set([await sharedServers.enabledNamed(store.read, name)]));
    }
  });

  it('updates everything except slug and creation for the expected version', async () => {
    const store = await shared();
    const stored = await storedSharedServer(store);
    const changed: sharedServers.SharedServer = {
      ...stored,
      name: 'Changed',
      enabled: false,
      mcpServer: aConfig({
        name: 'changed',
        transport: 'sse',
        url: 'https://time.example.com',
        command: null,
        args: [],
      }),
      updatedAt: 2000,
    };
    const update = (server: sharedServers.SharedServer, version: number) =>
      store.write((db) => sharedServers.update(db, server, version));
    expect(await update({ ...changed, slug: 'stolen', createdAt: 99 }, 1)).toMatchObject({
      name: 'Changed',
      version: 2,
    });
    expect(await sharedServers.find(store.read, stored.id)).toEqual({ ...changed, version: 2 });

    expect(await update({ ...changed, name: 'Late' }, 1)).toBeNull();
    const names = await Promise.all(['A', 'B', 'C'].map(async (name) => (await update({ ...changed, name }, 2))?.name));
    const [winner, ...others] = names.filter((name) => name !== undefined);
    expect(others).toEqual([]);
    expect((await sharedServers.find(store.read, stored.id))?.name).toBe(winner);
    await store.write((db) => sharedServers.remove(db, stored.id));
    expect(await update(changed, 3)).toBeNull();
  });

  it('deletes a server with its catalogue, and leaves the others', async () => {
    const store = await shared();
    const [gone, stays] = [await storedSharedServer(store), await storedSharedServer(store)];
    for (const { id } of [gone, stays]) {
      await store.write((db) => saveCatalogue(db, id, { tools: [], seenAt: 1 }));
    }
    const remove = () => store.write((db) => sharedServers.remove(db, gone.id));
    expect([await remove(), await remove()]).toEqual([true, false]);
    expect(await sharedServers.find(store.read, gone.id)).toBeNull();
    expect((await catalogues.find(store.read, gone.id, anyRoom)).seenAt).toBeNull();
    expect(await sharedServers.find(store.read, stays.id)).toEqual(stays);
    expect((await catalogues.find(store.read, stays.id, anyRoom)).seenAt).toBe(1);
  });

  it('seals the config for its own server only', async () => {
    const store = await open();
    const one = await storedSharedServer(store, [], { mcpServer: SECRETS });
    const two = await storedSharedServer(store);
    const rows = await store.read.sql.selectFrom('shared_servers').selectAll().where('id', '=', one.id).execute();
    expect(JSON.stringify(rows)).not.toContain(MARKER);
    const config = rows[0]?.config ?? '';
    await store.write((db) => db.sql.updateTable('shared_servers').set({ config }).where('id', '=', two.id).execute());
    await expect(sharedServers.find(store.read, two.id)).rejects.toThrow(/damaged or moved/);
  });
});

onEngine('sqlite', ({ open, location }) => {
  it('writes no plain secrets to any file', async () => {
    const place = await location();
    const store = await open({ location: place });
    const stored = await storedSharedServer(store, [], { mcpServer: SECRETS });
    await store.write((db) => sharedServers.update(db, stored, 1));
    // By another process: closing one of these files in this one would free SQLite's locks on it.
    const directory = place.kind === 'file' ? place.directory : '';
    const bytes = execFileSync('sh', ['-c', 'cat "$0"/*', directory]);
    expect(bytes.includes(SECRETS.name)).toBe(true);
    expect(bytes.includes(MARKER)).toBe(false);
  });
});
