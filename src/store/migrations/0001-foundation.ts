import { type Kysely, sql } from 'kysely';
import type { Engine } from '../store.ts';

/** Organizations, their credentials and servers, tool approvals, audit events, settings and secret keys. */
export async function foundation(db: Kysely<unknown>, engine: Engine): Promise<void> {
  // SQLite compares text byte by byte; PostgreSQL does so only when told, and the engines must sort alike.
  const text = engine === 'postgres' ? sql`text collate "C"` : ('text' as const);
  const { schema } = db;

  await schema
    .createTable('settings')
    .addColumn('key', text, (column) => column.primaryKey().notNull())
    .addColumn('value', 'text', (column) => column.notNull())
    .execute();

  await schema
    .createTable('secret_keys')
    .addColumn('key_id', text, (column) => column.primaryKey().notNull())
    .addColumn('canary', 'text', (column) => column.notNull())
    .execute();

  await schema
    .createTable('organizations')
    .addColumn('id', text, (column) => column.primaryKey().notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('server_count', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute();

  await schema
    .createTable('api_tokens')
    .addColumn('id', text, (column) => column.primaryKey().notNull())
    .addColumn('organization_id', text, (column) => column.notNull().references('organizations.id').onDelete('cascade'))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('token_hash', text, (column) => column.notNull().unique())
    .addColumn('prefix', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('last_used_at', 'bigint')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();

  await schema
    .createTable('key_pairs')
    .addColumn('id', text, (column) => column.primaryKey().notNull())
    .addColumn('organization_id', text, (column) => column.notNull().references('organizations.id').onDelete('cascade'))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('permissions', 'text', (column) => column.notNull())
    .addColumn('key_hash', text, (column) => column.notNull().unique())
    .addColumn('secret_hash', 'text', (column) => column.notNull())
    .addColumn('prefix', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('last_used_at', 'bigint')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();

  await schema
    .createTable('servers')
    .addColumn('id', text, (column) => column.primaryKey().notNull())
    .addColumn('organization_id', text, (column) => column.notNull().references('organizations.id').onDelete('cascade'))
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('description', 'text')
    .addColumn('url', 'text', (column) => column.notNull())
    .addColumn('transport', 'text', (column) => column.notNull())
    .addColumn('request_headers', 'text', (column) => column.notNull())
    .addColumn('approval_policy', 'text', (column) => column.notNull())
    .addColumn('tags', 'text', (column) => column.notNull())
    .addColumn('search_text', text, (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute();

  await schema
    .createTable('tool_approvals')
    .addColumn('server_id', text, (column) => column.notNull().references('servers.id').onDelete('cascade'))
    .addColumn('tool_name', text, (column) => column.notNull())
    .addColumn('approval_hash', 'text', (column) => column.notNull())
    .addColumn('auto_approve', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('tool_approvals_pk', ['server_id', 'tool_name'])
    .execute();

  await schema
    .createTable('audit_events')
    .addColumn('id', text, (column) => column.primaryKey().notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('actor_kind', 'text', (column) => column.notNull())
    .addColumn('actor_id', 'text')
    .addColumn('actor_name', 'text', (column) => column.notNull())
    .addColumn('organization_id', text)
    .addColumn('action', text, (column) => column.notNull())
    .addColumn('target_kind', 'text', (column) => column.notNull())
    .addColumn('target_id', 'text', (column) => column.notNull())
    .addColumn('outcome', 'text', (column) => column.notNull())
    .addColumn('details', 'text', (column) => column.notNull())
    .execute();

  const indexes: [table: string, columns: string[]][] = [
    ['api_tokens', ['organization_id', 'created_at', 'id']],
    ['key_pairs', ['organization_id', 'created_at', 'id']],
    ['servers', ['organization_id', 'created_at', 'id']],
    ['servers', ['organization_id', 'updated_at', 'id']],
    ['servers', ['organization_id', 'name', 'id']],
    ['audit_events', ['at', 'id']],
    ['audit_events', ['organization_id', 'at', 'id']],
    ['audit_events', ['organization_id', 'action', 'at', 'id']],
    // After the one above: where both would do, SQLite takes the one made first.
    ['audit_events', ['action', 'at', 'id']],
  ];
  // Lets a search read nothing but the index. PostgreSQL takes no entries this large, and has a cache to read rows from.
  if (engine === 'sqlite') {
    indexes.push(['servers', ['organization_id', 'search_text', 'created_at', 'updated_at', 'name', 'id']]);
  }
  for (const [table, columns] of indexes) {
    await schema
      .createIndex(`${table}_by_${columns.join('_')}`)
      .on(table)
      .columns(columns)
      .execute();
  }
  // Without them it takes organizations and actions for independent, and reads all events in search of a rare pair.
  if (engine === 'postgres') {
    await sql`create statistics audit_events_by_organization_id_action on organization_id, action from audit_events`.execute(
      db,
    );
  }
}
