import type { Kysely } from 'kysely';
import { StoreRefused } from './errors.ts';
import { migrate, migrationState } from './migrate.ts';
import { migrationsFor } from './migrations/migrations.ts';
import type { Database } from './schema.ts';
import { registerSecretKey, verifySecretKeys } from './secret-keys.ts';
import { createSealer, type Sealer } from './secrets.ts';
import type { Engine, StoreOptions } from './store.ts';

/**
 * Brings a database up to this program, in the order that leaves it untouched when the start is refused: its version
 * is checked, then the keys, then it is migrated (`beforeMigration` runs first when there is something to lose).
 * Returns the sealer to use with it. Throws StoreRefused when the database is newer, when a key is missing or wrong, or
 * when there must be something in it and there is not.
 */
export async function prepareDatabase(
  sql: Kysely<Database>,
  engine: Engine,
  options: StoreOptions,
  beforeMigration: (name: string) => Promise<void>,
): Promise<Sealer> {
  const secrets = createSealer(options.secretKeys);
  const migrations = migrationsFor(engine);
  const { executed, pending } = await migrationState(sql, migrations);
  if (executed.length === 0 && options.missing === 'refuse') {
    throw new StoreRefused('The database is empty: no Gatehouse has used it. Check GATEHOUSE_DATA and DATABASE_URL.');
  }
  if (executed.length > 0) {
    await verifySecretKeys(sql, options.secretKeys, secrets);
  }
  const [next] = pending;
  if (next !== undefined) {
    if (executed.length > 0) {
      await beforeMigration(next);
    }
    await migrate(sql, migrations);
    options.log('info', 'Database migrated.', { migrations: pending });
  }
  await registerSecretKey(sql, secrets);
  return secrets;
}
