import { type Kysely, sql } from 'kysely';
import type { Engine } from '../store.ts';

/** The operator's servers, which are accounts of every organization they are shared with: under one id in all of them. */
export async function sharedServers(db: Kysely<unknown>, engine: Engine): Promise<void> {
  const text = engine === 'postgres' ? sql`text collate "C"` : ('text' as const);
  const bytes = engine === 'postgres' ? ('bytea' as const) : ('blob' as const);
  const { schema } = db;

  await schema
    .createTable('shared_servers')
    .addColumn('id', text, (column) => column.primaryKey().notNull())
    .addColumn('slug', text, (column) => column.notNull().unique())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('enabled', 'integer', (column) => column.notNull())
    .addColumn('mcp_name', text, (column) => column.notNull())
    .addColumn('config', 'text', (column) => column.notNull())
    .addColumn('shared_with_all', 'integer', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute();

  // SQLite cannot change a key, and dropping accounts would delete the endpoints that refer to them: the tables are made
  // anew, beside the old ones.
  for (const table of ['endpoints', 'accounts', 'server_catalogues']) {
    await schema.alterTable(table).renameTo(`old_${table}`).execute();
  }

  await schema
    .createTable('accounts')
    .addColumn('organization_id', text, (column) => column.notNull().references('organizations.id').onDelete('cascade'))
    .addColumn('id', text, (column) => column.notNull())
    .addColumn('server_id', text, (column) => column.unique().references('servers.id').onDelete('cascade'))
    .addColumn('shared_server_id', text, (column) => column.references('shared_servers.id').onDelete('cascade'))
    .addColumn('integration_id', text, (column) => column.references('integrations.id'))
    .addColumn('tenant_id', text)
    .addColumn('authentication_method', 'text', (column) => column.notNull())
    .addColumn('context', 'text')
    .addColumn('status', text, (column) => column.notNull())
    .addColumn('version', 'integer')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint')
    .addPrimaryKeyConstraint('accounts_pk', ['organization_id', 'id'])
    .execute();
  const kept = sql.raw(
    'id, organization_id, server_id, integration_id, tenant_id, authentication_method, context, status, version, created_at, updated_at',
  );
  await sql`insert into accounts (${kept}) select ${kept} from old_accounts`.execute(db);

  await schema
    .createTable('endpoints')
    .addColumn('id', text, (column) => column.primaryKey().notNull())
    .addColumn('organization_id', text, (column) => column.notNull())
    .addColumn('account_id', text, (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('config', 'text', (column) => column.notNull())
    .addColumn('token_hash', text, (column) => column.notNull().unique())
    .addColumn('expires_at', 'bigint')
    .addColumn('created_by', text, (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addForeignKeyConstraint(
      'endpoints_of_account',
      ['organization_id', 'account_id'],
      'accounts',
      ['organization_id', 'id'],
      (constraint) => constraint.onDelete('cascade'),
    )
    .execute();
  await sql`
    insert into endpoints (id, organization_id, account_id, name, config, token_hash, expires_at, created_by, version,
      created_at, updated_at)
    select e.id, a.organization_id, e.account_id, e.name, e.config, e.token_hash, e.expires_at, e.created_by, e.version,
      e.created_at, e.updated_at
    from old_endpoints e join old_accounts a on a.id = e.account_id
  `.execute(db);

  // Of servers of both kinds, so that it can refer to neither.
  await schema
    .createTable('server_catalogues')
    .addColumn('server_id', text, (column) => column.primaryKey().notNull())
    .addColumn('tools', bytes)
    .addColumn('seen_at', 'bigint')
    .addColumn('pins', 'text')
    .execute();
  const seen = sql.raw('server_id, tools, seen_at, pins');
  await sql`insert into server_catalogues (${seen}) select ${seen} from old_server_catalogues`.execute(db);

  // The names of their indexes are free only now.
  for (const table of ['endpoints', 'accounts', 'server_catalogues']) {
    await schema.dropTable(`old_${table}`).execute();
  }
  await createIndexes(db);
}

/** As before, but for what the new columns and key ask for. Accounts without an integration are servers of either kind. */
async function createIndexes({ schema }: Kysely<unknown>): Promise<void> {
  const ofServers = 'integration_id is null';
  const indexes: [table: string, columns: string[], only?: string][] = [
    ['shared_servers', ['created_at', 'id']],
    ['endpoints', ['organization_id', 'account_id', 'created_at', 'id']],
    ['endpoints', ['expires_at']],
    ['accounts', ['shared_server_id', 'organization_id'], 'shared_server_id is not null'],
    ['accounts', ['organization_id', 'created_at', 'id']],
    ['accounts', ['organization_id', 'status', 'created_at', 'id']],
    ['accounts', ['organization_id', 'tenant_id', 'created_at', 'id'], 'tenant_id is not null'],
    ['accounts', ['organization_id', 'tenant_id', 'status', 'created_at', 'id'], 'tenant_id is not null'],
  ];
  for (const filter of [[], ['tenant_id'], ['status'], ['tenant_id', 'status']]) {
    indexes.push(['accounts', ['integration_id', ...filter, 'created_at', 'id'], 'integration_id is not null']);
  }
  for (const filter of [[], ['status']]) {
    indexes.push(['accounts', ['organization_id', ...filter, 'created_at', 'id'], ofServers]);
  }
  for (const [table, columns, only] of indexes) {
    const name = `${table}${only === ofServers ? '_of_servers' : ''}_by_${columns.join('_')}`;
    const index = schema.createIndex(name).on(table).columns(columns);
    await (only === undefined ? index : index.where(sql.raw<boolean>(only))).execute();
  }
  // Two servers that run must not go by one name.
  await schema
    .createIndex('shared_servers_enabled_by_mcp_name')
    .unique()
    .on('shared_servers')
    .column('mcp_name')
    .where(sql.raw<boolean>('enabled = 1'))
    .execute();
}
