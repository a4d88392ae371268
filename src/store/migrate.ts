import { type Kysely, sql } from 'kysely';
import { DEFAULT_MIGRATION_TABLE, type Migration, Migrator } from 'kysely/migration';
import { StoreRefused } from './errors.ts';
import type { Database } from './schema.ts';

/** The executed and pending migrations of a database. */
export type MigrationState = { executed: string[]; pending: string[] };

/**
 * Reads the state of the migrations and changes nothing. Throws StoreRefused if the database has run migrations that
 * are not in `migrations`: a newer program wrote it.
 */
export async function migrationState(
  database: Kysely<Database>,
  migrations: Record<string, Migration>,
): Promise<MigrationState> {
  const executed = await executedMigrations(database);
  const unknown = executed.filter((name) => !Object.hasOwn(migrations, name));
  if (unknown.length > 0) {
    throw new StoreRefused(
      `The database is newer than this program (it has ${unknown.join(', ')}). Start the version that wrote it, or ` +
        'restore the copy made before the migration.',
    );
  }
  const pending = Object.keys(migrations).filter((name) => !executed.includes(name));
  return { executed, pending: pending.sort() };
}

/** Runs the pending migrations in order, all in one transaction. Throws the error of a failing migration. */
export async function migrate(database: Kysely<Database>, migrations: Record<string, Migration>): Promise<void> {
  const migrator = new Migrator({ db: database, provider: { getMigrations: async () => migrations } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) {
    throw error;
  }
}

async function executedMigrations(database: Kysely<Database>): Promise<string[]> {
  const tables = await database.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === DEFAULT_MIGRATION_TABLE)) {
    return [];
  }
  const table = sql.table(DEFAULT_MIGRATION_TABLE);
  const { rows } = await sql<{ name: string }>`select name from ${table} order by name`.execute(database);
  return rows.map((row) => row.name);
}
