import { DAY_MS } from '../base/instants.ts';
import * as states from '../store/approval-states.ts';
import { purgeInSlices } from '../store/purge.ts';
import type { Store } from '../store/store.ts';

/** Days after which the arguments of a request are erased that a person has decided about. */
const DECIDED_DAYS = 30;
/** Days after which a request is deleted that nobody has decided about: clients can make any number of them. */
const UNDECIDED_DAYS = 1;

/** Erases the arguments of requests that ended 30 days ago, and deletes the requests that nobody has decided about after a day. */
export async function eraseRequests(store: Store, now: number): Promise<void> {
  await purgeInSlices(store, (db) => states.eraseArguments(db, now - DECIDED_DAYS * DAY_MS));
  await purgeInSlices(store, (db) => states.removeUndecided(db, now - UNDECIDED_DAYS * DAY_MS));
}
