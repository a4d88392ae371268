import {
  DeleteQueryNode,
  InsertQueryNode,
  type Kysely,
  type KyselyPlugin,
  type OperationNode,
  TableNode,
  UpdateQueryNode,
} from 'kysely';
import type { Database } from './schema.ts';

/** Tables that are written all the time; who uses credentials asks for them each time. */
const UNWATCHED = new Set<string>([
  'audit_events',
  'tool_calls',
  'settings',
  'api_tokens',
  'key_pairs',
] satisfies (keyof Database)[]);

/** Counts commits, so that what was read can be kept until something changes. */
export type Changes = {
  /** Grows with every commit that changed anything but the audit log, settings and credentials. */
  readonly count: () => number;
  /** The same transaction, watched; `committed` is called after its commit and before anybody is told of it. */
  readonly watch: (transaction: Kysely<Database>) => { sql: Kysely<Database>; committed: () => void };
};

/** Makes the counter of one store. */
export function createChanges(): Changes {
  let count = 0;
  return {
    count: () => count,
    watch: (transaction) => {
      let isWatched = false;
      const plugin: KyselyPlugin = {
        transformQuery: ({ node }) => {
          isWatched ||= tablesOf(node).some((table) => !UNWATCHED.has(table));
          return node;
        },
        transformResult: async ({ result }) => result,
      };
      return {
        sql: transaction.withPlugin(plugin),
        committed: () => {
          count += isWatched ? 1 : 0;
        },
      };
    },
  };
}

function tablesOf(node: OperationNode): string[] {
  const changed = InsertQueryNode.is(node)
    ? [node.into]
    : UpdateQueryNode.is(node)
      ? [node.table]
      : DeleteQueryNode.is(node)
        ? node.from.froms
        : [];
  return changed.flatMap((table) => (table !== undefined && TableNode.is(table) ? [table.table.identifier.name] : []));
}
