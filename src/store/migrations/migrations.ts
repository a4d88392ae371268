import type { Migration } from 'kysely/migration';
import type { Engine } from '../store.ts';
import { foundation } from './0001-foundation.ts';
import { accounts } from './0002-accounts.ts';

/** Every migration this program knows, by name; names sort in the order they run. Forward only. */
export function migrationsFor(engine: Engine): Record<string, Migration> {
  return {
    '0001_foundation': { up: (db) => foundation(db, engine) },
    '0002_accounts': { up: (db) => accounts(db, engine) },
  };
}
