import { existsSync, renameSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { StoreRefused } from '../errors.ts';
import { verifyUsed } from './check.ts';
import { openConnection } from './connection.ts';
import { removeCopy, writeCopy } from './copy.ts';
import { kyselyOn } from './dialect.ts';
import { explainDamage, translateSqliteError } from './errors.ts';
import { requireDatabase, syncFolder } from './folder.ts';

/** A completed backup. */
export type Backup = {
  /** The size of the file. */
  readonly bytes: number;
  /** The ids of the keys that are needed to open it. */
  readonly keyIds: readonly string[];
};

/**
 * Copies the database of a data folder to a new file; a server may run meanwhile. The copy contains every write
 * answered before it began, and is complete and durable. Throws StoreRefused if there is nothing to copy, or if the
 * file already exists or cannot be written; a failure leaves no new file.
 */
export async function backUp(directory: string, target: string): Promise<Backup> {
  const database = requireDatabase(directory);
  refuseExisting(target);
  // Two backups at the same time must not write to one file.
  const partial = resolve(`${target}.partial-${process.pid}`);
  try {
    await copyTo(partial, database);
    return await nameIt(partial, database, target);
  } catch (error) {
    throw explained(error, database, target);
  }
}

async function copyTo(target: string, database: string): Promise<void> {
  // One that may write would, as the last to close the database, fold its log and delete it.
  const session = openConnection(database, 'readOnly');
  try {
    await writeCopy(kyselyOn(session, 'concurrent'), target);
  } finally {
    await session.close();
  }
}

/** Gives a copy its name, unless it is of nothing or the name has been taken meanwhile. */
async function nameIt(partial: string, database: string, target: string): Promise<Backup> {
  try {
    const keyIds = await keyIdsOf(partial, database);
    refuseExisting(target);
    renameSync(partial, target);
    syncFolder(dirname(resolve(target)));
    return { bytes: statSync(target).size, keyIds };
  } catch (error) {
    removeCopy(partial);
    throw error;
  }
}

async function keyIdsOf(copy: string, database: string): Promise<string[]> {
  const session = openConnection(copy, 'readOnly');
  try {
    const sql = kyselyOn(session, 'concurrent');
    await verifyUsed(sql, database);
    const rows = await sql.selectFrom('secret_keys').select('key_id').orderBy('key_id').execute();
    return rows.map((row) => row.key_id);
  } finally {
    await session.close();
  }
}

function refuseExisting(target: string): void {
  if (existsSync(target)) {
    throw new StoreRefused(`${target} already exists, and backups do not overwrite files. Choose another name.`);
  }
}

function explained(error: unknown, database: string, target: string): unknown {
  const translated = translateSqliteError(explainDamage(error, database));
  const { code, syscall } = error as NodeJS.ErrnoException;
  return translated === error && syscall !== undefined
    ? new StoreRefused(`${target} cannot be written (${code}).`, { cause: error })
    : translated;
}
