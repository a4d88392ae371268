import type { Kysely } from 'kysely';

/** Integrations say whether their tools show output schemas; those that there are say it loosely from now on. */
export async function outputSchemas(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('integrations')
    .addColumn('output_schemas', 'text', (column) => column.notNull().defaultTo('loose'))
    .execute();
}
