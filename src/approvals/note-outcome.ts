import type { Logger } from 'pino';
import * as states from '../store/approval-states.ts';
import type { Store } from '../store/store.ts';

/**
 * Stores the outcome of an approved call, without delaying its answer. The outcome is for people who look later: a failure
 * to store it is logged.
 */
export function noteOutcome(
  { store, log }: { readonly store: Pick<Store, 'writeFor'>; readonly log: Logger },
  organizationId: string,
  requestId: string,
  isError: boolean,
): void {
  const outcome = isError ? 'failed' : 'succeeded';
  store
    .writeFor(organizationId, (db) => states.noteOutcome(db, requestId, outcome))
    .catch((error: unknown) => log.warn({ err: error }, 'the outcome of an approved call could not be stored'));
}
