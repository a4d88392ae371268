import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Db } from './store.ts';
import type { Claim, ClaimedRow, WorkColumns, WorkTable } from './work.ts';

/** How an engine claims. */
export type ClaimOptions = {
  /** The name of this process, which no other has. */
  readonly claimant: string;
  /** Whether other processes may hold claims; otherwise those of an earlier process are free. */
  readonly hasRivals: boolean;
};

type WorkDatabase = { work: WorkColumns };

const conditions = (
  db: Db,
  { exceptOrganizations }: Claim,
  { claimant, hasRivals }: ClaimOptions,
): RawBuilder<boolean> => {
  const isFree = hasRivals
    ? sql`(claimed_until is null or claimed_until <= ${db.time()})`
    : sql`(claimed_until is null or claimed_until <= ${db.time()} or claimed_by <> ${claimant})`;
  const isWanted =
    exceptOrganizations.length === 0 ? sql`` : sql` and organization_id not in (${sql.join(exceptOrganizations)})`;
  return sql<boolean>`due_at <= ${db.time()} and ${isFree}${isWanted}`;
};

/** Whether there are rows to claim. */
export async function hasWork(db: Db, table: WorkTable, claim: Claim, options: ClaimOptions): Promise<boolean> {
  const found = await tableOf(db, table)
    .select('id')
    .where(conditions(db, claim, options))
    .limit(1)
    .executeTakeFirst();
  return found !== undefined;
}

/** Claims rows, in a transaction. `lockRows` is the clause that skips rows which others are claiming. */
export async function claimRows<T extends WorkTable>(
  db: Db,
  table: T,
  claim: Claim,
  options: ClaimOptions,
  lockRows: RawBuilder<unknown>,
): Promise<ClaimedRow<T>[]> {
  // Materialized: asked again for each row, it would claim more than `maxRows`.
  const { rows } = await sql<WorkColumns>`
    with due as materialized (
      select id as due_id from ${sql.table(table)}
      where ${conditions(db, claim, options)}
      order by due_at, id limit ${claim.maxRows} ${lockRows}
    )
    update ${sql.table(table)}
    set claimed_by = ${options.claimant}, claimed_until = ${db.time()} + ${sql.lit(claim.holdMs)}, fence = fence + 1
    where id in (select due_id from due)
    returning *
  `.execute(db.sql);
  return rows.toSorted((a, b) => a.due_at - b.due_at || (a.id < b.id ? -1 : 1)) as ClaimedRow<T>[];
}

const tableOf = ({ sql: database }: Db, table: WorkTable) =>
  (database as unknown as Kysely<WorkDatabase>).selectFrom(table as 'work');
