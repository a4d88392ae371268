import { openPostgres } from '../../../src/store/postgres/open.ts';
import type { Store } from '../../../src/store/store.ts';
import { KEY, type Location } from './harness.ts';

/** The address of a database on PostgreSQL. */
export const urlOf = (location: Location): string => (location.kind === 'postgres' ? location.url : '');

/** Opens one of several stores on one database of PostgreSQL, each as a process of its own would have it. */
export const openReplica = (location: Location, waitMs = 0): Promise<Store> =>
  openPostgres(
    urlOf(location),
    { location, secretKeys: [KEY], log: () => undefined, now: Date.now, waitMs, trustMs: waitMs },
    async () => ({
      assertHeld: () => undefined,
      release: async () => undefined,
    }),
  );
