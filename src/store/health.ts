import { StoreBusy, StoreUnavailable } from './errors.ts';
import * as settings from './settings.ts';
import type { Store } from './store.ts';

/** A success counts for this long, so that frequent probes do not make the disk work. */
const FRESH_MS = 1000;

/**
 * Adds `check` to the writes of an engine. Only a real write proves that writes succeed, so a check makes one unless
 * another has just succeeded. Checks at the same time share one write: anybody may ask for them, as often as they like.
 */
export function withCheck(
  { write, writeFor }: Pick<Store, 'write' | 'writeFor'>,
  now: () => number,
): Pick<Store, 'write' | 'writeFor' | 'check'> {
  let provenAt = Number.NEGATIVE_INFINITY;
  let checking: Promise<void> | undefined;

  const observed = async <T>(writing: Promise<T>): Promise<T> => {
    try {
      const value = await writing;
      provenAt = now();
      return value;
    } catch (error) {
      if (error instanceof StoreUnavailable && !(error instanceof StoreBusy)) {
        provenAt = Number.NEGATIVE_INFINITY;
      }
      throw error;
    }
  };

  return {
    write: (fn) => observed(write(fn)),
    writeFor: (organizationId, fn) => observed(writeFor(organizationId, fn)),
    async check() {
      if (now() - provenAt < FRESH_MS) {
        return;
      }
      checking ??= observed(write((db) => settings.set(db, 'last_check', String(now())))).finally(() => {
        checking = undefined;
      });
      await checking;
    },
  };
}
