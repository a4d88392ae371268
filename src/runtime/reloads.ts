import type { components } from '../../generated/api.ts';

/** What came of a change for the running gateway. */
export type Reload = components['schemas']['Reload'];

/** A reload, and when it was: milliseconds since the epoch. */
export type PastReload = Reload & { readonly at: number };

/** Keeps the changes of one server apart, and remembers the last of all. */
export type Reloads = {
  /** Runs one change of a server after those before it; those of other servers go on meanwhile. */
  readonly alone: <T>(serverId: string, change: () => Promise<T>) => Promise<T>;
  readonly note: (reload: PastReload) => void;
  readonly last: () => PastReload | null;
};

/** Makes the queue of one gateway. */
export function createReloads(): Reloads {
  const queues = new Map<string, Promise<unknown>>();
  let last: PastReload | null = null;
  return {
    alone: async (serverId, change) => {
      const before = queues.get(serverId) ?? Promise.resolve();
      const own = before.then(change, change);
      const settled = own.catch(() => undefined);
      queues.set(serverId, settled);
      try {
        return await own;
      } finally {
        if (queues.get(serverId) === settled) {
          queues.delete(serverId);
        }
      }
    },
    note: (reload) => {
      last = reload;
    },
    last: () => last,
  };
}
