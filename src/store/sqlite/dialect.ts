import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { Database } from '../schema.ts';
import { translateSqliteError } from './errors.ts';

/** The result of a statement: its rows, or the number of changed rows. */
export type Answer = { rows: Record<string, unknown>[]; changes: number };

/** Runs SQL on one SQLite connection: in this thread (synchronously) or in another. */
export type SqlSession = {
  /** Throws SQLite's own error, with its `errcode`. */
  execute(sql: string, parameters: readonly unknown[]): Answer | Promise<Answer>;
  inTransaction(): boolean;
  close(): void | Promise<void>;
};

/**
 * Makes Kysely for a session; the owner closes the session. Transactions take the write lock when they begin, so they
 * never fail in the middle. `exclusive` makes queries wait while a transaction is open; without it, a session runs no
 * transactions.
 */
export function kyselyOn(session: SqlSession, sharing: 'exclusive' | 'concurrent'): Kysely<Database> {
  return new Kysely<Database>({ dialect: sqliteDialect(session, sharing) });
}

function sqliteDialect(session: SqlSession, sharing: 'exclusive' | 'concurrent'): Dialect {
  return {
    createDriver: () => sqliteDriver(session),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => (sharing === 'exclusive' ? new Adapter() : new ConcurrentAdapter()),
    createIntrospector: (db) => new SqliteIntrospector(db),
  };
}

class Adapter extends SqliteAdapter {
  // Kysely leaves it off for `pragma foreign_keys`, which no migration may touch; SQLite itself can do it.
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class ConcurrentAdapter extends Adapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

function sqliteDriver(session: SqlSession): Driver {
  const connection: DatabaseConnection = {
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      try {
        const { rows, changes } = await session.execute(sql, parameters);
        return { rows: rows as R[], numAffectedRows: BigInt(changes) };
      } catch (error) {
        throw translateSqliteError(error);
      }
    },
    streamQuery() {
      throw new Error('Streaming is not supported.');
    },
  };
  const run = async (sql: string): Promise<void> => {
    await connection.executeQuery(CompiledQuery.raw(sql));
  };
  return {
    init: async () => undefined,
    acquireConnection: async () => connection,
    beginTransaction: () => run('begin immediate'),
    commitTransaction: () => run('commit'),
    // A full disk makes SQLite roll back by itself; a second rollback would hide the reason.
    rollbackTransaction: async () => (session.inTransaction() ? run('rollback') : undefined),
    releaseConnection: async () => undefined,
    destroy: async () => undefined,
  };
}
