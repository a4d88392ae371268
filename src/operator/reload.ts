import type { components } from '../../generated/api.ts';
import { ApiError } from '../errors.ts';
import type { ServerFailed } from '../runtime/failed.ts';

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

export const RELOADED: Reload = { status: 'reloaded', message: 'Saved and reloaded.', error: null };
export const UNCHANGED: Reload = { status: 'reloaded', message: 'No changes.', error: null };

/** Saved, and tried again until it answers. */
export const retrying = (reason: string): Reload => ({
  status: 'reloaded',
  message: 'Saved and reloaded. Server unreachable; retrying.',
  error: reason,
});

/** Saved, for the next start of the process; `why`, in words, where this one could not even try. */
export const restartRequired = (why: string): Reload => ({
  status: 'restart_required',
  message: `Saved. Restart required to apply${why === '' ? '' : `: ${why}`}.`,
  error: null,
});

/** 500: nothing was saved, and nothing that served has stopped. */
export function reloadFailed(failure: ServerFailed, stderr: string | null): ApiError {
  const reason = failure.message;
  const message = 'Reload failed; nothing was saved.';
  const reload: Reload = { status: 'reload_failed', message, error: reason };
  const details = { recovered: true, reason, ...(stderr !== null && { stderr }) };
  return new ApiError('reload_failed', message, { details, beside: { reload } });
}
