import { ApiError } from '../base/errors.ts';
import type { Reload } from '../runtime/reloads.ts';
import type { ServerFailed } from '../runtime/server-failed.ts';

export const RELOADED: Reload = { status: 'reloaded', message: 'Saved and reloaded.', error: null };
export const UNCHANGED: Reload = { status: 'reloaded', message: 'No changes.', error: null };

/** Saved, and tried again until it answers. */
export const reloadRetrying = (reason: string): Reload => ({
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
  return new ApiError('reload_failed', message, { details, beside: { reload }, cause: failure });
}
