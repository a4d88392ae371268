import type { Db } from './store.ts';

/**
 * Returns the time of the database, in milliseconds since the epoch: that of the server on PostgreSQL, which all processes
 * share, and that of this process on SQLite.
 */
export async function timeOf(db: Db): Promise<number> {
  const { at } = await db.sql.selectNoFrom(db.time().as('at')).executeTakeFirstOrThrow();
  return Number(at);
}
