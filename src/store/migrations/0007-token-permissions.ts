import type { Kysely } from 'kysely';

/** API tokens have permissions. Those that there are keep everything that they could do. */
export async function tokenPermissions(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('api_tokens')
    .addColumn('permissions', 'text', (column) => column.notNull().defaultTo('["accounts","approvals"]'))
    .execute();
}
