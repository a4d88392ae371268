import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { StoreRefused, StoreUnavailable } from '../errors.ts';
import type { StoreLog } from '../store.ts';
import { clientConfig } from './client-config.ts';
import { isTurnedAway } from './errors.ts';

/** Any number will do that no other program locks in the same database. */
const LOCK_ID = 47_428_361;
const RETRY_MS = 1000;
const RELEASE_MS = 1000;
/** The server takes a moment to notice that a killed process is gone. */
const PATIENCE_AT_START = { tries: 5, pauseMs: 100 };

/** The exclusive right to a database, for as long as one connection lives. */
export type DatabaseLock = {
  /** Throws StoreUnavailable while this process does not hold the lock. */
  assertHeld(): void;
  release(): Promise<void>;
};

/**
 * Takes the lock of a PostgreSQL database, and takes it again after its connection was lost. Calls `onDoubt` if another
 * process has it, or may have had it. Throws StoreRefused, naming the holder, if another process has it or the server
 * refuses the connection; throws the driver's error if the server is down.
 */
export async function lockDatabase(url: string, log: StoreLog, onDoubt: () => void): Promise<DatabaseLock> {
  let held: Client | null = null;
  let released = false;
  let reported = '';

  const hold = (client: Client): void => {
    held = client;
    reported = '';
    client.once('end', () => {
      held = null;
      if (released) {
        return;
      }
      log('error', 'The database lock was lost with its connection; refusing writes until it is back.');
      retryLater();
    });
  };
  const retryLater = (): void => {
    setTimeout(() => void retry(), RETRY_MS).unref();
  };
  const retry = async (): Promise<void> => {
    let isAway = false;
    const taken = await tryLock(url).catch((error: Error) => {
      isAway = true;
      return error.message;
    });
    if (!isAway) {
      onDoubt();
    }
    if (released) {
      if (typeof taken !== 'string') {
        await taken.end();
      }
    } else if (typeof taken === 'string') {
      // Once per reason: this repeats every second.
      if (taken !== reported) {
        log('error', 'The database lock is not back; refusing writes.', { reason: taken });
      }
      reported = taken;
      retryLater();
    } else {
      hold(taken);
      log('info', 'The database lock is back; writing again.');
    }
  };

  hold(await firstLock(url));
  return {
    assertHeld() {
      if (!held) {
        throw new StoreUnavailable('Storage is unavailable: this process does not hold the database lock.');
      }
    },
    async release() {
      released = true;
      // A server that does not answer does not say goodbye either.
      await Promise.race([held?.end(), sleep(RELEASE_MS, undefined, { ref: false })]);
    },
  };
}

async function firstLock(url: string): Promise<Client> {
  for (let tries = 1; ; tries += 1) {
    const taken = await tryLock(url).catch((cause: Error) => {
      if (!isTurnedAway(cause)) {
        throw cause;
      }
      throw new StoreRefused(`PostgreSQL refuses the connection: ${cause.message}. Check DATABASE_URL.`, { cause });
    });
    if (typeof taken !== 'string') {
      return taken;
    }
    if (tries === PATIENCE_AT_START.tries) {
      throw new StoreRefused(`${taken}. Stop that one first, or give this one another database with DATABASE_URL.`);
    }
    await sleep(PATIENCE_AT_START.pauseMs);
  }
}

/** The connection that holds the lock, or the sentence that names the other holder. */
async function tryLock(url: string): Promise<Client | string> {
  const client = new Client(clientConfig(url));
  // Its loss is told by `end`; without a listener, `error` would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    // Should this machine vanish, its successor must not wait for the server's default of two hours.
    await client.query('set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3');
    const { rows } = await client.query<{ taken: boolean }>(`select pg_try_advisory_lock(${LOCK_ID}) as taken`);
    if (rows[0]?.taken) {
      return client;
    }
    const holder = await describeHolder(client);
    await client.end();
    return `The database is in use by another process (${holder})`;
  } catch (error) {
    await client.end();
    throw error;
  }
}

async function describeHolder(client: Client): Promise<string> {
  const { rows } = await client.query<{ name: string; address: string | null; since: Date }>(
    `select a.application_name as name, host(a.client_addr) as address, a.backend_start as since
     from pg_locks l join pg_stat_activity a using (pid)
     where l.locktype = 'advisory' and l.granted and l.classid = 0 and l.objid = ${LOCK_ID} and l.objsubid = 1
       and l.database = (select oid from pg_database where datname = current_database())`,
  );
  const [holder] = rows;
  if (!holder) {
    return 'it has just gone';
  }
  return `${holder.name} from ${holder.address ?? 'a local socket'} since ${holder.since.toISOString()}`;
}
