import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { createFairLimiter, QueueFull } from '../../base/fair-queue.ts';
import type { Changes } from '../changes.ts';
import { claimRows, ownersOfWork } from '../claims.ts';
import { StoreUnavailable } from '../errors.ts';
import type { Db, Store } from '../store.ts';
import { MAX_WAITING_WRITES, tooManyWaiting } from '../write-shares.ts';
import { isLostRace } from './errors.ts';
import type { Follower, Recorded } from './follower.ts';
import { createGate } from './gate.ts';

const MAX_ATTEMPTS = 4;
/**
 * The first statement of each transaction that writes: it waits while another process runs a write alone, and it takes
 * no snapshot, so that the transaction sees everything that was committed before its turn.
 */
const BESIDE_OTHERS = sql`lock table write_gate in row share mode`;
/** The same for a write that runs alone, among those of all processes. */
const ALONE = sql`lock table write_gate in exclusive mode`;
/** Writes of organizations that run at once, of all and of one; the rest of the pool's ten connections is for others. */
const SLOTS = { slots: 6, slotsPerOwner: 3, mostWaiting: MAX_WAITING_WRITES };

/** Runs writes as single transactions. */
export type Writes = {
  write: Store['write'];
  writeFor: Store['writeFor'];
  claim: Store['claim'];
  /** Refuses new writes, and resolves when all earlier ones are answered. */
  close(): Promise<void>;
};

/** What writes need of a store. */
export type WriteParts = {
  readonly db: Db;
  readonly changes: Changes;
  readonly follower: Follower;
  /** Throws if this process must not write. */
  readonly assertHeld: () => void;
};

/**
 * Runs writes as concurrent serializable transactions. A write that loses a race runs again alone, so that every write
 * succeeds in turn even if many, in many processes, change the same row. Organizations share the connections; the system
 * has its own.
 */
export function createWrites({ db, changes, follower, assertHeld }: WriteParts): Writes {
  const gate = createGate();
  const shares = createFairLimiter(SLOTS);
  const underWay = new Set<Promise<unknown>>();
  const claimant = randomUUID();
  let closed = false;

  const transact = async <T>(fn: (db: Db) => Promise<T>, turn: typeof ALONE): Promise<T> => {
    let recorded: Recorded | null = null;
    let isCommitted = false;
    try {
      const answer = await db.sql
        .transaction()
        .setIsolationLevel('serializable')
        .execute(async (transaction) => {
          await turn.execute(transaction);
          const watched = changes.watch(transaction);
          const value = await fn({ ...db, sql: watched.sql });
          recorded = await follower.record(transaction, watched.changed());
          // The lock may have been lost meanwhile, and another process may count on that.
          assertHeld();
          return value;
        });
      isCommitted = true;
      return answer;
    } finally {
      (recorded as Recorded | null)?.end(isCommitted);
    }
  };

  const attempt = async <T>(fn: (db: Db) => Promise<T>): Promise<T> => {
    for (let attempts = 1; ; attempts += 1) {
      assertHeld();
      try {
        return await (attempts === 1
          ? gate.shared(() => transact(fn, BESIDE_OTHERS))
          : gate.alone(() => transact(fn, ALONE)));
      } catch (error) {
        if (attempts === MAX_ATTEMPTS || !isLostRace(error)) {
          throw error;
        }
      }
    }
  };

  const track = async <T>(begin: () => Promise<T>): Promise<T> => {
    if (closed) {
      throw new StoreUnavailable('Storage is unavailable: it has been closed.');
    }
    const work = begin();
    underWay.add(work);
    try {
      return await work;
    } finally {
      underWay.delete(work);
    }
  };

  const write = <T>(fn: (db: Db) => Promise<T>): Promise<T> => track(() => attempt(fn));

  const claim: Store['claim'] = async (table, wanted) => {
    const options = { claimant, hasRivals: true };
    const owners = await ownersOfWork(db, table, wanted, options);
    if (owners.length === 0) {
      return [];
    }
    assertHeld();
    // Serializable transactions that want the same rows fail; these skip the rows that others are about to take.
    return db.sql
      .transaction()
      .setIsolationLevel('read committed')
      .execute(async (transaction) => {
        await BESIDE_OTHERS.execute(transaction);
        const rows = await claimRows({ ...db, sql: transaction }, table, { ...wanted, owners }, options);
        assertHeld();
        return rows;
      });
  };

  return {
    write,
    claim: (table, wanted) => track(() => claim(table, wanted)),
    writeFor: (organizationId, fn) =>
      shares
        .run(organizationId, () => write(fn))
        .catch((error: unknown) => {
          throw error instanceof QueueFull ? tooManyWaiting() : error;
        }),
    async close() {
      closed = true;
      await Promise.allSettled(underWay);
    },
  };
}
