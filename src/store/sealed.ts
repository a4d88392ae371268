import type { Database } from './schema.ts';

/** A column whose values are sealed, each in a context of its own, so that none opens where it was moved to. */
export type SealedColumn = {
  readonly table: string;
  /** The columns of the table's primary key; the last one is the id that contexts name. */
  readonly primaryKey: readonly string[];
  /** Text; may be null where there is nothing to seal. */
  readonly column: string;
  /** The context of the value in the row with that id. */
  readonly contextOf: (id: string) => string;
};

/**
 * Every column that holds sealed values: what the repositories take their contexts from, and what `rekey` walks. A
 * column that is not here keeps its old key for ever.
 */
export const SEALED = {
  serverHeaders: sealed('servers', ['id'], 'request_headers'),
  accountContext: sealed('accounts', ['organization_id', 'id'], 'context'),
  sharedServerConfig: sealed('shared_servers', ['id'], 'config'),
};

function sealed<T extends keyof Database>(
  table: T,
  primaryKey: readonly (keyof Database[T] & string)[],
  column: keyof Database[T] & string,
): SealedColumn {
  return { table, primaryKey, column, contextOf: (id) => `${table}.${column}:${id}` };
}
