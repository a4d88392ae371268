import { type Kysely, sql } from 'kysely';
import type { Engine } from '../store.ts';

/**
 * Calls can need the approvals of several people. What happens to approval requests is kept for a day, numbered in each
 * organization without gaps, for people who look on; the last number outlives its event.
 */
export async function severalApprovals(db: Kysely<unknown>, engine: Engine): Promise<void> {
  const text = engine === 'postgres' ? sql`text collate "C"` : ('text' as const);
  const { schema } = db;
  for (const table of ['servers', 'integrations', 'approval_requests']) {
    await schema
      .alterTable(table)
      .addColumn('required_approvals', 'integer', (column) => column.notNull().defaultTo(1))
      .execute();
  }

  await schema
    .createTable('approval_events')
    .addColumn('id', text, (column) => column.primaryKey().notNull())
    .addColumn('organization_id', text, (column) => column.notNull().references('organizations.id').onDelete('cascade'))
    .addColumn('number', 'bigint', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('payload', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .execute();
  await schema
    .createIndex('approval_events_by_organization_id_number')
    .on('approval_events')
    .columns(['organization_id', 'number'])
    .unique()
    .execute();
  await schema.createIndex('approval_events_by_at').on('approval_events').column('at').execute();

  await schema
    .createTable('approval_event_heads')
    .addColumn('organization_id', text, (column) =>
      column.primaryKey().notNull().references('organizations.id').onDelete('cascade'),
    )
    .addColumn('number', 'bigint', (column) => column.notNull())
    .addColumn('event_id', 'text', (column) => column.notNull())
    .execute();
}
