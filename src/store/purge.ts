import type { Db, Store } from './store.ts';

/** How many rows one `purge` of a table deletes at most. */
export const PURGE_SLICE_ROWS = 1000;

/** Calls a table's `purge`, in a write of its own each time, until it deletes less than a slice. */
export async function purgeInSlices({ write }: Store, purge: (db: Db) => Promise<number>): Promise<void> {
  let deleted = PURGE_SLICE_ROWS;
  while (deleted === PURGE_SLICE_ROWS) {
    deleted = await write(purge);
  }
}
