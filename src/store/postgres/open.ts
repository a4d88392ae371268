import { Kysely, PostgresDialect } from 'kysely';
import { createChanges } from '../changes.ts';
import { withCheck } from '../health.ts';
import { prepareDatabase } from '../prepare.ts';
import type { Database } from '../schema.ts';
import type { Db, Store, StoreOptions } from '../store.ts';
import { translatePostgresError } from './errors.ts';
import { lockDatabase } from './lock.ts';
import { openPool } from './pool.ts';
import { createReach } from './reach.ts';
import { createWrites } from './write.ts';

/** Opens a store on a PostgreSQL database. Throws as `openStore` says. */
export async function openPostgres(url: string, options: StoreOptions): Promise<Store> {
  const changes = createChanges();
  const lock = await lockDatabase(url, options.log, changes.noteAnything).catch((error: unknown) => {
    throw translatePostgresError(error);
  });
  const reach = createReach(url, { waitMs: options.waitMs ?? 0, trustMs: options.trustMs ?? 0 });
  const pool = openPool(url, reach, options.log);
  const sql = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });

  try {
    // No copy before a migration: backups of a PostgreSQL server are its operator's.
    const secrets = await prepareDatabase(sql, 'postgres', options, async () => undefined);
    const read: Db = { sql, secrets };
    reach.watch(changes.noteAnything);
    const writes = createWrites(sql, secrets, changes, lock.assertHeld);
    let closing: Promise<void> | null = null;
    const close = async (): Promise<void> => {
      await writes.close();
      reach.close();
      await pool.end();
      await lock.release();
    };
    return {
      engine: 'postgres',
      read,
      slowRead: read,
      changes: changes.changes,
      hasChanged: changes.hasChanged,
      ...withCheck(writes, options.now),
      close: () => {
        closing ??= close();
        return closing;
      },
    };
  } catch (error) {
    await pool.end();
    await lock.release();
    throw error;
  }
}
