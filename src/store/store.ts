import type { Kysely } from 'kysely';
import type { Database } from './schema.ts';
import type { Sealer } from './secrets.ts';

export { StoreBusy, StoreRefused, StoreUnavailable } from './errors.ts';

/** Which database holds the data. */
export type Engine = 'sqlite' | 'postgres';

/** What repository functions take: a way to ask the database, and to open and seal what is secret in it. */
export type Db = { readonly sql: Kysely<Database>; readonly secrets: Sealer };

/** The open database. Every member may throw StoreUnavailable. */
export type Store = {
  readonly engine: Engine;
  /** Committed state only. Not for use inside a `write`: there it may wait for that very write. */
  readonly read: Db;
  /** The same data, for slow reads: in SQLite files they run on a worker thread, off the event loop. */
  readonly aside: Db;
  /**
   * Runs `fn` in a transaction and resolves with its answer once that is durable; when `fn` throws, nothing it did is
   * kept and `write` rejects with the same error. Writes behave as if they ran one after another. `fn` must use only
   * the `db` it is given, wait for nothing but it, let a failed statement fail it, and have no other effects: on
   * PostgreSQL it runs again when it lost a race.
   */
  write<T>(fn: (db: Db) => Promise<T>): Promise<T>;
  /**
   * The same for what an organization does, or causes. Organizations take turns; one that has `MAX_WAITING_WRITES` writes
   * waiting gets StoreBusy. `write` is for the operator and the gateway itself, and waits for no organization's turn.
   */
  writeFor<T>(organizationId: string, fn: (db: Db) => Promise<T>): Promise<T>;
  /**
   * Grows with every commit that changed anything but the audit log, settings and credentials, before the writer gets
   * its answer: what was read at one count holds as long as the count is the same.
   */
  changes(): number;
  /**
   * Whether anything of these topics may have changed since the count was `since`: what was read then holds as long as
   * that is not so. Topics are the ids of endpoints, accounts, servers, integrations and organizations, and those of
   * `catalogueTopic`; what is deleted with its organization, or with its server, changes under their topics. When
   * PostgreSQL has not answered for `trustMs`, everything has changed.
   */
  hasChanged(topics: readonly string[], since: number): boolean;
  /** Resolves when writes succeed now (one within the last second counts); rejects with StoreUnavailable otherwise. */
  check(): Promise<void>;
  /** Finishes the writes under way, refuses later ones with StoreUnavailable, and frees the database. */
  close(): Promise<void>;
};

export type StoreLog = (level: 'info' | 'warn' | 'error', message: string, details?: object) => void;

export type StoreOptions = {
  location: { kind: 'memory' } | { kind: 'file'; directory: string } | { kind: 'postgres'; url: string };
  /** 32 bytes each: the first seals, any opens. */
  secretKeys: readonly Buffer[];
  log: StoreLog;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Milliseconds that PostgreSQL gets to answer a statement, once it is migrated; 0, where left out, for no bound. */
  waitMs?: number;
  /** Milliseconds after its last answer for which what was read of PostgreSQL is taken for true. */
  trustMs?: number;
  /** What to do where there is no database yet: make one, unless told. */
  missing?: 'create' | 'refuse';
};
