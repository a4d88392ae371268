import { hash } from 'node:crypto';
import type { Database } from './schema.ts';
import { slices } from './slices.ts';
import type { Db } from './store.ts';

/** The action of a single tool call. */
export const CALLED = 'tool.called';
/** The action of a day's totals of one endpoint's calls of one tool. */
const CALLED_DAILY = 'tool.called_daily';

/** How many calls one `rollUp` takes at most. */
export const ROLL_UP_SLICE = 250;

const DAY = 24 * 60 * 60 * 1000;

type Row = Database['audit_events'];
type Totals = { calls: number; failures: number; duration_ms: number; request_bytes: number; response_bytes: number };

/**
 * Adds the oldest calls from before `olderThan` (milliseconds since the epoch), at most `ROLL_UP_SLICE` of them, to
 * the totals of their day (UTC), endpoint and tool, deletes them, and returns how many they were. Call it again, in a
 * write of its own, until that is less than a slice.
 */
export async function rollUp(db: Db, olderThan: number): Promise<number> {
  const calls = await db.sql
    .selectFrom('audit_events')
    .selectAll()
    // Of pairs, so that PostgreSQL takes the index that begins with the action: where most events are calls, it would
    // take the one by time, and read past the totals of all the days before.
    .where(({ and, eb, refTuple, tuple }) =>
      and([
        eb(refTuple('action', 'at'), '>=', tuple(CALLED, 0)),
        eb(refTuple('action', 'at'), '<', tuple(CALLED, olderThan)),
      ]),
    )
    .orderBy('action')
    .orderBy('at')
    .orderBy('id')
    .limit(ROLL_UP_SLICE)
    .execute();
  for (const slice of slices([...dailyRows(calls).values()])) {
    await addToStored(db, slice);
  }
  for (const slice of slices(calls.map(({ id }) => id))) {
    await db.sql.deleteFrom('audit_events').where('id', 'in', slice).execute();
  }
  return calls.length;
}

/** A number of milliseconds in whole tenths: sums of such numbers come out the same in whatever order they are made. */
export const tenths = (milliseconds: number): number => Math.round(milliseconds * 10) / 10;

type DailyRow = Omit<Row, 'details'> & { totals: Totals };

/** One row for each day, organization, endpoint and tool, by its id. */
function dailyRows(calls: readonly Row[]): Map<string, DailyRow> {
  const rows = new Map<string, DailyRow>();
  for (const { details, ...call } of calls) {
    const at = Math.floor(call.at / DAY) * DAY;
    const key = JSON.stringify([at, call.organization_id, call.actor_id, call.target_id]);
    const { duration_ms, request_bytes, response_bytes } = JSON.parse(details);
    const own = { calls: 1, failures: call.outcome === 'failure' ? 1 : 0, duration_ms, request_bytes, response_bytes };
    const known = rows.get(key);
    const totals = known === undefined ? own : sum(known.totals, own);
    const id = known?.id ?? idOf(at, key);
    rows.set(key, { ...call, id, at, action: CALLED_DAILY, outcome: 'success', totals });
  }
  return rows;
}

async function addToStored(db: Db, rows: readonly DailyRow[]): Promise<void> {
  const ids = rows.map(({ id }) => id);
  const stored = await db.sql.selectFrom('audit_events').select(['id', 'details']).where('id', 'in', ids).execute();
  const before = new Map(stored.map(({ id, details }) => [id, JSON.parse(details) as Totals]));
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
  const time = at.toString(16).padStart(12, '0');
  const digest = hash('sha256', key, 'hex');
  const [a, b, c] = [digest.slice(0, 3), digest.slice(3, 6), digest.slice(6, 18)];
  return `${time.slice(0, 8)}-${time.slice(8)}-8${a}-8${b}-${c}`;
}
