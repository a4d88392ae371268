import { StoreUnavailable } from './errors.ts';
import * as settings from './settings.ts';
import type { Store } from './store.ts';

/** A success counts for this long, so that frequent probes do not make the disk work. */
const FRESH_MS = 1000;

/**
 * The `write` and `check` of a store over an engine's `write`. Only a real write proves that writes succeed, so a
 * check makes one unless another has just been seen.
 */
export function withCheck(write: Store['write'], now: () => number): Pick<Store, 'write' | 'check'> {
  let provenAt = Number.NEGATIVE_INFINITY;

  const observed: Store['write'] = async (fn) => {
    try {
      const value = await write(fn);
      provenAt = now();
      return value;
    } catch (error) {
      if (error instanceof StoreUnavailable) {
        provenAt = Number.NEGATIVE_INFINITY;
      }
      throw error;
    }
  };

  return {
    write: observed,
    async check() {
      if (now() - provenAt < FRESH_MS) {
        return;
      }
      await observed((db) => settings.set(db, 'last_check', String(now())));
    },
  };
}
