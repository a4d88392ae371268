import { DAY_MS } from '../base/instants.ts';
import { PURGE_SLICE_ROWS } from './purge.ts';
import { slices } from './slices.ts';
import type { Db } from './store.ts';

/** The tool calls of a day (UTC). */
export type CallDay = {
  /** The beginning of the day, in milliseconds since the epoch. */
  readonly day: number;
  readonly calls: number;
  readonly failures: number;
};

/** A tool call, as it counts. */
export type CountedCall = {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly organization_id: string;
  /** Null for a success. */
  readonly reason: string | null;
};

/** The days for which calls are counted, today included. */
export const KEPT_DAYS = 30;

/** Returns the beginning of the first of these days, in milliseconds since the epoch. */
export const firstDay = (now: number): number => dayOf(now) - (KEPT_DAYS - 1) * DAY_MS;

/** Returns the beginning of the day (UTC) of an instant; both in milliseconds since the epoch. */
const dayOf = (at: number): number => Math.floor(at / DAY_MS) * DAY_MS;

/** Counts calls, in the write that stores them. */
export async function add({ sql }: Db, calls: readonly CountedCall[]): Promise<void> {
  const byDay = Map.groupBy(calls, ({ organization_id, at }) => `${organization_id} ${dayOf(at)}`);
  // In one order in all processes: PostgreSQL locks the rows.
  const rows = [...byDay]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, [first, ...others]]) =>
      first === undefined
        ? []
        : [
            {
              organization_id: first.organization_id,
              day: dayOf(first.at),
              calls: others.length + 1,
              failures: [first, ...others].filter(({ reason }) => reason !== null).length,
            },
          ],
    );
  for (const slice of slices(rows)) {
    await sql
      .insertInto('call_days')
      .values([...slice])
      .onConflict((conflict) =>
        conflict.columns(['organization_id', 'day']).doUpdateSet(({ eb, ref }) => ({
          calls: eb('call_days.calls', '+', ref('excluded.calls')),
          failures: eb('call_days.failures', '+', ref('excluded.failures')),
        })),
      )
      .execute();
  }
}

/**
 * Returns the days since `since` with calls of an organization, or of all (null), the oldest first. That of all reads a row
 * for each organization and day: use `store.slowRead`.
 */
export async function since({ sql }: Db, organizationId: string | null, since: number): Promise<CallDay[]> {
  const rows = await sql
    .selectFrom('call_days')
    .select(({ fn }) => ['day', fn.sum<number>('calls').as('calls'), fn.sum<number>('failures').as('failures')])
    .where('day', '>=', since)
    .$if(organizationId !== null, (query) => query.where('organization_id', '=', organizationId as string))
    .groupBy('day')
    .orderBy('day')
    .execute();
  return rows.map(({ day, calls, failures }) => ({ day, calls: Number(calls), failures: Number(failures) }));
}

/**
 * Deletes days that are no longer kept at `now` (milliseconds since the epoch), at most `PURGE_SLICE_ROWS` rows, and returns
 * their number. Repeat it, each time in its own write, until the number is less than a slice.
 */
export async function purge({ sql }: Db, now: number): Promise<number> {
  const { numDeletedRows } = await sql
    .deleteFrom('call_days')
    .where(({ eb, refTuple, selectFrom }) =>
      eb(
        refTuple('organization_id', 'day'),
        'in',
        selectFrom('call_days')
          .select(['organization_id', 'day'])
          .where('day', '<', firstDay(now))
          .orderBy('day')
          .limit(PURGE_SLICE_ROWS)
          .$asTuple('organization_id', 'day'),
      ),
    )
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
