import type { Kysely } from 'kysely';
import type { Changes } from '../changes.ts';
import { StoreUnavailable } from '../errors.ts';
import type { Database } from '../schema.ts';
import type { Sealer } from '../secrets.ts';
import type { Db, Store } from '../store.ts';
import { lostRace } from './errors.ts';
import { createGate } from './gate.ts';

const ATTEMPTS = 4;

/** Writes as transactions of their own. */
export type Writes = {
  write: Store['write'];
  /** Resolves when everything being written has been answered; refuses writes from now on. */
  close(): Promise<void>;
};

/**
 * Writes as serializable transactions, side by side. One that loses a race runs again alone, so that however many
 * want the same row, each gets its turn. `assertHeld` throws when this process must not write.
 */
export function createWrites(sql: Kysely<Database>, secrets: Sealer, changes: Changes, assertHeld: () => void): Writes {
  const gate = createGate();
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
        if (attempts === ATTEMPTS || !lostRace(error)) {
          throw error;
        }
      }
    }
  };

  return {
    async write(fn) {
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
    },
    async close() {
      closed = true;
      await Promise.allSettled(underWay);
    },
  };
}
