import type { Kysely } from 'kysely';

/**
 * Integrations know the rules of their names: 1 for those that there are, which keep names and methods. They say what
 * becomes of operations without a text, which gave no tools before.
 */
export async function naming(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('integrations')
    .addColumn('naming', 'integer', (column) => column.notNull().defaultTo(1))
    .execute();
  await db.schema
    .alterTable('integrations')
    .addColumn('undocumented', 'text', (column) => column.notNull().defaultTo('skip'))
    .execute();
}
