import * as auditEvents from './audit-events.ts';
import { firstIdAt } from './event-ids.ts';
import { PURGE_SLICE_ROWS } from './purge.ts';
import type { Db } from './store.ts';
import * as toolCalls from './tool-calls.ts';

/**
 * Returns the events of a query, both changes and tool calls: newest first; within one millisecond, last recorded
 * first.
 */
export async function page(db: Db, query: auditEvents.AuditQuery): Promise<auditEvents.AuditEvent[]> {
  const { action, limit } = query;
  const events = action === toolCalls.CALLED_ACTION ? [] : await auditEvents.page(db, query);
  const calls = action === undefined || action === toolCalls.CALLED_ACTION ? await toolCalls.page(db, query) : [];
  // Ids of both begin with the time.
  return [...events, ...calls].sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, limit);
}

/**
 * Deletes the oldest events from before `olderThan` (milliseconds since the epoch), at most `PURGE_SLICE_ROWS` of each
 * kind, and returns the larger number. Repeat it, each time in its own write, until the number is less than a slice.
 */
export async function purge({ sql }: Db, olderThan: number): Promise<number> {
  let most = 0;
  for (const table of ['audit_events', 'tool_calls'] as const) {
    const { numDeletedRows } = await sql
      .deleteFrom(table)
      .where('id', 'in', (query) =>
        query
          .selectFrom(table)
          .select('id')
          .where('id', '<', firstIdAt(olderThan))
          .orderBy('id')
          .limit(PURGE_SLICE_ROWS),
      )
      .executeTakeFirstOrThrow();
    most = Math.max(most, Number(numDeletedRows));
  }
  return most;
}
