import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import { Pool, type PoolClient, types } from 'pg';
import { createFairLimiter } from '../../base/fair-queue.ts';
import { ownerOfWork } from '../../base/work-owner.ts';
import { StoreUnavailable } from '../errors.ts';
import type { StoreLog } from '../store.ts';
import { clientConfig } from './client-config.ts';
import { translatePostgresError } from './errors.ts';
import type { Reach } from './reach.ts';

const INT8_TYPE_ID = 20;
/** Connections of the pool, and those that the work of one owner may have at a time. */
const MAX_CONNECTIONS = 10;
const MAX_CONNECTIONS_PER_OWNER = 6;

/** A connection in use, and what gives its place to the next in turn. */
type Taken = { readonly client: PoolClient; readonly leave: () => void };

/**
 * Opens a pool for Kysely. Its errors are StoreUnavailable if the server is down or does not answer, and its `int8`
 * values are numbers. Owners of work take turns for its connections: one with thousands of statements waits for its own.
 */
export function openPool(url: string, reach: Reach, log: StoreLog): PostgresPool {
  const pool = new Pool({
    ...clientConfig(url),
    max: MAX_CONNECTIONS,
    types: { getTypeParser: (oid, format) => (oid === INT8_TYPE_ID ? Number : types.getTypeParser(oid, format)) },
  });
  pool.on('error', (error) => log('warn', 'An idle PostgreSQL connection was lost.', { reason: error.message }));
  // A connection lost between two statements of a transaction says so here too; unheard, it would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));

  const places = createFairLimiter({
    slots: MAX_CONNECTIONS,
    slotsPerOwner: MAX_CONNECTIONS_PER_OWNER,
    mostWaiting: Number.POSITIVE_INFINITY,
  });

  /** Waits for the turn of the owner of the work, and takes a connection until `leave`. */
  const take = (): Promise<Taken> =>
    new Promise((resolve, reject) => {
      const hold = async (): Promise<void> => {
        const client = await pool.connect();
        const { promise: left, resolve: leave } = Promise.withResolvers<void>();
        resolve({ client, leave });
        await left;
      };
      places.run(ownerOfWork(), hold).catch(reject);
    });

  const release = ({ client, leave }: Taken, destroy: boolean): void => {
    client.release(destroy);
    leave();
  };

  /** A connection, of which others hold as many as there may be, or that the server is slow to make. */
  const connect = (): Promise<Taken> => {
    let isLate = false;
    return reach.wait(
      async () => {
        const taken = await take();
        if (isLate) {
          release(taken, false);
        }
        return taken;
      },
      () => {
        isLate = true;
      },
    );
  };

  return {
    options: pool.options,
    connect: async () => {
      const taken = await translated<Taken>(connect());
      const { client } = taken;
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
        release: (destroy?: boolean) => release(taken, destroy === true || isGivenUp),
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
