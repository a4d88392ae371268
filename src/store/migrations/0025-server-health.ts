import { type Kysely, sql } from 'kysely';
import type { Engine } from '../store.ts';

/** How each server of an organization was when the gateway last used it. */
export async function serverHealth(db: Kysely<unknown>, engine: Engine): Promise<void> {
  const text = engine === 'postgres' ? sql`text collate "C"` : ('text' as const);
  await db.schema
    .createTable('server_health')
    .addColumn('server_id', text, (column) =>
      column.primaryKey().notNull().references('servers.id').onDelete('cascade'),
    )
    .addColumn('organization_id', text, (column) => column.notNull())
    .addColumn('since', 'bigint', (column) => column.notNull())
    .addColumn('last_error', 'text')
    .execute();
  await db.schema
    .createIndex('server_health_by_organization_id')
    .on('server_health')
    .column('organization_id')
    .execute();
  await db.schema
    .createIndex('server_health_failing_by_organization_id_since')
    .on('server_health')
    .columns(['organization_id', 'since'])
    .where(sql.raw<boolean>('last_error is not null'))
    .execute();
}
