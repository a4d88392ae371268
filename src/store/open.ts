import type { Store, StoreOptions } from './store.ts';

/**
 * Opens the database exclusively: creates a missing one, migrates an old one (a SQLite file is first copied to
 * `gatehouse.db.before-<migration>`). Throws StoreRefused if another process holds it, if it is newer than the program,
 * if the keys do not fit, or if it is missing and must exist; StoreUnavailable if it cannot be reached or written.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { location } = options;
  if (location.kind === 'postgres') {
    // The driver is loaded only where it is used: it costs start time and memory.
    const { openPostgres } = await import('./postgres/open.ts');
    return openPostgres(location.url, options);
  }
  const { openSqlite } = await import('./sqlite/open.ts');
  return openSqlite(location, options);
}
