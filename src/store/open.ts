import type { Store, StoreOptions } from './store.ts';

/**
 * Opens the database, alone: creates it when missing, migrates it when old (a SQLite file is copied first, to
 * `gatehouse.db.before-<migration>`). Throws StoreRefused when another process holds it, when it is newer than the
 * program, when the keys do not fit, or when it is missing and must not be; StoreUnavailable when it cannot be reached
 * or written.
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
