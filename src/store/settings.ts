import type { Db } from './store.ts';

/** Returns the value of a setting, or null if it was never set. */
export async function get(db: Db, key: string): Promise<string | null> {
  const row = await db.sql.selectFrom('settings').select('value').where('key', '=', key).executeTakeFirst();
  return row?.value ?? null;
}

/** Sets or replaces a setting. */
export async function set(db: Db, key: string, value: string): Promise<void> {
  await db.sql
    .insertInto('settings')
    .values({ key, value })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
    .execute();
}
