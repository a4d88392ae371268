import { readJson } from '../base/read-json.ts';
import { type ActorKind, type AuditOutcome, readActorKind, readAuditOutcome } from '../contract/closed-words.ts';
import { newEventId } from './event-ids.ts';
import type { ListPlace } from './keyset.ts';
import type { Database } from './schema.ts';
import { slices } from './slices.ts';
import type { Db } from './store.ts';

/** An event of the audit log. Events outlive their targets. */
export type AuditEvent = {
  id: string;
  /** Milliseconds since the epoch. */
  at: number;
  actor: { kind: ActorKind; id: string | null; name: string };
  organizationId: string | null;
  action: string;
  target: { kind: string; id: string };
  outcome: AuditOutcome;
  details: Record<string, unknown>;
};

/** An event, before it is recorded. */
export type NewAuditEvent = Omit<AuditEvent, 'id'>;

/** A query for events. `before` is the last event of the previous page; `since` is inclusive. */
export type AuditQuery = {
  organizationId?: string;
  action?: string;
  since?: number;
  before?: ListPlace;
  limit: number;
};

/** Records events, in order, and returns them with their ids. */
export async function insert(db: Db, events: readonly NewAuditEvent[]): Promise<AuditEvent[]> {
  const stored = events.map((event) => ({ id: newEventId(event.at), ...event }));
  for (const slice of slices(stored)) {
    await db.sql.insertInto('audit_events').values(slice.map(toRow)).execute();
  }
  return stored;
}

/** Returns the events of a query, without tool calls: newest first; within one millisecond, last recorded first. */
export async function page(db: Db, query: AuditQuery): Promise<AuditEvent[]> {
  const { organizationId, action, since, before, limit } = query;
  let select = db.sql.selectFrom('audit_events').selectAll();
  if (organizationId !== undefined) {
    select = select.where('organization_id', '=', organizationId);
  }
  if (action !== undefined) {
    select = select.where('action', '=', action);
  }
  if (since !== undefined) {
    select = select.where('at', '>=', since);
  }
  if (before) {
    select = select.where(({ eb, refTuple, tuple }) => eb(refTuple('at', 'id'), '<', tuple(before.at, before.id)));
  }
  const rows = await select.orderBy('at', 'desc').orderBy('id', 'desc').limit(limit).execute();
  return rows.map(toAuditEvent);
}

function toRow(event: AuditEvent): Database['audit_events'] {
  return {
    id: event.id,
    at: event.at,
    actor_kind: event.actor.kind,
    actor_id: event.actor.id,
    actor_name: event.actor.name,
    organization_id: event.organizationId,
    action: event.action,
    target_kind: event.target.kind,
    target_id: event.target.id,
    outcome: event.outcome,
    details: JSON.stringify(event.details),
  };
}

function toAuditEvent(row: Database['audit_events']): AuditEvent {
  return {
    id: row.id,
    at: row.at,
    actor: { kind: readActorKind(row.actor_kind, 'audit_events', row.id), id: row.actor_id, name: row.actor_name },
    organizationId: row.organization_id,
    action: row.action,
    target: { kind: row.target_kind, id: row.target_id },
    outcome: readAuditOutcome(row.outcome, 'audit_events', row.id),
    details: readJson(row.details) as AuditEvent['details'],
  };
}
