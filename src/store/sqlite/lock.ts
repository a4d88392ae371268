import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreRefused } from '../errors.ts';
import { sqliteCodeOf } from './errors.ts';

const SQLITE_BUSY_CODE = 5;

/** The exclusive right to a data folder. */
export type DirectoryLock = { release(): void };

/**
 * Takes the lock of a data folder for the lifetime of this process: the operating system frees it when the process ends
 * in any way. `now` is in milliseconds since the epoch. Throws StoreRefused, naming the holder.
 */
export function lockDirectory(directory: string, now: number): DirectoryLock {
  // Who holds the lock is told in a file of its own: closing any descriptor of the locked file would free the lock.
  const holderFile = join(directory, 'gatehouse.lock.holder');
  const lockFile = join(directory, 'gatehouse.lock');
  createPrivate(lockFile);
  const lock = new DatabaseSync(lockFile, { timeout: 0 });
  try {
    lock.exec('begin exclusive');
  } catch (error) {
    lock.close();
    if (sqliteCodeOf(error) !== SQLITE_BUSY_CODE) {
      throw error;
    }
    throw new StoreRefused(
      `${directory} is in use by another process (${readHolder(holderFile)}). Stop that one first, or give this one ` +
        'another folder with GATEHOUSE_DATA.',
      { cause: error },
    );
  }
  const release = (): void => {
    rmSync(holderFile, { force: true });
    lock.close();
  };
  try {
    const partial = `${holderFile}.partial`;
    writeFileSync(partial, `pid ${process.pid} on ${hostname()} since ${new Date(now).toISOString()}\n`, {
      mode: 0o600,
    });
    renameSync(partial, holderFile);
  } catch (error) {
    release();
    throw error;
  }
  return { release };
}

/** Makes a file that only its user can read. One that is there is not opened: closing it would free the lock. */
function createPrivate(path: string): void {
  if (!existsSync(path)) {
    closeSync(openSync(path, 'a', 0o600));
  }
}

function readHolder(holderFile: string): string {
  try {
    return readFileSync(holderFile, 'utf8').trim();
  } catch {
    return 'it has not said who it is';
  }
}
