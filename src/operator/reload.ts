import { ApiError } from '../base/errors.ts';
import type { Reload } from '../runtime/reloads.ts';
import type { ServerFailed } from '../runtime/server-failed.ts';

/** The result of a change that the running gateway uses. */
export const RELOADED: Reload = { status: 'reloaded', message: 'Saved and reloaded.', error: null };
/** The result of a request without changes. */
export const UNCHANGED: Reload = { status: 'reloaded', message: 'No changes.', error: null };

/** The result of a saved change whose server is unreachable; the gateway tries again until it answers. */
export const reloadRetrying = (reason: string): Reload => ({
  status: 'reloaded',
  message: 'Saved and reloaded. Server unreachable; retrying.',
  error: reason,
});

/** The result of a saved change that applies at the next start. `why` gives the reason in words, or is empty. */
export const restartRequired = (why: string): Reload => ({
  status: 'restart_required',
  message: `Saved. Restart required to apply${why === '' ? '' : `: ${why}`}.`,
  error: null,
});

/**
 * The error for a server that cannot start with the change: nothing was saved, and the earlier configuration stays in
 * use.
 */
export function reloadFailed(failure: ServerFailed, stderr: string | null): ApiError {
  const reason = failure.message;
  const message = 'Reload failed; nothing was saved.';
  const reload: Reload = { status: 'reload_failed', message, error: reason };
  const details = { recovered: true, reason, ...(stderr !== null && { stderr }) };
  return new ApiError('reload_failed', message, { details, beside: { reload }, cause: failure });
}
