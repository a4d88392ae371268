import { type Kysely, sql } from 'kysely';
import type { Engine } from '../store.ts';

/**
 * Calls that wait for a person, and the decisions of people. Of one exact call (`call_hash`), at most one request waits
 * or is approved at a time. `due_at` is when the present status ends by itself.
 */
export async function approvalRequests(db: Kysely<unknown>, engine: Engine): Promise<void> {
  const text = engine === 'postgres' ? sql`text collate "C"` : ('text' as const);
  const { schema } = db;

  await schema
    .createTable('approval_requests')
    .addColumn('id', text, (column) => column.primaryKey().notNull())
    .addColumn('organization_id', text, (column) => column.notNull().references('organizations.id').onDelete('cascade'))
    .addColumn('status', text, (column) => column.notNull())
    .addColumn('endpoint_id', text, (column) => column.notNull())
    .addColumn('endpoint_name', 'text', (column) => column.notNull())
    .addColumn('account_id', text, (column) => column.notNull())
    .addColumn('server_id', text)
    .addColumn('server_name', 'text', (column) => column.notNull())
    .addColumn('client_name', 'text')
    .addColumn('client_version', 'text')
    .addColumn('tool_name', text, (column) => column.notNull())
    .addColumn('definition', 'text', (column) => column.notNull())
    .addColumn('definition_hash', 'text', (column) => column.notNull())
    .addColumn('arguments', 'text')
    .addColumn('arguments_digest', 'text', (column) => column.notNull())
    .addColumn('arguments_bytes', 'integer', (column) => column.notNull())
    .addColumn('held_bytes', 'integer', (column) => column.notNull())
    .addColumn('approval_policy', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('decision_version', 'text', (column) => column.notNull())
    .addColumn('call_hash', text, (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('due_at', 'bigint')
    .addColumn('decided_at', 'bigint')
    .addColumn('usable_until', 'bigint')
    .addColumn('used_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .addColumn('outcome', 'text')
    .execute();

  await schema
    .createTable('approval_decisions')
    .addColumn('request_id', text, (column) => column.notNull().references('approval_requests.id').onDelete('cascade'))
    .addColumn('approver_kind', text, (column) => column.notNull())
    .addColumn('approver_id', text, (column) => column.notNull())
    .addColumn('approver_name', 'text', (column) => column.notNull())
    .addColumn('decision', 'text', (column) => column.notNull())
    .addColumn('reason', 'text')
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('approval_decisions_key', ['request_id', 'approver_kind', 'approver_id'])
    .execute();

  const index = (name: string, columns: readonly string[]) =>
    schema
      .createIndex(`approval_requests_by_${name}`)
      .on('approval_requests')
      .columns([...columns]);
  const live = sql<boolean>`status in ('pending', 'approved')`;
  await index('organization_id_created_at_id', ['organization_id', 'created_at', 'id']).execute();
  await index('organization_id_status_created_at_id', ['organization_id', 'status', 'created_at', 'id']).execute();
  await index('call_hash', ['call_hash']).execute();
  await index('live_call_hash', ['call_hash']).unique().where(live).execute();
  await index('due_at', ['due_at']).where(sql<boolean>`due_at is not null`).execute();
  await index('ended_at', ['ended_at']).where(sql<boolean>`ended_at is not null`).execute();
}
