import type { Kysely } from 'kysely';
import { StoreRefused } from './errors.ts';
import { migrate, migrationState } from './migrate.ts';
import { migrationsFor } from './migrations/migrations.ts';
import type { Database } from './schema.ts';
import { registerSecretKey, verifySecretKeys } from './secret-keys.ts';
import { createSealer, type Sealer } from './secrets.ts';
import type { Engine, StoreOptions } from './store.ts';

/**
 * Prepares a database for this program, in an order that leaves it unchanged if the start is refused: checks its
 * version, then the keys, then migrates it (`beforeMigration` runs first if there are data to lose). Returns the sealer
 * for it. Throws StoreRefused if the database is newer, if a key is missing or wrong, or if the database is empty and
 * must not be.
 */
export async function prepareDatabase(
  sql: Kysely<Database>,
  engine: Engine,
  options: StoreOptions,
  beforeMigration: (name: string) => Promise<void>,
): Promise<Sealer> {
  const { secretKeys, keySource = 'GATEHOUSE_SECRET_KEY' } = options;
  const secrets = createSealer(secretKeys);
  const migrations = migrationsFor(engine);
  const { executed, pending } = await migrationState(sql, migrations);
  if (executed.length === 0 && options.missing === 'refuse') {
    throw new StoreRefused('The database is empty: no Gatehouse has used it. Check GATEHOUSE_DATA and DATABASE_URL.');
  }
  if (executed.length > 0) {
    await verifySecretKeys(sql, { secretKeys, keySource }, secrets);
  }
  const [next] = pending;
  if (next !== undefined) {
    if (executed.length > 0) {
      await beforeMigration(next);
    }
    await migrate(sql, migrations);
    options.log('info', 'database migrated', { migrations: pending });
  }
  await registerSecretKey(sql, secrets);
  return secrets;
}
