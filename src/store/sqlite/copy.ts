import { closeSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { syncFile, syncFolder } from './folder.ts';

/**
 * Copies a database in use to `target`, completely and durably or not at all. Replaces a copy from an earlier attempt.
 */
export async function copyDatabase<T>(database: Kysely<T>, target: string): Promise<void> {
  const partial = `${target}.partial`;
  removeCopy(partial);
  await writeCopy(database, partial);
  renameSync(partial, target);
  syncFolder(dirname(target));
}

/**
 * Writes the current state of a database in use to a new file that only its owner can read. The contents are durable,
 * but not the name: the caller must rename the file. A failure leaves no copy.
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

/** Removes an unfinished copy, with the journal that SQLite leaves beside it if the disk is full. */
export function removeCopy(path: string): void {
  rmSync(path, { force: true });
  rmSync(`${path}-journal`, { force: true });
}
