import type { Kysely, RawBuilder } from 'kysely';
import type { Database } from './schema.ts';
import type { Sealer } from './secrets.ts';
import type { Subject } from './topics.ts';
import type { Claim, ClaimedRow, WorkTable } from './work.ts';

export { StoreBusy, StoreRefused, StoreUnavailable } from './errors.ts';

/** The database engine. */
export type Engine = 'sqlite' | 'postgres';

/** The parameter of repository functions: access to the database, and to the sealer for its secrets. */
export type Db = {
  readonly sql: Kysely<Database>;
  readonly secrets: Sealer;
  /** An expression for the database's time, in milliseconds since the epoch: processes may have different clocks. */
  readonly time: () => RawBuilder<number>;
};

/** Gets the topics of a change; `anything` if they are unknown. */
export type ChangeListener = (topics: ReadonlySet<string> | 'anything') => void;

/** The open database. Every member may throw StoreUnavailable. */
export type Store = {
  readonly engine: Engine;
  /** Reads committed state only. Do not use it inside a `write`: it may wait for that same write. */
  readonly read: Db;
  /** The same data, for slow reads: in SQLite files they run on a worker thread, off the event loop. */
  readonly slowRead: Db;
  /**
   * Runs `fn` in a transaction and resolves with its result once that is durable. If `fn` throws, its changes are
   * discarded and `write` rejects with the same error. Writes behave as if they ran one after another. `fn` must use
   * only the given `db`, wait for nothing else, let a failed statement fail it, and have no other effects: on
   * PostgreSQL it runs again after it loses a race.
   */
  write<T>(fn: (db: Db) => Promise<T>): Promise<T>;
  /**
   * The same for writes of, or because of, an organization. Organizations take turns; an organization with
   * `MAX_WAITING_WRITES` waiting writes gets StoreBusy. `write` is for the operator and the gateway itself, and does
   * not wait for organizations' turns.
   */
  writeFor<T>(organizationId: string, fn: (db: Db) => Promise<T>): Promise<T>;
  /**
   * Takes rows of work that are due, for this process alone until the claim ends, in the order in which they are due.
   * The work is done outside of a write. A later write ends it, on the condition that the row still has the fence of
   * the claim: otherwise another process has taken the row since.
   */
  claim<T extends WorkTable>(table: T, claim: Claim): Promise<ClaimedRow<T>[]>;
  /**
   * Grows with every commit that changes anything except approval requests, the audit log, settings, credentials and
   * work: a read stays valid while the count stays the same. Own commits count before the writer gets its result;
   * those of other processes within a second or two.
   */
  changes(): number;
  /**
   * Whether anything in these topics may have changed since the count was `since`: reads stay valid until then. Topics
   * are the ids of endpoints, accounts, servers, integrations and organizations, and those of `catalogueTopic`. Rows
   * that are deleted with their organization or server change under those topics. If PostgreSQL has not answered for
   * `trustMs`, everything counts as changed.
   */
  hasChanged(topics: readonly string[], since: number): boolean;
  /**
   * Calls `listener` at each change of a subject, when `changes` would count it; read again then, as the change may also
   * be none. Returns a function that ends this.
   */
  onChange(subject: Subject, listener: ChangeListener): () => void;
  /** Resolves when writes succeed now (one within the last second counts); rejects with StoreUnavailable otherwise. */
  check(): Promise<void>;
  /** Finishes the pending writes, refuses later ones with StoreUnavailable, and releases the database. */
  close(): Promise<void>;
};

/** Writes a line to the log. */
export type StoreLog = (level: 'info' | 'warn' | 'error', message: string, details?: object) => void;

/** The place of the database, its keys, and its time limits. */
export type StoreOptions = {
  location: { kind: 'memory' } | { kind: 'file'; directory: string } | { kind: 'postgres'; url: string };
  /** 32 bytes each: the first one seals, all open. */
  secretKeys: readonly Buffer[];
  /** Where the keys come from, for messages; the default is the variable GATEHOUSE_SECRET_KEY. */
  keySource?: string;
  log: StoreLog;
  /** Milliseconds since the epoch. */
  now: () => number;
  /**
   * The time limit of a statement of PostgreSQL after the migration, in milliseconds; 0, the default, means no limit.
   */
  waitMs?: number;
  /** The time after PostgreSQL's last answer for which reads count as valid, in milliseconds. */
  trustMs?: number;
  /** The action for a missing database; the default is to create one. */
  missing?: 'create' | 'refuse';
};
