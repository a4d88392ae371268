import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, inject } from 'vitest';
import { openStore } from '../../../src/store/open.ts';
import { databaseFile } from '../../../src/store/sqlite/folder.ts';
import type { Engine, Store, StoreOptions } from '../../../src/store/store.ts';
import { migratedFile } from './migrated.ts';
import { createDatabase, type Postgres, startPostgres } from './postgres.ts';

export type Location = StoreOptions['location'];
export type LogLine = { level: string; message: string; details: object | undefined };

/** The key stores are opened with where a test does not say. */
export const KEY = Buffer.alloc(32, 'k');

/** What a suite gets to open stores with; what it opened alone is closed after each test. */
export type Harness = {
  engine: Engine;
  /** A PostgreSQL server of this suite's own, to take down. */
  postgres(): Promise<Postgres>;
  /** Somewhere new and empty for a store. */
  location(): Promise<Location>;
  /** Opens a store, at a new location that is migrated already where none is given. */
  open(changes?: Partial<StoreOptions>): Promise<Store>;
  /** The store that the tests of a suite share. */
  shared(): Promise<Store>;
  /** What the stores of this test have logged. */
  log: LogLine[];
};

/** Runs a suite against one engine, real and new. */
export function onEngine(engine: Engine, suite: (harness: Harness) => void): void {
  describe(`on ${engine}`, () => {
    let postgres: Promise<Postgres> | undefined;
    const directories: string[] = [];
    const stores: Store[] = [];
    let shared: Promise<Store> | undefined;
    const ownPostgres = (): Promise<Postgres> => {
      postgres ??= startPostgres();
      return postgres;
    };
    const newDatabase = async (template?: string): Promise<string> => {
      const given = postgres ? undefined : inject('postgresUrl');
      return given ? createDatabase(given, template) : (await ownPostgres()).createDatabase();
    };
    const newFolder = async (): Promise<string> => {
      const directory = await mkdtemp(join(tmpdir(), 'gatehouse-store-'));
      directories.push(directory);
      return directory;
    };
    const newLocation = async (): Promise<Location> =>
      engine === 'postgres'
        ? { kind: 'postgres', url: await newDatabase() }
        : { kind: 'file', directory: await newFolder() };
    const migratedLocation = async (): Promise<Location> => {
      if (engine === 'postgres') {
        return { kind: 'postgres', url: await newDatabase(inject('postgresTemplate')) };
      }
      const directory = await newFolder();
      await writeFile(databaseFile(directory), await migratedFile(), { mode: 0o600 });
      return { kind: 'file', directory };
    };
    const openAt = async (location: Location, changes: Partial<StoreOptions>): Promise<Store> =>
      openStore({ secretKeys: [KEY], log: record(harness.log), now: Date.now, ...changes, location });
    const harness: Harness = {
      engine,
      log: [],
      location: newLocation,
      postgres: ownPostgres,
      async open(changes = {}) {
        const store = await openAt(changes.location ?? (await migratedLocation()), changes);
        stores.push(store);
        return store;
      },
      shared() {
        shared ??= migratedLocation().then((location) => openAt(location, {}));
        return shared;
      },
    };

    afterEach(async () => {
      await Promise.all(stores.splice(0).map((store) => store.close()));
      harness.log.length = 0;
    });
    afterAll(async () => {
      await (await shared)?.close();
      await (await postgres)?.stop();
      await Promise.all(directories.map((directory) => rm(directory, { recursive: true, force: true })));
    });
    suite(harness);
  });
}

/** Runs a suite against SQLite files and PostgreSQL. */
export function onBothEngines(suite: (harness: Harness) => void): void {
  onEngine('sqlite', suite);
  onEngine('postgres', suite);
}

function record(log: LogLine[]): StoreOptions['log'] {
  return (level, message, details) => {
    log.push({ level, message, details });
  };
}
