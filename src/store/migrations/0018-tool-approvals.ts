import { type Kysely, sql } from 'kysely';
import type { Engine } from '../store.ts';
import { type Counted, countFromNowOn } from './0006-usage.ts';

const KEPT_DEFINITIONS: Counted = { table: 'tool_approvals', resource: 'tool_bytes', bytesOf: ['definition'] };

/**
 * Tool approvals belong to accounts, as servers do under their own ids, may expire, and keep the definition that a person
 * has approved, which requests of calls of a changed tool show.
 */
export async function toolApprovals(db: Kysely<unknown>, engine: Engine): Promise<void> {
  const text = engine === 'postgres' ? sql`text collate "C"` : ('text' as const);
  const { schema } = db;

  // SQLite cannot change a key: the table is made anew, beside the old one.
  await schema.alterTable('tool_approvals').renameTo('old_tool_approvals').execute();
  await schema
    .createTable('tool_approvals')
    .addColumn('organization_id', text, (column) => column.notNull())
    .addColumn('account_id', text, (column) => column.notNull())
    .addColumn('tool_name', text, (column) => column.notNull())
    .addColumn('approval_hash', 'text', (column) => column.notNull())
    .addColumn('auto_approve', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('definition', 'text')
    .addPrimaryKeyConstraint('tool_approvals_key', ['organization_id', 'account_id', 'tool_name'])
    .addForeignKeyConstraint(
      'tool_approvals_of_account',
      ['organization_id', 'account_id'],
      'accounts',
      ['organization_id', 'id'],
      (constraint) => constraint.onDelete('cascade'),
    )
    .execute();
  await sql`
    insert into tool_approvals (organization_id, account_id, tool_name, approval_hash, auto_approve, created_at)
    select a.organization_id, a.id, t.tool_name, t.approval_hash, t.auto_approve, t.created_at
    from old_tool_approvals t join accounts a on a.server_id = t.server_id
  `.execute(db);
  await schema.dropTable('old_tool_approvals').execute();
  await countFromNowOn(db, engine, KEPT_DEFINITIONS);
  await schema.alterTable('approval_requests').addColumn('pinned_definition', 'text').execute();
}
