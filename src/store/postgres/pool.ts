import { hostname } from 'node:os';
import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import { type ClientConfig, Pool, type PoolClient, types } from 'pg';
import type { StoreLog } from '../store.ts';
import { translatePostgresError } from './errors.ts';

const CONNECT_TIMEOUT_MS = 5000;
const INT8 = 20;

/** How every connection is made. Its name in `pg_stat_activity` tells who we are. */
export function clientConfig(url: string): ClientConfig {
  return {
    connectionString: url,
    // PostgreSQL cuts names at 63 bytes, and the process id is the part that matters.
    application_name: `gatehouse ${hostname().slice(0, 40)} pid ${process.pid}`,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
  };
}

/** A pool for Kysely whose errors are StoreUnavailable when the server is away, and whose `int8` are numbers. */
export function openPool(url: string, log: StoreLog): PostgresPool {
  const pool = new Pool({
    ...clientConfig(url),
    types: { getTypeParser: (oid, format) => (oid === INT8 ? Number : types.getTypeParser(oid, format)) },
  });
  pool.on('error', (error) => log('warn', 'An idle PostgreSQL connection was lost.', { reason: error.message }));
  // A connection lost between two statements of a transaction says so here too; unheard, it would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));

  return {
    options: pool.options,
    connect: async () => {
      const client = await translated<PoolClient>(pool.connect());
      return {
        query: <R>(sql: string, parameters: readonly unknown[]) =>
          translated<PostgresQueryResult<R>>(client.query(sql, [...parameters])),
        release: (destroy?: boolean) => client.release(destroy),
      } as PostgresPoolClient;
    },
    end: () => pool.end(),
  };
}

async function translated<T>(promise: Promise<unknown>): Promise<T> {
  try {
    return (await promise) as T;
  } catch (error) {
    throw translatePostgresError(error);
  }
}
