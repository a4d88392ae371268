import { StoreRefused, StoreUnavailable } from '../errors.ts';

/** SQLite's primary result codes that pass without anybody changing the program, and what to tell the operator. */
const TRANSIENT = new Map([
  [5, 'the database file is locked by another program'],
  [6, 'the database file is locked by another program'],
  [8, 'the database file cannot be written'],
  [10, 'the disk failed'],
  [13, 'the disk is full'],
  [14, 'the database file cannot be opened'],
]);

/** Returns the (extended) result code of an error of SQLite; null for any other. */
export function sqliteCodeOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error)) {
    return null;
  }
  return typeof error.errcode === 'number' ? error.errcode : null;
}

/**
 * Turns an error of SQLite, or of a file beside it, into StoreUnavailable if waiting may help; returns any other error
 * unchanged.
 */
export function translateSqliteError(error: unknown): unknown {
  const code = sqliteCodeOf(error);
  // The low byte is the primary code; the rest says where it happened.
  const reason = code === null ? fileReason(error) : TRANSIENT.get(code & 0xff);
  return reason === undefined ? error : new StoreUnavailable(`Storage is unavailable: ${reason}.`, { cause: error });
}

function fileReason(error: unknown): string | undefined {
  const isFull = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
  return isFull ? 'the disk is full' : undefined;
}

const CORRUPT_CODE = 11;
const NOT_A_DATABASE_CODE = 26;

/** Describes the damage of a database file, as the end of a sentence; null for other errors. */
export function damageIn(error: unknown): string | null {
  const code = (sqliteCodeOf(error) ?? 0) & 0xff;
  if (code === NOT_A_DATABASE_CODE) {
    return 'is not a SQLite database';
  }
  return code === CORRUPT_CODE ? `is damaged: ${(error as Error).message}` : null;
}

/**
 * Turns the error of a damaged file into a StoreRefused, followed by a remedy for the operator; returns any other error
 * unchanged.
 */
export function explainDamage(error: unknown, path: string, remedy = ''): unknown {
  const damage = damageIn(error);
  return damage === null ? error : new StoreRefused(`${path} ${damage}.${remedy}`, { cause: error });
}
