import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import { Pool, type PoolClient, types } from 'pg';
import { StoreUnavailable } from '../errors.ts';
import type { StoreLog } from '../store.ts';
import { clientConfig } from './client-config.ts';
import { translatePostgresError } from './errors.ts';
import type { Reach } from './reach.ts';

const INT8_TYPE_ID = 20;

/**
 * Opens a pool for Kysely. Its errors are StoreUnavailable if the server is down or does not answer, and its `int8`
 * values are numbers.
 */
export function openPool(url: string, reach: Reach, log: StoreLog): PostgresPool {
  const pool = new Pool({
    ...clientConfig(url),
    types: { getTypeParser: (oid, format) => (oid === INT8_TYPE_ID ? Number : types.getTypeParser(oid, format)) },
  });
  pool.on('error', (error) => log('warn', 'An idle PostgreSQL connection was lost.', { reason: error.message }));
  // A connection lost between two statements of a transaction says so here too; unheard, it would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));

  /** A connection, of which others hold as many as there may be, or that the server is slow to make. */
  const connect = (): Promise<PoolClient> => {
    let isLate = false;
    return reach.wait(
      async () => {
        const client = await pool.connect();
        if (isLate) {
          client.release();
        }
        return client;
      },
      () => {
        isLate = true;
      },
    );
  };

  return {
    options: pool.options,
    connect: async () => {
      const client = await translated<PoolClient>(connect());
      // One that has not answered may answer the next question with what it was asked before: it is used no more.
      let isGivenUp = false;
      const giveUp = (): void => {
        isGivenUp = true;
      };
      return {
        query: <R>(sql: string, parameters: readonly unknown[]) =>
          isGivenUp
            ? Promise.reject(new StoreUnavailable('Storage is unavailable: PostgreSQL has not answered in time.'))
            : translated<PostgresQueryResult<R>>(reach.ask(() => client.query(sql, [...parameters]), giveUp)),
        release: (destroy?: boolean) => client.release(destroy === true || isGivenUp),
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
