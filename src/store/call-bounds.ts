import { sql } from 'kysely';
import { CALLED_DAILY_ACTION } from './call-totals.ts';
import { PURGE_SLICE_ROWS } from './purge.ts';
import type { Db } from './store.ts';

/** Single tool calls, or daily totals. */
export type BoundedKind = 'calls' | 'totals';

const ROWS = {
  calls: sql`tool_calls where true`,
  totals: sql`audit_events where action = ${CALLED_DAILY_ACTION}`,
};
/** Ids of both begin with the time. */
const NEWEST_FIRST = { calls: sql`id desc`, totals: sql`at desc, id desc` };

/** The rows of an organization beyond a bound: all rows with an id below this one. */
export type Beyond = { readonly organizationId: string; readonly below: string };

/**
 * Returns the organizations with more than `most` (1 or more) rows of a kind. Scans all organizations: use
 * `store.slowRead`.
 */
export async function beyond(db: Db, kind: BoundedKind, most: number): Promise<Beyond[]> {
  const { rows } = await sql<{ organization_id: string }>`
    select organization_id from ${ROWS[kind]} group by organization_id having count(*) > ${most}
  `.execute(db.sql);
  const found: Beyond[] = [];
  for (const { organization_id: organizationId } of rows) {
    const oldestKept = await sql<{ id: string }>`
      select id from ${ROWS[kind]} and organization_id = ${organizationId}
      order by ${NEWEST_FIRST[kind]} limit 1 offset ${most - 1}
    `.execute(db.sql);
    found.push(...oldestKept.rows.map(({ id }) => ({ organizationId, below: id })));
  }
  return found;
}

/**
 * Deletes the oldest daily totals of an organization beyond a bound, at most `PURGE_SLICE_ROWS`, and returns their
 * number.
 */
export async function purgeTotals(db: Db, { organizationId, below }: Beyond): Promise<number> {
  const { numDeletedRows } = await db.sql
    .deleteFrom('audit_events')
    .where('id', 'in', (query) =>
      query
        .selectFrom('audit_events')
        .select('id')
        .where('organization_id', '=', organizationId)
        .where('action', '=', CALLED_DAILY_ACTION)
        .where('id', '<', below)
        .orderBy('at')
        .orderBy('id')
        .limit(PURGE_SLICE_ROWS),
    )
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
