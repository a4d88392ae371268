import type { Db, Store } from './store.ts';

/** The maximum number of rows that one `purge` of a table deletes. */
export const PURGE_SLICE_ROWS = 1000;

/** Calls a table's `purge`, each time in its own write, until it deletes less than a slice. */
export async function purgeInSlices({ write }: Store, purge: (db: Db) => Promise<number>): Promise<void> {
  let deleted = PURGE_SLICE_ROWS;
  while (deleted === PURGE_SLICE_ROWS) {
    deleted = await write(purge);
  }
}
