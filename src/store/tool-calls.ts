import { CompiledQuery } from 'kysely';
import type { AuditEvent, AuditQuery } from './audit-events.ts';
import * as callDays from './call-days.ts';
import { firstIdAt } from './event-ids.ts';
import type { Database } from './schema.ts';
import { slices } from './slices.ts';
import type { Db, Engine } from './store.ts';

/** The action of a tool call as an event of the audit log. */
export const CALLED_ACTION = 'tool.called';

/** One tool call through an endpoint. Its id begins with its time, so calls sort by id. */
export type ToolCall = Database['tool_calls'];

const COLUMNS = [
  'id',
  'at',
  'organization_id',
  'endpoint_id',
  'endpoint_name',
  'tool',
  'duration_ms',
  'request_bytes',
  'response_bytes',
  'reason',
  'arguments',
  'arguments_cut',
] as const satisfies (keyof ToolCall)[];

/** Statements that insert so many calls: Kysely takes longer to write one than the database to run it. */
const insertions = new Map<string, string>();

/** Records and counts calls; already recorded calls stay unchanged. */
export async function insertOnce(db: Db, engine: Engine, calls: readonly ToolCall[]): Promise<void> {
  const recorded: ToolCall[] = [];
  for (const slice of slices(calls)) {
    const key = `${engine} ${slice.length}`;
    const insertion = insertions.get(key) ?? insertionOf(engine, slice.length);
    insertions.set(key, insertion);
    const values = slice.flatMap((call) => COLUMNS.map((column) => call[column]));
    const { rows } = await db.sql.executeQuery(CompiledQuery.raw(insertion, values));
    const isAll = rows.length === slice.length;
    const ids = new Set(isAll ? [] : (rows as { id: string }[]).map(({ id }) => id));
    recorded.push(...(isAll ? slice : slice.filter(({ id }) => ids.has(id))));
  }
  await callDays.add(db, recorded);
}

function insertionOf(engine: Engine, calls: number): string {
  let count = 0;
  const parameter = (): string => (engine === 'postgres' ? `$${++count}` : '?');
  const rows = Array.from({ length: calls }, () => `(${COLUMNS.map(parameter).join(', ')})`);
  return `insert into tool_calls (${COLUMNS.join(', ')}) values ${rows.join(', ')} on conflict (id) do nothing returning id`;
}

/** Returns the calls of a query as events of the audit log, newest first; ignores its action. */
export async function page({ sql }: Db, { organizationId, since, before, limit }: AuditQuery): Promise<AuditEvent[]> {
  let select = sql.selectFrom('tool_calls').selectAll();
  if (organizationId !== undefined) {
    select = select.where('organization_id', '=', organizationId);
  }
  if (since !== undefined) {
    select = select.where('id', '>=', firstIdAt(since));
  }
  if (before) {
    select = select.where('id', '<', before.id);
  }
  const calls = await select.orderBy('id', 'desc').limit(limit).execute();
  return calls.map(toAuditEvent);
}

/** Returns the oldest calls of all organizations, or of one, with ids below `below`; at most `limit`. */
export function oldest({ sql }: Db, below: string, limit: number, organizationId?: string): Promise<ToolCall[]> {
  const calls = sql.selectFrom('tool_calls').selectAll().where('id', '<', below).orderBy('id').limit(limit);
  return (organizationId === undefined ? calls : calls.where('organization_id', '=', organizationId)).execute();
}

/** Deletes calls by their ids. */
export async function remove({ sql }: Db, ids: readonly string[]): Promise<void> {
  for (const slice of slices(ids)) {
    await sql.deleteFrom('tool_calls').where('id', 'in', slice).execute();
  }
}

const toAuditEvent = (call: ToolCall): AuditEvent => ({
  id: call.id,
  at: call.at,
  actor: { kind: 'endpoint', id: call.endpoint_id, name: call.endpoint_name },
  organizationId: call.organization_id,
  action: CALLED_ACTION,
  target: { kind: 'tool', id: call.tool },
  outcome: call.reason === null ? 'success' : 'failure',
  details: {
    duration_ms: call.duration_ms,
    request_bytes: call.request_bytes,
    response_bytes: call.response_bytes,
    ...(call.reason !== null && { reason: call.reason }),
    ...(call.arguments !== null && { arguments: call.arguments }),
    ...(call.arguments_cut === 1 && { arguments_cut: true }),
  },
});
