import {
  AliasNode,
  AndNode,
  BinaryOperationNode,
  ColumnNode,
  DeleteQueryNode,
  InsertQueryNode,
  type OnConflictNode,
  type OperationNode,
  OperatorNode,
  ParensNode,
  PrimitiveValueListNode,
  RawNode,
  ReferenceNode,
  SelectQueryNode,
  TableNode,
  UpdateQueryNode,
  ValueListNode,
  ValueNode,
  ValuesNode,
} from 'kysely';
import type { Database } from './schema.ts';

/**
 * The subjects of commits: `config`, everything that gateways keep of organizations and servers; `approvals`, the calls
 * that wait for a person.
 */
export const SUBJECTS = ['config', 'approvals'] as const;
/** A subject of commits. */
export type Subject = (typeof SUBJECTS)[number];

type Columns = { readonly [Table in keyof Database]: readonly (keyof Database[Table] & string)[] };

/**
 * For each table, the columns whose values are the topics of its rows in `config`, the narrowest first; none where
 * nothing that is kept depends on it. A topic is the id of an endpoint, an account, a server, an integration or an organization, or that
 * of `catalogueTopic`. Whoever keeps what it has read of a row must watch the topics that all these columns have there.
 */
const CONFIG_COLUMNS: Columns = {
  settings: [],
  secret_keys: [],
  organizations: ['id'],
  organization_usage: [],
  // Credentials are asked for each time.
  api_tokens: [],
  key_pairs: [],
  members: [],
  sessions: [],
  session_members: [],
  servers: ['id', 'organization_id'],
  shared_servers: ['id'],
  server_catalogues: ['server_id'],
  // Nothing that is kept depends on it.
  server_health: [],
  tool_approvals: ['account_id'],
  // Nothing that is kept depends on them, and a call that waits must not empty what others keep.
  approval_requests: [],
  approval_contents: [],
  approval_decisions: [],
  approval_events: [],
  approval_event_heads: [],
  audit_events: [],
  tool_calls: [],
  call_days: [],
  webhooks: [],
  // Each delivery must not empty what others keep.
  webhook_deliveries: [],
  integrations: ['id', 'organization_id'],
  integration_contents: ['integration_id'],
  accounts: ['id', 'server_id', 'shared_server_id', 'integration_id', 'organization_id'],
  endpoints: ['id', 'account_id', 'organization_id'],
};

/**
 * The same for `approvals`: a topic is the id of a request, or of an organization with a new event. All other tables have
 * none.
 */
const APPROVAL_COLUMNS: Partial<Columns> = {
  approval_requests: ['id'],
  approval_decisions: ['request_id'],
  approval_events: ['organization_id'],
};

const COLUMNS_OF: Readonly<Record<Subject, Partial<Columns>>> = {
  config: CONFIG_COLUMNS,
  approvals: APPROVAL_COLUMNS,
};

/** Returns the topic of all servers of an organization together. */
export const serversOf = (organizationId: string): string => `servers of ${organizationId}`;

/** Returns the topic of a server's tool list, which the server changes, not a person. */
export const catalogueTopic = (serverId: string): string => `catalogue ${serverId}`;

/** Tables of which only matters that a row is there: an organization counts things in its own. */
const ONLY_THERE: readonly string[] = ['organizations'] satisfies (keyof Database)[];

/** The topics of the rows that a statement changes; `anything` if they are unknown. */
export type ChangedTopics = readonly string[] | 'anything';

/**
 * Returns the topics in a subject of the rows that a statement changes: the values of a topic's column that it inserts,
 * or that its condition requires. Rows that the database deletes together with others also have the topics of those.
 */
export function changedBy(node: OperationNode, subject: Subject = 'config'): ChangedTopics {
  if (SelectQueryNode.is(node)) {
    return node.with === undefined ? [] : 'anything';
  }
  if (InsertQueryNode.is(node)) {
    const values = (column: string) => inserted(node, column);
    return isPlain(node, INSERT_PARTS) ? firstOf(node.into, subject, values) : 'anything';
  }
  if (UpdateQueryNode.is(node)) {
    const moved = new Set(node.updates?.map(({ column }) => nameOf(column)));
    const demands = (column: string) => (moved.has(column) ? null : demanded(node.where?.where, column));
    if (!isPlain(node, UPDATE_PARTS)) {
      return 'anything';
    }
    return ONLY_THERE.includes(tableOf(node.table)) ? [] : firstOf(node.table, subject, demands);
  }
  if (DeleteQueryNode.is(node)) {
    const [from, ...others] = node.from.froms;
    return isPlain(node, DELETE_PARTS) && others.length === 0
      ? firstOf(from, subject, (column) => demanded(node.where?.where, column))
      : 'anything';
  }
  return 'anything';
}

/** The supported parts of statements. Any other part may change further rows. */
const INSERT_PARTS = ['kind', 'into', 'columns', 'values', 'returning', 'onConflict'];
const UPDATE_PARTS = ['kind', 'table', 'where', 'updates', 'returning'];
const DELETE_PARTS = ['kind', 'from', 'where', 'returning'];

const isPlain = (node: OperationNode, parts: readonly string[]): boolean =>
  Object.entries(node).every(([part, value]) => value === undefined || parts.includes(part));

const tableOf = (table: OperationNode | undefined): string =>
  table !== undefined && TableNode.is(table) ? table.table.identifier.name : '';

/** The values of the first of a table's topic columns that has any. */
function firstOf(
  table: OperationNode | undefined,
  subject: Subject,
  valuesOf: (column: string) => string[] | null,
): ChangedTopics {
  const name = tableOf(table);
  if (!Object.hasOwn(CONFIG_COLUMNS, name)) {
    return 'anything';
  }
  const columns: readonly string[] = COLUMNS_OF[subject][name as keyof Database] ?? [];
  // They are kept as a list as well, which a new one is added to.
  const lists = name === 'servers' ? valuesOf('organization_id')?.map(serversOf) : [];
  for (const column of columns) {
    const values = valuesOf(column);
    if (values !== null) {
      const topics = name === 'server_catalogues' ? values.map(catalogueTopic) : values;
      return lists === undefined ? 'anything' : [...topics, ...lists];
    }
  }
  return columns.length === 0 ? [] : 'anything';
}

/** The values of a column that are inserted; null where they are not in the statement. */
function inserted({ columns = [], values, onConflict }: InsertQueryNode, column: string): string[] | null {
  const place = columns.findIndex((one) => nameOf(one) === column);
  if (place === -1 || values === undefined || changesOthers(onConflict, column)) {
    return null;
  }
  if (SelectQueryNode.is(values)) {
    const selection = values.selections?.[place]?.selection;
    return selection === undefined ? null : textsOf(AliasNode.is(selection) ? selection.node : selection);
  }
  return ValuesNode.is(values) ? flatten(values.values.map((row) => textsOf(row.values[place]))) : null;
}

/** Whether rows that are there already, and have another value in the column, may be changed in place of an insertion. */
const changesOthers = (onConflict: OnConflictNode | undefined, column: string): boolean =>
  onConflict !== undefined &&
  onConflict.doNothing !== true &&
  onConflict.columns?.some((one) => nameOf(one) === column) !== true;

/** The values of which a condition demands one of a column; null where it does not. */
function demanded(condition: OperationNode | undefined, column: string): string[] | null {
  if (condition === undefined) {
    return null;
  }
  if (AndNode.is(condition)) {
    return demanded(condition.left, column) ?? demanded(condition.right, column);
  }
  if (ParensNode.is(condition)) {
    return demanded(condition.node, column);
  }
  if (!BinaryOperationNode.is(condition) || nameOf(condition.leftOperand) !== column) {
    return null;
  }
  const { operator, rightOperand } = condition;
  return OperatorNode.is(operator) && ['=', 'in'].includes(operator.operator) ? textsOf(rightOperand) : null;
}

/** Returns the texts of a value or a list of values; null for values that the database computes. */
function textsOf(value: unknown): string[] | null {
  if (typeof value === 'string') {
    return [value];
  }
  const node = value as OperationNode | undefined;
  if (node === undefined || node === null || typeof node !== 'object') {
    return null;
  }
  if (ValueNode.is(node)) {
    return textsOf(node.value);
  }
  if (ValueListNode.is(node) || PrimitiveValueListNode.is(node)) {
    return flatten(node.values.map(textsOf));
  }
  // A value in a query of values that are not.
  return RawNode.is(node) && node.sqlFragments.join('') === '' && node.parameters.length === 1
    ? textsOf(node.parameters[0])
    : null;
}

const flatten = (lists: readonly (string[] | null)[]): string[] | null => {
  const all = lists.flatMap((list) => list ?? []);
  return lists.includes(null) ? null : all;
};

function nameOf(node: OperationNode): string | null {
  const column = ReferenceNode.is(node) ? node.column : node;
  return ColumnNode.is(column) ? column.column.name : null;
}
