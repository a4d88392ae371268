import { type RawBuilder, sql } from 'kysely';
import type { Db } from './store.ts';
import type { Claim, ClaimedRow, WorkColumns, WorkTable } from './work.ts';

/** How an engine claims. */
export type ClaimOptions = {
  /** The name of this process, which no other has. */
  readonly claimant: string;
  /** Whether other processes may hold claims; otherwise those of an earlier process are free. */
  readonly hasRivals: boolean;
};

const isDue = (db: Db, { claimant, hasRivals }: ClaimOptions): RawBuilder<boolean> => {
  const isFree = hasRivals
    ? sql`(claimed_until is null or claimed_until <= ${db.time()})`
    : sql`(claimed_until is null or claimed_until <= ${db.time()} or claimed_by <> ${claimant})`;
  return sql<boolean>`due_at <= ${db.time()} and ${isFree}`;
};

/**
 * Returns the organizations that have rows to claim, the one with the row that is due first before the others. It finds
 * each in an index: an organization with many rows that is left for later costs no more than one with few.
 */
export async function ownersOfWork(
  db: Db,
  table: WorkTable,
  { exceptOrganizations }: Pick<Claim, 'exceptOrganizations'>,
  options: ClaimOptions,
): Promise<string[]> {
  const rows = sql.table(table);
  const { rows: owners } = await sql<{ id: string; due_at: number | null }>`
    with recursive owners (id) as (
      select min(organization_id) from ${rows}
      union all
      select (select min(organization_id) from ${rows} where organization_id > owners.id) from owners
      where owners.id is not null
    )
    select id, (
      select due_at from ${rows} where organization_id = owners.id and ${isDue(db, options)} order by due_at, id limit 1
    ) as due_at
    from owners where id is not null
  `.execute(db.sql);
  return owners
    .filter(({ id, due_at: dueAt }) => dueAt !== null && !exceptOrganizations.includes(id))
    .toSorted((a, b) => Number(a.due_at) - Number(b.due_at))
    .map(({ id }) => id);
}

/** Claims rows, in a transaction. `lockRows` is the clause that skips rows which others are claiming. */
export async function claimRows<T extends WorkTable>(
  db: Db,
  table: T,
  { maxRows, holdMs, owners }: Pick<Claim, 'maxRows' | 'holdMs'> & { readonly owners: readonly string[] },
  options: ClaimOptions,
  lockRows: RawBuilder<unknown>,
): Promise<ClaimedRow<T>[]> {
  const claimed: WorkColumns[] = [];
  for (const owner of owners) {
    // Materialized: asked again for each row, it would claim more than `maxRows`.
    const { rows } = await sql<WorkColumns>`
      with due as materialized (
        select id as due_id from ${sql.table(table)}
        where organization_id = ${owner} and ${isDue(db, options)}
        order by due_at, id limit ${maxRows - claimed.length} ${lockRows}
      )
      update ${sql.table(table)}
      set claimed_by = ${options.claimant}, claimed_until = ${db.time()} + ${sql.lit(holdMs)}, fence = fence + 1
      where id in (select due_id from due)
      returning *
    `.execute(db.sql);
    claimed.push(...rows);
    if (claimed.length >= maxRows) {
      break;
    }
  }
  return claimed.toSorted((a, b) => a.due_at - b.due_at || (a.id < b.id ? -1 : 1)) as ClaimedRow<T>[];
}
