import { type Kysely, sql } from 'kysely';
import type { Engine } from '../store.ts';

/** Every server also becomes an account; and each server gets a catalogue of its tools. */
export async function serverAccounts(db: Kysely<unknown>, engine: Engine): Promise<void> {
  const text = engine === 'postgres' ? sql`text collate "C"` : ('text' as const);
  const bytes = engine === 'postgres' ? ('bytea' as const) : ('blob' as const);
  const { schema } = db;

  // SQLite cannot make a column nullable, and dropping accounts would delete the endpoints that refer to them: both
  // tables are made anew, beside the old ones.
  await schema.alterTable('endpoints').renameTo('old_endpoints').execute();
  await schema.alterTable('accounts').renameTo('old_accounts').execute();

  await schema
    .createTable('accounts')
    .addColumn('id', text, (column) => column.primaryKey().notNull())
    .addColumn('organization_id', text, (column) => column.notNull().references('organizations.id').onDelete('cascade'))
    .addColumn('server_id', text, (column) => column.unique().references('servers.id').onDelete('cascade'))
    .addColumn('integration_id', text, (column) => column.references('integrations.id'))
    .addColumn('tenant_id', text)
    .addColumn('authentication_method', 'text', (column) => column.notNull())
    .addColumn('context', 'text')
    .addColumn('status', text, (column) => column.notNull())
    .addColumn('version', 'integer')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint')
    .execute();
  const kept = sql.raw(
    'id, organization_id, integration_id, tenant_id, authentication_method, context, status, version, created_at, updated_at',
  );
  await sql`insert into accounts (${kept}) select ${kept} from old_accounts`.execute(db);
  await sql`
    insert into accounts (id, organization_id, server_id, authentication_method, status, created_at)
    select id, organization_id, id, 'none', 'active', created_at from servers
  `.execute(db);

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
  const all = sql.raw(
    'id, account_id, name, config, token_hash, expires_at, created_by, version, created_at, updated_at',
  );
  await sql`insert into endpoints (${all}) select ${all} from old_endpoints`.execute(db);

  // The names of their indexes are free only now.
  await schema.dropTable('old_endpoints').execute();
  await schema.dropTable('old_accounts').execute();
  await createIndexes(db);

  // Apart from the servers, so that lists of those do not read it.
  await schema
    .createTable('server_catalogues')
    .addColumn('server_id', text, (column) =>
      column.primaryKey().notNull().references('servers.id').onDelete('cascade'),
    )
    .addColumn('tools', bytes)
    .addColumn('seen_at', 'bigint')
    .addColumn('pins', 'text')
    .execute();
}

/** One for each way to filter a list, as in the migration before; accounts are in those only that can find them. */
async function createIndexes({ schema }: Kysely<unknown>): Promise<void> {
  const indexes: [table: string, columns: string[], only?: string][] = [
    ['endpoints', ['account_id', 'created_at', 'id']],
    ['endpoints', ['expires_at']],
    ['accounts', ['organization_id', 'created_at', 'id']],
    ['accounts', ['organization_id', 'status', 'created_at', 'id']],
    ['accounts', ['organization_id', 'tenant_id', 'created_at', 'id'], 'tenant_id'],
    ['accounts', ['organization_id', 'tenant_id', 'status', 'created_at', 'id'], 'tenant_id'],
  ];
  for (const filter of [[], ['tenant_id'], ['status'], ['tenant_id', 'status']]) {
    indexes.push(['accounts', ['integration_id', ...filter, 'created_at', 'id'], 'integration_id']);
  }
  for (const filter of [[], ['status']]) {
    indexes.push(['accounts', ['organization_id', ...filter, 'created_at', 'id'], 'server_id']);
  }
  for (const [table, columns, only] of indexes) {
    const name = `${table}${only === 'server_id' ? '_of_servers' : ''}_by_${columns.join('_')}`;
    const index = schema.createIndex(name).on(table).columns(columns);
    await (only === undefined ? index : index.where(sql.ref(only), 'is not', null)).execute();
  }
}
