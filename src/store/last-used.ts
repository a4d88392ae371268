import { sql } from 'kysely';
import type { Db } from './store.ts';

/** A use of a credential, and its time (milliseconds since the epoch). */
export type Use = { id: string; at: number };

const SLICE_ROWS = 100;

/** Records uses of the credentials in one table, one statement per 100; ignores deleted ids. */
export async function touch(
  db: Db,
  table: 'api_tokens' | 'key_pairs' | 'sessions',
  uses: readonly Use[],
): Promise<void> {
  const latest = new Map<string, number>();
  for (const { id, at } of uses) {
    latest.set(id, Math.max(at, latest.get(id) ?? 0));
  }
  const entries = [...latest];
  for (let start = 0; start < entries.length; start += SLICE_ROWS) {
    const slice = entries.slice(start, start + SLICE_ROWS);
    // PostgreSQL takes a bare parameter in a CASE for text.
    const whens = slice.map(([id, at]) => sql`when ${id} then cast(${at} as bigint)`);
    await db.sql
      .updateTable(table)
      .set({ last_used_at: sql<number>`case id ${sql.join(whens, sql` `)} end` })
      .where(
        'id',
        'in',
        slice.map(([id]) => id),
      )
      .execute();
  }
}
