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

/**
 * Claims rows, in a transaction. With `hasRivals`, it skips the rows that others are claiming. The statements are built,
 * not written, so that the store knows what they change: to claim work changes nothing that is kept.
 */
export async function claimRows<T extends WorkTable>(
  db: Db,
  table: T,
  { maxRows, holdMs, owners }: Pick<Claim, 'maxRows' | 'holdMs'> & { readonly owners: readonly string[] },
  options: ClaimOptions,
): Promise<ClaimedRow<T>[]> {
  const work = db.sql as unknown as Kysely<WorkDatabase>;
  const name = table as WorkTable as never as 'work';
  const ids: string[] = [];
  for (const owner of owners) {
    const due = await work
      .selectFrom(name)
      .select('id')
      .where('organization_id', '=', owner)
      .where(isDue(db, options))
      .orderBy('due_at')
      .orderBy('id')
      .limit(maxRows - ids.length)
      .$if(options.hasRivals, (query) => query.forUpdate().skipLocked())
      .execute();
    ids.push(...due.map(({ id }) => id));
    if (ids.length >= maxRows) {
      break;
    }
  }
  if (ids.length === 0) {
    return [];
  }
  const rows = await work
    .updateTable(name)
    .set((eb) => ({
      claimed_by: options.claimant,
      claimed_until: sql<number>`${db.time()} + ${sql.lit(holdMs)}`,
      fence: eb('fence', '+', 1),
    }))
    .where('id', 'in', ids)
    .returningAll()
    .execute();
  return rows.toSorted((a, b) => a.due_at - b.due_at || (a.id < b.id ? -1 : 1)) as unknown as ClaimedRow<T>[];
}
