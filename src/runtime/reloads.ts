import type { components } from '../../generated/api.ts';
import { createKeyedQueue, type KeyedQueue } from '../base/keyed-queue.ts';

/** The result of a change for the running gateway. */
export type Reload = components['schemas']['Reload'];

/** A reload and its time, in milliseconds since the epoch. */
export type PastReload = Reload & { readonly at: number };

/** Runs the changes of one server one after another, and remembers the last reload of all servers. */
export type Reloads = {
  /** Runs a change of a server after the earlier changes of this server; changes of other servers run meanwhile. */
  readonly inTurn: KeyedQueue;
  readonly note: (reload: PastReload) => void;
  readonly last: () => PastReload | null;
};

/** Creates the queue of one gateway. */
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
