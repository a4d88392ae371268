import { type Kysely, sql } from 'kysely';
import type { Engine } from '../store.ts';

/**
 * For several processes on one PostgreSQL: the commits that others follow, and the lock that lets a write run alone.
 * `topics` is null where anything of the subject may have changed.
 */
export async function changes(db: Kysely<unknown>, engine: Engine): Promise<void> {
  if (engine === 'sqlite') {
    return;
  }
  await sql`
    create table changes (
      xid xid8 not null default pg_current_xact_id(),
      subject text not null,
      topics text[],
      at timestamptz not null default clock_timestamp(),
      primary key (xid, subject)
    )
  `.execute(db);
  await sql`create index changes_by_at on changes (at)`.execute(db);
  await sql`create table write_gate ()`.execute(db);
}
