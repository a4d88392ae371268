import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { type Engine, openStore, type Store, type StoreOptions } from '../../../src/store/store.ts';
import { type Postgres, startPostgres } from './postgres.ts';

export type Location = StoreOptions['location'];
export type LogLine = { level: string; message: string; details: object | undefined };

/** The key stores are opened with where a test does not say. */
export const KEY = Buffer.alloc(32, 'k');

/** What a suite gets to open stores with; what it opened alone is closed after each test. */
export type Harness = {
  engine: Engine;
  postgres(): Postgres;
  /** Somewhere new and empty for a store. */
  location(): Promise<Location>;
  /** Opens a store, at a new location where none is given. */
  open(changes?: Partial<StoreOptions>): Promise<Store>;
  /** The store that the tests of a suite share. */
  shared(): Promise<Store>;
  /** What the stores of this test have logged. */
  log: LogLine[];
};

/** Runs a suite against one engine, real and new. */
export function onEngine(engine: Engine, suite: (harness: Harness) => void): void {
  describe(`on ${engine}`, () => {
    let postgres: Postgres | undefined;
    const directories: string[] = [];
    const stores: Store[] = [];
    let shared: Promise<Store> | undefined;
    const newLocation = async (): Promise<Location> => {
      if (engine === 'postgres') {
        return { kind: 'postgres', url: await harness.postgres().createDatabase() };
      }
      const directory = await mkdtemp(join(tmpdir(), 'gatehouse-store-'));
      directories.push(directory);
      return { kind: 'file', directory };
    };
    const openAt = async (location: Location, changes: Partial<StoreOptions>): Promise<Store> =>
      openStore({ secretKeys: [KEY], log: record(harness.log), now: Date.now, ...changes, location });
    const harness: Harness = {
      engine,
      log: [],
      location: newLocation,
      postgres() {
        if (!postgres) {
          throw new Error('PostgreSQL is not running.');
        }
        return postgres;
      },
      async open(changes = {}) {
        const store = await openAt(changes.location ?? (await newLocation()), changes);
        stores.push(store);
        return store;
      },
      shared() {
        shared ??= newLocation().then((location) => openAt(location, {}));
        return shared;
      },
    };

    beforeAll(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
    });
    afterEach(async () => {
      await Promise.all(stores.splice(0).map((store) => store.close()));
      harness.log.length = 0;
    });
    afterAll(async () => {
      await (await shared)?.close();
      await postgres?.stop();
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
