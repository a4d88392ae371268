import type { Database } from './schema.ts';

/** A column with sealed values. Each has its own context, so a value does not open in another place. */
export type SealedColumn = {
  readonly table: string;
  /** The columns of the table's primary key; the last one is the id that contexts name. */
  readonly primaryKey: readonly string[];
  /** Text; may be null if there is no value. */
  readonly column: string;
  /** The context of the value in the row with that id. */
  readonly contextOf: (id: string) => string;
};

/**
 * Every column with sealed values: the repositories take their contexts from here, and `rekey` walks it. A column that
 * is missing here keeps its old key for ever.
 */
export const SEALED = {
  serverHeaders: sealed('servers', ['id'], 'request_headers'),
  accountContext: sealed('accounts', ['organization_id', 'id'], 'context'),
  sharedServerConfig: sealed('shared_servers', ['id'], 'config'),
  webhookUrl: sealed('webhooks', ['id'], 'url'),
  webhookSecret: sealed('webhooks', ['id'], 'secret'),
  previousWebhookSecret: sealed('webhooks', ['id'], 'previous_secret'),
  approvalArguments: {
    ...sealed('approval_contents', ['request_id'], 'arguments'),
    // Where they were before they had a table of their own.
    contextOf: (id: string) => `approval_requests.arguments:${id}`,
  },
};

function sealed<T extends keyof Database>(
  table: T,
  primaryKey: readonly (keyof Database[T] & string)[],
  column: keyof Database[T] & string,
): SealedColumn {
  return { table, primaryKey, column, contextOf: (id) => `${table}.${column}:${id}` };
}
