import { CompiledQuery, type ControlledTransaction } from 'kysely';
import { createYielding } from '../../base/event-loop-turns.ts';
import { createFairQueue, type FairQueue } from '../../base/fair-queue.ts';
import type { Changes } from '../changes.ts';
import { StoreUnavailable } from '../errors.ts';
import type { Database } from '../schema.ts';
import type { Db, Store } from '../store.ts';
import { MAX_WAITING_WRITES, tooManyWaiting } from '../write-shares.ts';
import type { Disk } from './disk.ts';

/** Writes that share one transaction at most, and milliseconds after which none is added to it. */
const MAX_GROUP_WRITES = 256;
const GROUP_MS = 20;
/** The owner of writes by the operator and the gateway itself; no organization has this id. */
const SYSTEM = 'system';

type Job = { run: (db: Db) => Promise<void>; answer: () => void; reject: (error: unknown) => void };

const SAVEPOINT = CompiledQuery.raw('savepoint one_write');
const ROLLBACK = CompiledQuery.raw('rollback to one_write');
const RELEASE = CompiledQuery.raw('release one_write');

/** Writes that share transactions. */
export type WriteGroups = {
  write: Store['write'];
  writeFor: Store['writeFor'];
  /** Refuses new writes, and resolves when all earlier ones are answered. */
  close(): Promise<void>;
};

/**
 * Runs writes in groups: writes that arrive in one turn of the event loop, or while a group runs, share one transaction
 * and so one wait for the disk. Each write has its own savepoint, and is answered when the commit is on the disk (if
 * there is a disk). Organizations and the system take turns within a group: each waits for at most one write of every
 * other one, and one commit.
 */
export function createWriteGroups(db: Db, changes: Changes, disk: Disk | null): WriteGroups {
  const waiting = createFairQueue<Job>();
  let draining: Promise<void> | null = null;
  let closed = false;

  const drain = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    while (waiting.size() > 0) {
      await runGroup(db, changes, disk, waiting);
      // What fails here is tried again after the next group.
      await disk?.tidy().catch(() => undefined);
    }
    draining = null;
  };

  const write = <T>(owner: string, fn: (db: Db) => Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      if (closed) {
        throw new StoreUnavailable('Storage is unavailable: it has been closed.');
      }
      if (owner !== SYSTEM && waiting.waitingOf(owner) >= MAX_WAITING_WRITES) {
        throw tooManyWaiting();
      }
      const job: Job = {
        run: async (db) => {
          const value = await fn(db);
          job.answer = () => resolve(value);
        },
        answer: () => undefined,
        reject,
      };
      waiting.add(owner, job);
      draining ??= drain();
    });

  return {
    write: (fn) => write(SYSTEM, fn),
    writeFor: write,
    async close() {
      closed = true;
      await draining;
    },
  };
}

async function runGroup(outside: Db, changes: Changes, disk: Disk | null, waiting: FairQueue<Job>): Promise<void> {
  const jobs: Job[] = [];
  const end = performance.now() + GROUP_MS;
  const yieldTurn = createYielding();
  let transaction: ControlledTransaction<Database> | null = null;
  try {
    disk?.check();
    transaction = await outside.sql.startTransaction().execute();
    const watched = changes.watch(transaction);
    const db: Db = { ...outside, sql: watched.sql };
    do {
      const next = waiting.take();
      if (next === undefined) {
        break;
      }
      jobs.push(next.item);
      await runInSavepoint(db, next.item);
      // Writes beyond this connection see nothing of it, and those of this one wait for the group anyway.
      await yieldTurn();
    } while (jobs.length < MAX_GROUP_WRITES && performance.now() < end);
    await transaction.commit().execute();
    changes.note(watched.changed());
  } catch (error) {
    await transaction
      ?.rollback()
      .execute()
      .catch(() => undefined);
    // Without a transaction no write can be tried.
    for (let next = transaction === null ? waiting.take() : undefined; next !== undefined; next = waiting.take()) {
      jobs.push(next.item);
    }
    for (const job of jobs) {
      job.reject(error);
    }
    return;
  }
  // Readers see it already; who has written it hears of it when it cannot be lost any more.
  try {
    await disk?.sync();
    for (const job of jobs) {
      job.answer();
    }
  } catch (error) {
    for (const job of jobs) {
      job.reject(error);
    }
  }
}

async function runInSavepoint(db: Db, job: Job): Promise<void> {
  await db.sql.executeQuery(SAVEPOINT);
  try {
    await job.run(db);
  } catch (error) {
    job.answer = () => job.reject(error);
    await db.sql.executeQuery(ROLLBACK).catch((lost) => {
      // SQLite gave up the whole transaction, and with it the savepoint; its reason is the first error.
      throw error instanceof StoreUnavailable ? error : lost;
    });
  }
  await db.sql.executeQuery(RELEASE);
}
