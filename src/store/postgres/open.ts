import { Kysely, PostgresDialect, sql as words } from 'kysely';
import { createChanges } from '../changes.ts';
import { withCheck } from '../health.ts';
import { prepareDatabase } from '../prepare.ts';
import type { Database } from '../schema.ts';
import type { Db, Store, StoreOptions } from '../store.ts';
import { translatePostgresError } from './errors.ts';
import { createFollower } from './follower.ts';
import { lockDatabase } from './lock.ts';
import { openPool } from './pool.ts';
import { createReach } from './reach.ts';
import { createWrites } from './write.ts';

/** The time of the server, in whole milliseconds. */
const time = () => words<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`;

/**
 * Opens a store on a PostgreSQL database. Throws as `openStore` says. `lockWith` takes the lock that keeps other
 * processes out.
 */
export async function openPostgres(url: string, options: StoreOptions, lockWith = lockDatabase): Promise<Store> {
  const changes = createChanges();
  const lock = await lockWith(url, options.log, changes.noteAnything).catch((error: unknown) => {
    throw translatePostgresError(error);
  });
  const reach = createReach(url, { waitMs: options.waitMs ?? 0, trustMs: options.trustMs ?? 0 });
  const pool = openPool(url, reach, options.log);
  const sql = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  const follower = createFollower({ url, changes, reach, log: options.log });

  try {
    // No copy before a migration: backups of a PostgreSQL server are its operator's.
    const secrets = await prepareDatabase(sql, 'postgres', options, async () => undefined);
    const read: Db = { sql, secrets, time };
    await follower.start().catch((error: unknown) => {
      throw translatePostgresError(error);
    });
    reach.watch(changes.noteAnything);
    const writes = createWrites({ db: read, changes, follower, assertHeld: lock.assertHeld });
    let closing: Promise<void> | null = null;
    const close = async (): Promise<void> => {
      await writes.close();
      await follower.close();
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
      onChange: changes.onChange,
      claim: writes.claim,
      ...withCheck(writes, options.now),
      close: () => {
        closing ??= close();
        return closing;
      },
    };
  } catch (error) {
    await follower.close();
    await pool.end();
    await lock.release();
    throw error;
  }
}
