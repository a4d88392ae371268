import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openStore } from '../../src/store/open.ts';
import { keyIdOf } from '../../src/store/secrets.ts';
import * as servers from '../../src/store/servers.ts';
import * as settings from '../../src/store/settings.ts';
import { StoreRefused } from '../../src/store/store.ts';
import { KEY, type Location, onBothEngines, onEngine } from './support/harness.ts';
import { anOrganization, aServer } from './support/samples.ts';

/** Migrations of a later version of the program, where a test wants one. */
const later = vi.hoisted(() => ({ migrations: {} as Record<string, { up: (db: Kysely<unknown>) => Promise<void> }> }));

vi.mock('../../src/store/migrations/migrations.ts', async (original) => {
  const actual = await original<typeof import('../../src/store/migrations/migrations.ts')>();
  return {
    migrationsFor: (engine: 'sqlite' | 'postgres') => ({ ...actual.migrationsFor(engine), ...later.migrations }),
  };
});

const NEW_KEY = Buffer.alloc(32, 'n');
const NEXT = {
  '9998_next': { up: (db: Kysely<unknown>) => db.schema.createTable('next').addColumn('id', 'text').execute() },
};
const FAILING = {
  ...NEXT,
  '9999_failing': { up: () => Promise.reject(new Error('The migration fails.')) },
};

afterEach(() => {
  later.migrations = {};
});

onBothEngines(({ open, location, log }) => {
  it('keeps everything across a restart', async () => {
    const place = await location();
    const first = await open({ location: place });
    const server = aServer(await anOrganization(first));
    await first.write((db) => servers.insert(db, server));
    await first.close();
    const second = await open({ location: place });
    expect(await servers.find(second.read, server.organizationId, server.id)).toEqual({ ...server, version: 1 });
    expect(log.filter(({ message }) => message === 'database migrated')).toHaveLength(1);
  });

  it('refuses a database of a newer program, with the reason', async () => {
    const place = await location();
    later.migrations = NEXT;
    await (await open({ location: place })).close();
    later.migrations = {};
    await expect(open({ location: place })).rejects.toThrow(StoreRefused);
    await expect(open({ location: place })).rejects.toThrow(/newer than this program \(it has 9998_next\)/);
    later.migrations = NEXT;
    await open({ location: place });
  });

  it('leaves the database as it was when a migration fails', async () => {
    const place = await location();
    const first = await open({ location: place });
    await first.write((db) => settings.set(db, 'a', '1'));
    await first.close();
    later.migrations = FAILING;
    await expect(open({ location: place })).rejects.toThrow('The migration fails.');
    later.migrations = {};
    const again = await open({ location: place });
    expect(await settings.get(again.read, 'a')).toBe('1');
  });

  it('refuses to start without the sealing key, names it and the variable, and changes nothing', async () => {
    const place = await location();
    await (await open({ location: place })).close();
    later.migrations = NEXT;
    const wrong = open({ location: place, secretKeys: [NEW_KEY] });
    await expect(wrong).rejects.toThrow(StoreRefused);
    await expect(wrong).rejects.toThrow(new RegExp(`GATEHOUSE_SECRET_KEY lacks key ${keyIdOf(KEY)}`));
    later.migrations = {};
    await open({ location: place });
  });

  it('refuses a key that does not open its sealed values', async () => {
    const place = await location();
    const store = await open({ location: place });
    await store.write((db) =>
      db.sql
        .updateTable('secret_keys')
        .set({ canary: `${keyIdOf(KEY)}.AAAA` })
        .execute(),
    );
    await store.close();
    await expect(open({ location: place })).rejects.toThrow(/does not open what it sealed/);
  });

  it('rotates keys: the new key seals, and the old key still opens and stays required', async () => {
    const place = await location();
    const before = await open({ location: place });
    const organizationId = await anOrganization(before);
    const [old, young] = [aServer(organizationId), aServer(organizationId)];
    await before.write((db) => servers.insert(db, old));
    await before.close();

    const after = await open({ location: place, secretKeys: [NEW_KEY, KEY] });
    await after.write((db) => servers.insert(db, young));
    for (const { id, requestHeaders } of [old, young]) {
      expect((await servers.find(after.read, organizationId, id))?.requestHeaders).toEqual(requestHeaders);
    }
    const sealed = await after.read.sql.selectFrom('servers').select(['id', 'request_headers']).execute();
    const keyOf = (id: string) => sealed.find((row) => row.id === id)?.request_headers.slice(0, 8);
    expect([keyOf(old.id), keyOf(young.id)]).toEqual([keyIdOf(KEY), keyIdOf(NEW_KEY)]);
    await after.close();

    await expect(open({ location: place, secretKeys: [KEY] })).rejects.toThrow(keyIdOf(NEW_KEY));
    await expect(open({ location: place, secretKeys: [NEW_KEY] })).rejects.toThrow(keyIdOf(KEY));
  });
});

onEngine('sqlite', ({ open, location }) => {
  const directoryOf = (place: Location): string => (place.kind === 'file' ? place.directory : '');

  it('refuses a damaged database, and names the command for repair', async () => {
    const place = await location();
    await (await open({ location: place })).close();
    const file = join(directoryOf(place), 'gatehouse.db');
    const bytes = await readFile(file);
    await writeFile(file, Buffer.concat([bytes.subarray(0, 100), randomBytes(bytes.length - 100)]));
    const damaged = open({ location: place });
    await expect(damaged).rejects.toThrow(StoreRefused);
    await expect(damaged).rejects.toThrow(`${file} is damaged: `);
    await expect(damaged).rejects.toThrow('gatehouse restore FILE');
  });

  it('makes its files readable for its user only', async () => {
    const place = await location();
    await open({ location: place });
    const directory = directoryOf(place);
    for (const name of await readdir(directory)) {
      expect([name, (await stat(join(directory, name))).mode & 0o077]).toEqual([name, 0]);
    }
  });
  const copies = async (place: Location) =>
    (await readdir(directoryOf(place))).filter((name) => name.includes('before'));

  it('copies the database before each migration except the first', async () => {
    const place = await location();
    const first = await open({ location: place });
    await first.write((db) => settings.set(db, 'a', 'before'));
    await first.close();
    expect(await copies(place)).toEqual([]);

    later.migrations = NEXT;
    const second = await open({ location: place });
    expect(await copies(place)).toEqual(['gatehouse.db.before-9998_next']);
    await second.write((db) => settings.set(db, 'a', 'after'));

    // The copy is a database the earlier program opens.
    later.migrations = {};
    const restored = await location();
    const copy = join(directoryOf(place), 'gatehouse.db.before-9998_next');
    execFileSync('cp', [copy, join(directoryOf(restored), 'gatehouse.db')]);
    expect(await settings.get((await open({ location: restored })).read, 'a')).toBe('before');
  });

  it('repeats the copy after a failed migration', async () => {
    const place = await location();
    await (await open({ location: place })).close();
    later.migrations = FAILING;
    await expect(open({ location: place })).rejects.toThrow('The migration fails.');
    await expect(open({ location: place })).rejects.toThrow('The migration fails.');
    expect(await copies(place)).toEqual(['gatehouse.db.before-9998_next']);
  });

  it('writes no plain secret to any file', async () => {
    const place = await location();
    const store = await open({ location: place });
    const organizationId = await anOrganization(store);
    const marker = 'in-clear-in-a-header';
    const requestHeaders = { 'X-Marker': marker };
    const server = await store.write((db) =>
      servers.insert(db, aServer(organizationId, { requestHeaders, name: 'in-clear-name' })),
    );
    await store.write((db) => servers.update(db, server, 1));
    // By another process: closing one of these files in this one would free SQLite's locks on it.
    const bytes = execFileSync('sh', ['-c', 'cat "$0"/*', directoryOf(place)]);
    expect(bytes.includes('in-clear-name')).toBe(true);
    expect(bytes.includes(marker)).toBe(false);
    expect(bytes.includes('X-Marker')).toBe(false);
  });
});

describe('a data folder', () => {
  it('that cannot be created is refused, with the variable', async () => {
    const base = await mkdtemp(join(tmpdir(), 'gatehouse-store-'));
    await writeFile(join(base, 'file'), '');
    const location = { kind: 'file', directory: join(base, 'file', 'data') } as const;
    const opening = openStore({ location, secretKeys: [KEY], log: () => undefined, now: Date.now });
    await expect(opening).rejects.toThrow(StoreRefused);
    await expect(opening).rejects.toThrow(/GATEHOUSE_DATA/);
    await rm(base, { recursive: true });
  });
});
