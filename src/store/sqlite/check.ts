import { type Kysely, sql } from 'kysely';
import { StoreRefused } from '../errors.ts';
import { migrationState } from '../migrate.ts';
import { migrationsFor } from '../migrations/migrations.ts';
import type { Database } from '../schema.ts';
import { type GivenKeys, verifySecretKeys } from '../secret-keys.ts';
import { createSealer } from '../secrets.ts';

/**
 * Throws StoreRefused, naming `path`, unless a database is intact, belongs to Gatehouse, is not newer than this
 * program, and opens with the given keys. Changes nothing.
 */
export async function verifyDatabase(database: Kysely<Database>, path: string, keys: GivenKeys): Promise<void> {
  const { rows } = await sql<{ integrity_check: string }>`pragma integrity_check(1)`.execute(database);
  const found = rows[0]?.integrity_check;
  if (found !== 'ok') {
    throw new StoreRefused(`${path} is damaged: ${found}.`);
  }
  await verifyUsed(database, path);
  await migrationState(database, migrationsFor('sqlite'));
  await verifySecretKeys(database, keys, createSealer(keys.secretKeys));
}

/** Throws StoreRefused, naming `path`, unless a database has the first tables of every Gatehouse database. */
export async function verifyUsed(database: Kysely<Database>, path: string): Promise<void> {
  const tables = sql.join(['kysely_migration', 'secret_keys', 'organizations']);
  const { rows } = await sql<{ total: number }>`
    select count(*) as total from sqlite_master where type = 'table' and name in (${tables})`.execute(database);
  if (rows[0]?.total !== 3) {
    throw new StoreRefused(`${path} is not a database of Gatehouse: it lacks the tables that every one has.`);
  }
}
