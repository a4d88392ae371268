import { DAY_MS } from '../base/instants.ts';
import * as events from '../store/approval-events.ts';
import * as states from '../store/approval-states.ts';
import { purgeInSlices } from '../store/purge.ts';
import type { Store } from '../store/store.ts';

/** A request with a decision keeps its arguments for this number of days. */
const DECIDED_DAYS = 30;
/** A request without a decision is kept for this number of days: clients can make any number of them. */
const UNDECIDED_DAYS = 1;

/** Events are kept for this number of days. */
const EVENT_DAYS = 1;

/**
 * Erases the arguments of requests that ended 30 days ago. Deletes requests that ended a day ago without a decision, and the
 * events of more than a day ago.
 */
export async function eraseRequests(store: Store, now: number): Promise<void> {
  await purgeInSlices(store, (db) => states.eraseArguments(db, now - DECIDED_DAYS * DAY_MS));
  await purgeInSlices(store, (db) => states.removeUndecided(db, now - UNDECIDED_DAYS * DAY_MS));
  await purgeInSlices(store, (db) => events.purge(db, now - EVENT_DAYS * DAY_MS));
}
