import { closeSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { syncFile, syncFolder } from './folder.ts';

/**
 * Copies a database in use to `target`, whole and durable or not at all; a copy from an earlier attempt is replaced.
 */
export async function copyDatabase<T>(database: Kysely<T>, target: string): Promise<void> {
  const partial = `${target}.partial`;
  removeCopy(partial);
  await writeCopy(database, partial);
  renameSync(partial, target);
  syncFolder(dirname(target));
}

/**
 * Writes a database in use, as it is now, to a new file that only its owner can read. What is durable then is the file,
 * not its name: it is to be renamed. Nothing stays of a copy that fails.
 */
export async function writeCopy<T>(database: Kysely<T>, path: string): Promise<void> {
  closeSync(openSync(path, 'wx', 0o600));
  try {
    // Not a file copy: opening the database file beside SQLite would, on closing, free SQLite's own locks on it.
    await sql`vacuum into ${path}`.execute(database);
    syncFile(path);
  } catch (error) {
    removeCopy(path);
    throw error;
  }
}

/** Removes a copy that was not finished, with the journal that SQLite leaves beside it when the disk is full. */
export function removeCopy(path: string): void {
  rmSync(path, { force: true });
  rmSync(`${path}-journal`, { force: true });
}
