import { type Kysely, sql } from 'kysely';
import { Client } from 'pg';
import type { Changes, Commit } from '../changes.ts';
import { StoreUnavailable } from '../errors.ts';
import type { Database } from '../schema.ts';
import type { StoreLog } from '../store.ts';
import type { Subject } from '../topics.ts';
import { clientConfig } from './client-config.ts';
import { isBefore, isNextLook, type Look } from './looks.ts';
import type { Reach } from './reach.ts';

/** Milliseconds between two looks at the commits of other processes, unless one of them wakes this one. */
const POLL_MS = 1000;
/** Milliseconds between two wake-ups of the others. */
const WAKE_MS = 20;
const POLLS_PER_PURGE = 60;
/** A commit of more topics counts as a change of anything. */
const MAX_TOPICS = 100;
const CHANNEL = 'gatehouse_changes';

/**
 * Returns the commits that are visible now and were not in the last snapshot. Those with higher numbers than the last
 * ones would not do: commits are not in the order of their numbers. `mark` differs after a restart, on another server
 * and for another table.
 */
const POLL = `
  select pg_current_snapshot()::text as snapshot,
    pg_postmaster_start_time()::text || ' ' || 'changes'::regclass::oid as mark,
    (extract(epoch from clock_timestamp()) * 1000)::float8 as now_ms,
    changes.xid::text as xid, changes.subject, changes.topics
  from (select 1) as once left join changes
    on changes.xid >= pg_snapshot_xmin($1::pg_snapshot) and not pg_visible_in_snapshot(changes.xid, $1::pg_snapshot)`;

/** Old commits, and those of another server, which a restored table has: their numbers are yet to come. */
const PURGE = `
  delete from changes
  where at < clock_timestamp() - interval '10 minutes' or xid >= pg_snapshot_xmax(pg_current_snapshot())`;

type Row = Look & {
  /** Null where there is no commit. */
  readonly xid: string | null;
  readonly subject: Subject;
  readonly topics: string[] | null;
};

/** A commit that is about to happen. */
export type Recorded = {
  /** Counts it when its transaction has ended, also where only the server knows how. */
  readonly end: (isCommitted: boolean) => void;
};

/** Follows the commits of all processes on one PostgreSQL. */
export type Follower = {
  /** Records a commit for others, as the last statement of its transaction. Returns null if it changes nothing. */
  readonly record: (transaction: Kysely<Database>, commit: Commit) => Promise<Recorded | null>;
  /** Begins to follow. Rejects with the driver's error if the server is down. */
  readonly start: () => Promise<void>;
  readonly close: () => Promise<void>;
};

/** The parts of a store that a follower uses. */
export type FollowerParts = {
  readonly url: string;
  readonly changes: Changes;
  readonly reach: Reach;
  readonly log: StoreLog;
};

/**
 * Creates the follower of one store, with a connection of its own. It looks every second, and at once when another
 * process says so (`NOTIFY`, which may be lost). After a lost connection, a restart of the server, a snapshot that went
 * back or a long sleep, everything counts as changed, once.
 */
export function createFollower({ url, changes, reach, log }: FollowerParts): Follower {
  let client: Client | null = null;
  let last: Look | null = null;
  let polls = 0;
  let isPollQueued = false;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  let waking: NodeJS.Timeout | undefined;
  let wokenAt = Number.NEGATIVE_INFINITY;
  let queue: Promise<unknown> = Promise.resolve();
  /** The numbers of this process's own commits, which count without a look. */
  const own = new Set<string>();

  /** Runs work on the connection after all earlier work: it carries one statement at a time. */
  const enqueue = (work: () => Promise<unknown>): void => {
    queue = queue.then(work).catch(() => undefined);
  };

  const drop = (lost: Client): void => {
    if (client === lost) {
      client = null;
      last = null;
      if (!isClosed) {
        log('warn', 'The connection that follows the changes of other processes was lost.');
      }
    }
    void lost.end().catch(() => undefined);
  };

  const connect = async (): Promise<Client> => {
    const fresh = new Client(clientConfig(url));
    fresh.on('error', () => drop(fresh));
    fresh.on('notification', ({ processId }) => {
      if (processId !== (fresh as unknown as { processID: number }).processID) {
        poll();
      }
    });
    try {
      // A server that stops answering in between must not hold up all later looks.
      await reach.ask(
        async () => {
          await fresh.connect();
          await fresh.query(`listen ${CHANNEL}`);
        },
        () => undefined,
      );
      return fresh;
    } catch (error) {
      drop(fresh);
      throw error;
    }
  };

  const ask = async <R extends object>(statement: string, values: unknown[] = []): Promise<R[]> => {
    if (isClosed) {
      throw new StoreUnavailable('Storage is unavailable: it has been closed.');
    }
    client ??= await connect();
    const asked = client;
    try {
      return (
        await reach.ask(
          () => asked.query<R>(statement, values),
          () => undefined,
        )
      ).rows;
    } catch (error) {
      drop(asked);
      throw error;
    }
  };

  const look = async (): Promise<void> => {
    const before = last;
    const rows = await ask<Row>(POLL, [before?.snapshot ?? null]);
    const now = rows[0] as Row;
    last = now;
    if (before === null || !isNextLook(now, before)) {
      if (polls > 0) {
        log('info', 'The changes of other processes are followed again; everything counts as changed.');
      }
      changes.noteAnything();
    } else {
      for (const { xid, subject, topics } of rows) {
        if (xid !== null && !own.has(xid)) {
          changes.note(new Map([[subject, topics === null ? 'anything' : new Set(topics)]]));
        }
      }
    }
    // What is older than all that still runs is in no later answer.
    for (const xid of own) {
      if (isBefore(xid, now)) {
        own.delete(xid);
      }
    }
    polls += 1;
    if (polls % POLLS_PER_PURGE === 1) {
      await ask(PURGE);
    }
  };

  const poll = (): void => {
    if (!isPollQueued && !isClosed) {
      isPollQueued = true;
      enqueue(() => {
        isPollQueued = false;
        return look();
      });
    }
  };

  /** Wakes the other processes. They would look within a second anyway. */
  const wakeOthers = (): void => {
    if (waking !== undefined || isClosed) {
      return;
    }
    const wake = (): void => {
      waking = undefined;
      wokenAt = performance.now();
      enqueue(() => ask(`notify ${CHANNEL}`));
    };
    waking = setTimeout(wake, Math.max(0, wokenAt + WAKE_MS - performance.now())).unref();
  };

  return {
    record: async (transaction, commit) => {
      if (commit.size === 0) {
        return null;
      }
      const values = [...commit].map(([subject, topics]) => {
        const named = topics === 'anything' || topics.size > MAX_TOPICS ? null : [...topics];
        return sql`(${subject}, ${named}::text[])`;
      });
      const { rows } = await sql<{ xid: string }>`
        insert into changes (subject, topics) values ${sql.join(values)} returning xid::text as xid
      `.execute(transaction);
      const { xid } = rows[0] as { xid: string };
      own.add(xid);
      return {
        end: (isCommitted) => {
          // A commit without an answer may also happen later: then a look counts it once more.
          if (!isCommitted) {
            own.delete(xid);
          }
          changes.note(commit);
          wakeOthers();
        },
      };
    },
    start: async () => {
      await look();
      timer = setInterval(poll, POLL_MS).unref();
    },
    close: async () => {
      isClosed = true;
      clearInterval(timer);
      clearTimeout(waking);
      if (client !== null) {
        drop(client);
      }
      await queue;
    },
  };
}
