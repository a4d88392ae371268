import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely, PostgresDialect } from 'kysely';
import { Pool } from 'pg';
import { migrate } from '../../../src/store/migrate.ts';
import { migrationsFor } from '../../../src/store/migrations/migrations.ts';
import type { Database } from '../../../src/store/schema.ts';
import { openConnection } from '../../../src/store/sqlite/connection.ts';
import { kyselyOn } from '../../../src/store/sqlite/dialect.ts';
import { databaseFile } from '../../../src/store/sqlite/folder.ts';
import { createDatabase } from './postgres.ts';

// To run the migrations is most of what it costs to open a new store: tests that are not about them take a copy.

/** Makes a database that has run all migrations, on the server that the URL leads to. Returns its name. */
export async function migratedDatabase(serverUrl: string): Promise<string> {
  const url = await createDatabase(serverUrl);
  const pool = new Pool({ connectionString: url });
  const sql = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  await migrate(sql, migrationsFor('postgres'));
  await sql.destroy();
  return new URL(url).pathname.slice(1);
}

let file: Promise<Buffer> | undefined;

/** The bytes of a SQLite file that has run all migrations. */
export function migratedFile(): Promise<Buffer> {
  file ??= makeFile();
  return file;
}

async function makeFile(): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-migrated-'));
  const session = openConnection(databaseFile(directory), 'readWrite');
  await migrate(kyselyOn(session, 'exclusive'), migrationsFor('sqlite'));
  await session.close();
  const bytes = await readFile(databaseFile(directory));
  await rm(directory, { recursive: true });
  return bytes;
}
