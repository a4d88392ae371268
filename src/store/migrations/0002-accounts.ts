import { type Kysely, sql } from 'kysely';
import type { Engine } from '../store.ts';

/** Integrations with the results of their documents, accounts, and the endpoints over them. */
export async function accounts(db: Kysely<unknown>, engine: Engine): Promise<void> {
  const text = engine === 'postgres' ? sql`text collate "C"` : ('text' as const);
  const bytes = engine === 'postgres' ? ('bytea' as const) : ('blob' as const);
  const { schema } = db;

  await schema
    .createTable('integrations')
    .addColumn('id', text, (column) => column.primaryKey().notNull())
    .addColumn('organization_id', text, (column) => column.notNull().references('organizations.id').onDelete('cascade'))
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('base_url', 'text')
    .addColumn('tool_tags', 'text', (column) => column.notNull())
    .addColumn('approval_policy', 'text', (column) => column.notNull())
    .addColumn('tool_count', 'integer', (column) => column.notNull())
    .addColumn('skipped', 'text', (column) => column.notNull())
    .addColumn('service', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute();

  // Apart from the integrations, so that lists of those do not read it.
  await schema
    .createTable('integration_contents')
    .addColumn('integration_id', text, (column) =>
      column.primaryKey().notNull().references('integrations.id').onDelete('cascade'),
    )
    .addColumn('document', bytes, (column) => column.notNull())
    .addColumn('tools', bytes, (column) => column.notNull())
    .addColumn('selectors', 'text', (column) => column.notNull())
    .execute();

  await schema
    .createTable('accounts')
    .addColumn('id', text, (column) => column.primaryKey().notNull())
    .addColumn('organization_id', text, (column) => column.notNull().references('organizations.id').onDelete('cascade'))
    .addColumn('integration_id', text, (column) => column.notNull().references('integrations.id'))
    .addColumn('tenant_id', text, (column) => column.notNull())
    .addColumn('authentication_method', 'text', (column) => column.notNull())
    .addColumn('context', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute();

  await schema
    .createTable('endpoints')
    .addColumn('id', text, (column) => column.primaryKey().notNull())
    .addColumn('account_id', text, (column) => column.notNull().references('accounts.id').onDelete('cascade'))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('config', 'text', (column) => column.notNull())
    .addColumn('token_hash', text, (column) => column.notNull().unique())
    .addColumn('expires_at', 'bigint')
    .addColumn('created_by', text, (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute();

  const indexes: [table: string, columns: string[]][] = [
    ['integrations', ['organization_id', 'created_at', 'id']],
    ['integrations', ['organization_id', 'name', 'id']],
    ['endpoints', ['account_id', 'created_at', 'id']],
    ['endpoints', ['expires_at']],
  ];
  // One for each way to filter their list: a filter that follows no index reads the whole list to find its last rows.
  for (const owner of ['organization_id', 'integration_id']) {
    for (const filter of [[], ['tenant_id'], ['status'], ['tenant_id', 'status']]) {
      indexes.push(['accounts', [owner, ...filter, 'created_at', 'id']]);
    }
  }
  for (const [table, columns] of indexes) {
    await schema
      .createIndex(`${table}_by_${columns.join('_')}`)
      .on(table)
      .columns(columns)
      .execute();
  }
}
