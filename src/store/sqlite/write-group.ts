import { CompiledQuery, type ControlledTransaction, type Kysely } from 'kysely';
import type { Changes } from '../changes.ts';
import { StoreUnavailable } from '../errors.ts';
import type { Database } from '../schema.ts';
import type { Sealer } from '../secrets.ts';
import type { Db, Store } from '../store.ts';

type Job = { run: (db: Db) => Promise<void>; answer: () => void; reject: (error: unknown) => void };

const SAVEPOINT = CompiledQuery.raw('savepoint one_write');
const ROLLBACK = CompiledQuery.raw('rollback to one_write');
const RELEASE = CompiledQuery.raw('release one_write');

/** Writes that share transactions. */
export type WriteGroups = {
  write: Store['write'];
  /** Resolves when everything written so far has been answered; refuses writes from now on. */
  close(): Promise<void>;
};

/**
 * Runs writes in groups: those asked for in one turn of the event loop, or while a group runs, share one transaction
 * and so one wait for the disk. Each has a savepoint of its own, and is answered after the commit.
 */
export function createWriteGroups(sql: Kysely<Database>, secrets: Sealer, changes: Changes): WriteGroups {
  let waiting: Job[] = [];
  let draining: Promise<void> | null = null;
  let closed = false;

  const drain = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    while (waiting.length > 0) {
      const jobs = waiting;
      waiting = [];
      await runGroup(sql, secrets, changes, jobs);
    }
    draining = null;
  };

  return {
    write: (fn) =>
      new Promise((resolve, reject) => {
        if (closed) {
          throw new StoreUnavailable('Storage is unavailable: it has been closed.');
        }
        const job: Job = {
          run: async (db) => {
            const value = await fn(db);
            job.answer = () => resolve(value);
          },
          answer: () => undefined,
          reject,
        };
        waiting.push(job);
        draining ??= drain();
      }),
    async close() {
      closed = true;
      await draining;
    },
  };
}

async function runGroup(sql: Kysely<Database>, secrets: Sealer, changes: Changes, jobs: readonly Job[]): Promise<void> {
  let transaction: ControlledTransaction<Database> | null = null;
  try {
    transaction = await sql.startTransaction().execute();
    const watched = changes.watch(transaction);
    const db: Db = { sql: watched.sql, secrets };
    for (const job of jobs) {
      await runInSavepoint(db, job);
    }
    await transaction.commit().execute();
    watched.committed();
  } catch (error) {
    await transaction
      ?.rollback()
      .execute()
      .catch(() => undefined);
    for (const job of jobs) {
      job.reject(error);
    }
    return;
  }
  for (const job of jobs) {
    job.answer();
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
