import type { Db } from './store.ts';

/** The value of a setting, or null when it was never set. */
export async function get(db: Db, key: string): Promise<string | null> {
  const row = await db.sql.selectFrom('settings').select('value').where('key', '=', key).executeTakeFirst();
  return row?.value ?? null;
}

/** Sets a setting, whether or not it was set before. */
export async function set(db: Db, key: string, value: string): Promise<void> {
  await db.sql
    .insertInto('settings')
    .values({ key, value })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
    .execute();
}
