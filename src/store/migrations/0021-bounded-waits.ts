import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Engine } from '../store.ts';

/**
 * What one organization makes the gateway keep must not slow others. The contents of approval requests, which can be large,
 * get a table of their own: SQLite passes over all of a value to read a column behind it. What an organization holds is
 * summed up from an index alone. Work is found by organization, and a webhook knows how many events wait for it.
 */
export async function boundedWaits(db: Kysely<unknown>, engine: Engine): Promise<void> {
  const text = engine === 'postgres' ? sql`text collate "C"` : ('text' as const);
  const { schema } = db;

  await schema
    .createTable('approval_contents')
    .addColumn('request_id', text, (column) =>
      column.primaryKey().notNull().references('approval_requests.id').onDelete('cascade'),
    )
    .addColumn('definition', 'text', (column) => column.notNull())
    .addColumn('pinned_definition', 'text')
    .addColumn('arguments', 'text')
    .execute();
  await sql`
    insert into approval_contents (request_id, definition, pinned_definition, arguments)
    select id, definition, pinned_definition, arguments from approval_requests
  `.execute(db);
  for (const column of ['definition', 'pinned_definition', 'arguments']) {
    await schema.alterTable('approval_requests').dropColumn(column).execute();
  }
  await schema
    .createIndex('approval_requests_by_held_bytes')
    .on('approval_requests')
    .columns(['organization_id', 'due_at', 'held_bytes'])
    .where(sql<boolean>`due_at is not null`)
    .execute();
  await schema
    .createIndex('approval_requests_by_organization_id_ended_at')
    .on('approval_requests')
    .columns(['organization_id', 'ended_at', 'decided_at', 'held_bytes', 'id'])
    .where(sql<boolean>`ended_at is not null`)
    .execute();

  await schema
    .createIndex('webhook_deliveries_by_organization_id_due_at_id')
    .on('webhook_deliveries')
    .columns(['organization_id', 'due_at', 'id'])
    .execute();
  await schema.dropIndex('webhook_deliveries_by_due_at').execute();
  await schema
    .alterTable('webhooks')
    .addColumn('waiting', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  await sql`
    update webhooks set waiting = (select count(*) from webhook_deliveries where webhook_id = webhooks.id)
  `.execute(db);
}
