import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { explainFolderError, StoreRefused } from '../errors.ts';
import { type DirectoryLock, lockDirectory } from './lock.ts';

/** Returns the path of the database in a data folder. */
export const databaseFile = (directory: string): string => join(directory, 'gatehouse.db');

/** Returns the path of the database in a data folder. Throws StoreRefused if it does not exist. */
export function requireDatabase(directory: string): string {
  const path = databaseFile(directory);
  if (!existsSync(path)) {
    throw new StoreRefused(`There is no database ${path}. Give the folder that holds it with GATEHOUSE_DATA.`);
  }
  return path;
}

/**
 * Creates a missing data folder, and takes its lock. `now` is in milliseconds since the epoch. Throws StoreRefused if
 * it cannot be created or written, or, naming the holder, if another process has the lock.
 */
export function takeDirectory(directory: string, now: number): DirectoryLock {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return lockDirectory(directory, now);
  } catch (error) {
    throw explainFolderError(error, directory);
  }
}

/** Waits until the contents of a file are on the disk. */
export function syncFile(path: string): void {
  sync(path, 'r+');
}

/** Waits until the names of the files in a folder are on the disk. */
export function syncFolder(path: string): void {
  // Windows has no such thing, and opens no folders.
  if (process.platform !== 'win32') {
    sync(path, 'r');
  }
}

function sync(path: string, flags: string): void {
  const descriptor = openSync(path, flags);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
