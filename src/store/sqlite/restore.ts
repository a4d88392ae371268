import { accessSync, constants, copyFileSync, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { StoreRefused } from '../errors.ts';
import type { GivenKeys } from '../secret-keys.ts';
import { verifyDatabase } from './check.ts';
import { openConnection } from './connection.ts';
import { removeCopy, writeCopy } from './copy.ts';
import { kyselyOn, type SqlSession } from './dialect.ts';
import { damageIn, explainDamage, sqliteCodeOf, translateSqliteError } from './errors.ts';
import { databaseFile, syncFile, syncFolder, takeDirectory } from './folder.ts';

/**
 * Files that SQLite keeps beside a database, and applies to any database with that name: its log and its undo journal.
 */
const LOGS = ['-wal', '-journal'];
/** The file that SQLite can create again. */
const INDEX = '-shm';
const SQLITE_BUSY_CODE = 5;

/** The parameters of a restore. */
export type Restoration = {
  readonly file: string;
  /** The data folder. Created if it is missing. */
  readonly directory: string;
  readonly keys: GivenKeys;
  /** Milliseconds since the epoch. */
  readonly now: number;
};

/**
 * Replaces a data folder's database with a backup, and keeps the previous one under another name. Resolves with that
 * name; null if there was none. If the process ends at any time, one of the two is in place, complete. Throws
 * StoreRefused, without any change, if another process has the folder, or if the backup is damaged, newer than this
 * program, not a database of Gatehouse, or does not open with the keys.
 */
export async function restore({ file, directory, keys, now }: Restoration): Promise<string | null> {
  const database = databaseFile(directory);
  const arriving = `${database}.restoring`;
  refuseUnusable(file, [database, arriving]);
  const backup = openBackup(file);
  try {
    const sql = kyselyOn(backup, 'concurrent');
    await verifyDatabase(sql, file, keys);
    const lock = takeDirectory(directory, now);
    try {
      removeCopy(arriving);
      await writeCopy(sql, resolve(arriving));
      return replace(database, arriving, directory);
    } finally {
      lock.release();
    }
  } catch (error) {
    throw translateSqliteError(explainDamage(error, file));
  } finally {
    await backup.close();
  }
}

function refuseUnusable(file: string, own: readonly string[]): void {
  try {
    accessSync(file, constants.R_OK);
  } catch (cause) {
    throw new StoreRefused(`${file} cannot be read (${(cause as NodeJS.ErrnoException).code}).`, { cause });
  }
  const found = statSync(file);
  if (!found.isFile()) {
    throw new StoreRefused(`${file} is not a file.`);
  }
  for (const path of own) {
    const current = statSync(path, { throwIfNoEntry: false });
    if (current?.ino === found.ino && current.dev === found.dev) {
      throw new StoreRefused(`${file} is where a restored database goes. Give the backup another name.`);
    }
  }
}

function openBackup(file: string): SqlSession {
  // Without a log nobody writes to it, and SQLite need not make one beside it, where it might not be allowed to.
  const isAtRest = LOGS.every((log) => !existsSync(file + log));
  return openConnection(isAtRest ? `${pathToFileURL(file).href}?immutable=1` : resolve(file), 'readOnly');
}

/** Replaces a database that no other program has open, and returns the name of the kept one. */
function replace(database: string, arriving: string, directory: string): string | null {
  try {
    const kept = keep(database, directory);
    renameSync(arriving, database);
    syncFolder(directory);
    return kept;
  } catch (error) {
    removeCopy(arriving);
    throw error;
  }
}

/**
 * Copies a database with its logs to a free name, then takes the logs away: SQLite would apply them to the database
 * that comes. A copy, not another name: at no time may the database be missing.
 */
function keep(database: string, directory: string): string | null {
  const kept = freeName(`${database}.before-restore`);
  const found = ['', ...LOGS].filter((suffix) => existsSync(database + suffix));
  try {
    // Before SQLite sees them: it deletes the logs of what it cannot read.
    for (const suffix of found) {
      copyDurably(database + suffix, kept + suffix);
    }
    if (found.includes('') && foldLogs(database) && found.length > 1) {
      copyDurably(database, kept);
      removeLogs(kept);
    }
  } catch (error) {
    rmSync(kept, { force: true });
    removeLogs(kept);
    throw error;
  }
  syncFolder(directory);
  removeLogs(database);
  syncFolder(directory);
  return found.length > 0 ? kept : null;
}

/**
 * Brings what is in the logs of a database into it, which a crash cannot undo. False for one that cannot be read.
 * Throws StoreRefused when somebody else has it open.
 */
function foldLogs(database: string): boolean {
  if (statSync(database).size === 0) {
    return false;
  }
  const connection = new DatabaseSync(database, { timeout: 1000 });
  try {
    connection.exec('pragma journal_mode = delete');
    return true;
  } catch (error) {
    if (((sqliteCodeOf(error) ?? 0) & 0xff) === SQLITE_BUSY_CODE) {
      throw new StoreRefused(`${database} is open in another program, such as a backup. Let that one end first.`, {
        cause: error,
      });
    }
    if (damageIn(error) === null) {
      throw error;
    }
    return false;
  } finally {
    connection.close();
  }
}

function removeLogs(database: string): void {
  for (const suffix of [...LOGS, INDEX]) {
    rmSync(database + suffix, { force: true });
  }
}

function copyDurably(from: string, to: string): void {
  const partial = `${to}.partial`;
  copyFileSync(from, partial, constants.COPYFILE_FICLONE);
  syncFile(partial);
  renameSync(partial, to);
}

/** The name, or the name with the first number from 2 on that nothing has yet. */
function freeName(name: string): string {
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? name : `${name}-${number}`;
    if (['', ...LOGS].every((suffix) => !existsSync(candidate + suffix))) {
      return candidate;
    }
  }
}
