import { PURGE_SLICE_ROWS } from './purge.ts';
import type { Db } from './store.ts';

/** Something that has happened to an approval request. */
export type ApprovalEvent = {
  id: string;
  /** Counts the events of the organization from 1, without gaps, in the order of their commits. */
  number: number;
  type: string;
  /** JSON. */
  payload: string;
};

/** An event, before it is stored. */
export type NewApprovalEvent = Omit<ApprovalEvent, 'number'> & {
  organizationId: string;
  /** Milliseconds since the epoch. */
  at: number;
};

/** The maximum number of events of an organization that are kept: clients can make any number of them. */
export const MAX_KEPT_EVENTS = 10_000;

/**
 * Stores an event under the next number of its organization, and deletes the one that is too many then. The head orders commits: of two transactions, the second gets
 * its number after the first has committed. So a reader who has read up to a number has missed none before it.
 */
export async function append(db: Db, { organizationId, ...event }: NewApprovalEvent): Promise<void> {
  const { number } = await db.sql
    .insertInto('approval_event_heads')
    .values({ organization_id: organizationId, number: 1, event_id: event.id })
    .onConflict((conflict) =>
      conflict.column('organization_id').doUpdateSet((eb) => ({
        number: eb('approval_event_heads.number', '+', 1),
        event_id: event.id,
      })),
    )
    .returning('number')
    .executeTakeFirstOrThrow();
  await db.sql
    .insertInto('approval_events')
    .values({ ...event, organization_id: organizationId, number: Number(number) })
    .execute();
  await db.sql
    .deleteFrom('approval_events')
    .where('organization_id', '=', organizationId)
    .where('number', '<=', Number(number) - MAX_KEPT_EVENTS)
    .execute();
}

/** Returns the id and the number of the last event of an organization, also if it is deleted; null if there was none. */
export async function last(db: Db, organizationId: string): Promise<Pick<ApprovalEvent, 'id' | 'number'> | null> {
  const head = await db.sql
    .selectFrom('approval_event_heads')
    .select(['event_id', 'number'])
    .where('organization_id', '=', organizationId)
    .executeTakeFirst();
  return head === undefined ? null : { id: head.event_id, number: Number(head.number) };
}

/** Returns the number of an event of an organization, if it is kept or the last one; otherwise null. */
export async function numberOf(db: Db, organizationId: string, id: string): Promise<number | null> {
  const kept = await db.sql
    .selectFrom('approval_events')
    .select('number')
    .where('id', '=', id)
    .where('organization_id', '=', organizationId)
    .executeTakeFirst();
  if (kept !== undefined) {
    return Number(kept.number);
  }
  const head = await last(db, organizationId);
  return head?.id === id ? head.number : null;
}

/** Returns the events of an organization after a number, at most `limit`, in their order. */
export async function after(db: Db, organizationId: string, number: number, limit: number): Promise<ApprovalEvent[]> {
  const rows = await db.sql
    .selectFrom('approval_events')
    .select(['id', 'number', 'type', 'payload'])
    .where('organization_id', '=', organizationId)
    .where('number', '>', number)
    .orderBy('number')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ ...row, number: Number(row.number) }));
}

/**
 * Deletes events from before a time, the first ones, at most a slice of them, and returns their number. Repeat it, each
 * time in its own write, until the number is less than a slice.
 */
export async function purge(db: Db, before: number): Promise<number> {
  const old = await db.sql
    .selectFrom('approval_events')
    .select(['organization_id', 'number'])
    .where('at', '<', before)
    .orderBy('at')
    .limit(PURGE_SLICE_ROWS)
    .execute();
  for (const [organizationId, events] of Map.groupBy(old, ({ organization_id }) => organization_id)) {
    await db.sql
      .deleteFrom('approval_events')
      .where('organization_id', '=', organizationId)
      .where('number', '<=', Math.max(...events.map(({ number }) => Number(number))))
      .execute();
  }
  return old.length;
}
