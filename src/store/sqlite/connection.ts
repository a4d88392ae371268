import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { SqlSession } from './dialect.ts';

const CACHED_STATEMENTS = 200;
/** The event loop stands still while SQLite waits, and only a foreign program (a backup, a shell) can make it wait. */
const BUSY_TIMEOUT_MS = 1000;

type Prepared = { statement: StatementSync; returnsRows: boolean };

/**
 * Opens one connection to a database file (a path or a `file:` URL), or `:memory:`. Prepared statements are cached; the
 * least recently used one is dropped first. A `readOnly` connection needs a file that a writing one has opened before.
 */
export function openConnection(path: string, access: 'readWrite' | 'readOnly'): SqlSession {
  const readOnly = access === 'readOnly';
  const database = new DatabaseSync(path, {
    readOnly,
    timeout: BUSY_TIMEOUT_MS,
    enableForeignKeyConstraints: true,
  });
  if (!readOnly) {
    // What a savepoint may have to undo stays in memory: files in the system's folder for such would hold rows.
    database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma temp_store = memory');
  }
  const cache = new Map<string, Prepared>();

  const prepare = (sql: string): Prepared => {
    let prepared = cache.get(sql);
    if (prepared) {
      cache.delete(sql);
    } else {
      const statement = database.prepare(sql);
      prepared = { statement, returnsRows: statement.columns().length > 0 };
      if (cache.size >= CACHED_STATEMENTS) {
        cache.delete(cache.keys().next().value as string);
      }
    }
    cache.set(sql, prepared);
    return prepared;
  };

  return {
    execute(sql, parameters) {
      const { statement, returnsRows } = prepare(sql);
      const values = parameters as SQLInputValue[];
      if (returnsRows) {
        return { rows: statement.all(...values), changes: 0 };
      }
      return { rows: [], changes: Number(statement.run(...values).changes) };
    },
    inTransaction: () => database.isTransaction,
    close: () => database.close(),
  };
}
