import type { Kysely } from 'kysely';
import { createFairLimiter, QueueFull } from '../../base/fair-queue.ts';
import type { Changes } from '../changes.ts';
import { StoreUnavailable } from '../errors.ts';
import type { Database } from '../schema.ts';
import type { Sealer } from '../secrets.ts';
import type { Db, Store } from '../store.ts';
import { MAX_WAITING_WRITES, tooManyWaiting } from '../write-shares.ts';
import { isLostRace } from './errors.ts';
import { createGate } from './gate.ts';

const MAX_ATTEMPTS = 4;
/** Writes of organizations that run at once, of all and of one; the rest of the pool's ten connections is for others. */
const SLOTS = { slots: 6, slotsPerOwner: 3, mostWaiting: MAX_WAITING_WRITES };

/** Runs writes as single transactions. */
export type Writes = {
  write: Store['write'];
  writeFor: Store['writeFor'];
  /** Refuses new writes, and resolves when all earlier ones are answered. */
  close(): Promise<void>;
};

/**
 * Runs writes as concurrent serializable transactions. A write that loses a race runs again alone, so that every write
 * succeeds in turn even if many change the same row. Organizations share the connections; the system has its own.
 * `assertHeld` throws if this process must not write.
 */
export function createWrites(sql: Kysely<Database>, secrets: Sealer, changes: Changes, assertHeld: () => void): Writes {
  const gate = createGate();
  const shares = createFairLimiter(SLOTS);
  const underWay = new Set<Promise<unknown>>();
  let closed = false;

  const transact = async <T>(fn: (db: Db) => Promise<T>): Promise<T> => {
    let committed = (): void => undefined;
    const answer = await sql
      .transaction()
      .setIsolationLevel('serializable')
      .execute(async (transaction) => {
        const watched = changes.watch(transaction);
        committed = watched.committed;
        const value = await fn({ sql: watched.sql, secrets });
        // The lock may have been lost meanwhile, and another process may count on that.
        assertHeld();
        return value;
      });
    committed();
    return answer;
  };

  const attempt = async <T>(fn: (db: Db) => Promise<T>): Promise<T> => {
    for (let attempts = 1; ; attempts += 1) {
      assertHeld();
      try {
        const work = () => transact(fn);
        return await (attempts === 1 ? gate.shared(work) : gate.alone(work));
      } catch (error) {
        if (attempts === MAX_ATTEMPTS || !isLostRace(error)) {
          throw error;
        }
      }
    }
  };

  const write = async <T>(fn: (db: Db) => Promise<T>): Promise<T> => {
    if (closed) {
      throw new StoreUnavailable('Storage is unavailable: it has been closed.');
    }
    const writing = attempt(fn);
    underWay.add(writing);
    try {
      return await writing;
    } finally {
      underWay.delete(writing);
    }
  };

  return {
    write,
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
