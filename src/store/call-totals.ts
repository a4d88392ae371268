import { hash } from 'node:crypto';
import { DAY_MS } from '../base/instants.ts';
import { readJson } from '../base/read-json.ts';
import { firstIdAt } from './event-ids.ts';
import type { Database } from './schema.ts';
import { slices } from './slices.ts';
import type { Db } from './store.ts';
import * as toolCalls from './tool-calls.ts';

/** The action of a day's totals of one endpoint's calls of one tool. */
export const CALLED_DAILY_ACTION = 'tool.called_daily';

/** The maximum number of calls of one `rollUp`. */
export const ROLL_UP_SLICE_CALLS = 250;

type Totals = { calls: number; failures: number; duration_ms: number; request_bytes: number; response_bytes: number };

/**
 * Adds the oldest calls from before `olderThan` (milliseconds since the epoch), at most `ROLL_UP_SLICE_CALLS`, to the
 * totals of their day (UTC), endpoint and tool, deletes them, and returns their number. Repeat it, each time in its own
 * write, until the number is less than a slice.
 */
export const rollUp = (db: Db, olderThan: number): Promise<number> => rollUpBelow(db, firstIdAt(olderThan));

/** The same for the calls of all organizations, or of one, with ids below `below`. */
export async function rollUpBelow(db: Db, below: string, organizationId?: string): Promise<number> {
  const calls = await toolCalls.oldest(db, below, ROLL_UP_SLICE_CALLS, organizationId);
  for (const slice of slices([...dailyRows(calls).values()])) {
    await addToStored(db, slice);
  }
  await toolCalls.remove(
    db,
    calls.map(({ id }) => id),
  );
  return calls.length;
}

/** Rounds milliseconds to tenths: the sum of such numbers does not depend on their order. */
export const tenths = (milliseconds: number): number => Math.round(milliseconds * 10) / 10;

type DailyRow = Omit<Database['audit_events'], 'details'> & { totals: Totals };

/** One row for each day, organization, endpoint and tool, by its id. */
function dailyRows(calls: readonly toolCalls.ToolCall[]): Map<string, DailyRow> {
  const rows = new Map<string, DailyRow>();
  for (const call of calls) {
    const at = Math.floor(call.at / DAY_MS) * DAY_MS;
    const key = JSON.stringify([at, call.organization_id, call.endpoint_id, call.tool]);
    const { duration_ms, request_bytes, response_bytes } = call;
    const own = { calls: 1, failures: call.reason === null ? 0 : 1, duration_ms, request_bytes, response_bytes };
    const known = rows.get(key);
    rows.set(key, {
      id: known?.id ?? idOf(at, key),
      at,
      actor_kind: 'endpoint',
      actor_id: call.endpoint_id,
      actor_name: call.endpoint_name,
      organization_id: call.organization_id,
      action: CALLED_DAILY_ACTION,
      target_kind: 'tool',
      target_id: call.tool,
      outcome: 'success',
      totals: known === undefined ? own : sum(known.totals, own),
    });
  }
  return rows;
}

async function addToStored(db: Db, rows: readonly DailyRow[]): Promise<void> {
  const ids = rows.map(({ id }) => id);
  const stored = await db.sql.selectFrom('audit_events').select(['id', 'details']).where('id', 'in', ids).execute();
  const before = new Map(stored.map(({ id, details }) => [id, readJson(details) as Totals]));
  const values = rows.map(({ totals, ...row }) => {
    const known = before.get(row.id);
    return { ...row, details: JSON.stringify(known === undefined ? totals : sum(known, totals)) };
  });
  await db.sql
    .insertInto('audit_events')
    .values(values)
    .onConflict((conflict) =>
      // Endpoints can be renamed; the last name of the day stays.
      conflict.column('id').doUpdateSet(({ ref }) => ({
        actor_name: ref('excluded.actor_name'),
        details: ref('excluded.details'),
      })),
    )
    .execute();
}

const sum = (a: Totals, b: Totals): Totals => ({
  calls: a.calls + b.calls,
  failures: a.failures + b.failures,
  duration_ms: tenths(a.duration_ms + b.duration_ms),
  request_bytes: a.request_bytes + b.request_bytes,
  response_bytes: a.response_bytes + b.response_bytes,
});

/** An id (UUID version 8) made of what the row totals: every slice of a day finds the row by its primary key. */
function idOf(at: number, key: string): string {
  const digest = hash('sha256', key, 'hex');
  const [a, b, c] = [digest.slice(0, 3), digest.slice(3, 6), digest.slice(6, 18)];
  return `${firstIdAt(at)}-8${a}-8${b}-${c}`;
}
