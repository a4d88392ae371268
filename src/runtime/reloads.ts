import type { components } from '../../generated/api.ts';
import { createKeyedQueue, type KeyedQueue } from '../base/keyed-queue.ts';

/** What came of a change for the running gateway. */
export type Reload = components['schemas']['Reload'];

/** A reload, and when it was: milliseconds since the epoch. */
export type PastReload = Reload & { readonly at: number };

/** Keeps the changes of one server apart, and remembers the last of all. */
export type Reloads = {
  /** Runs one change of a server after those before it; those of other servers go on meanwhile. */
  readonly inTurn: KeyedQueue;
  readonly note: (reload: PastReload) => void;
  readonly last: () => PastReload | null;
};

/** Makes the queue of one gateway. */
export function createReloads(): Reloads {
  let last: PastReload | null = null;
  return {
    inTurn: createKeyedQueue(),
    note: (reload) => {
      last = reload;
    },
    last: () => last,
  };
}
