import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { type Kysely, sql } from 'kysely';

/**
 * Copies a database in use to `target`, whole and durable or not at all; a copy from an earlier attempt is replaced.
 */
export async function copyDatabase<T>(database: Kysely<T>, target: string): Promise<void> {
  const partial = `${target}.partial`;
  rmSync(partial, { force: true });
  // Not a file copy: opening the database file beside SQLite would, on closing, free SQLite's own locks on it.
  await sql`vacuum into ${partial}`.execute(database);
  const descriptor = openSync(partial, 'r+');
  fsyncSync(descriptor);
  closeSync(descriptor);
  renameSync(partial, target);
}
