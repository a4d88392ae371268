import type { Kysely } from 'kysely';
import { StoreRefused } from './errors.ts';
import type { Database } from './schema.ts';
import { keyIdOf, type Sealer } from './secrets.ts';

const CANARY = 'gatehouse';
const CONTEXT = 'secret_keys.canary';

/** The keys that somebody gives for a database. */
export type GivenKeys = {
  /** 32 bytes each: the first one seals, all open. */
  readonly secretKeys: readonly Buffer[];
  /** Where they come from, for messages: a variable, or `the file` and its path. */
  readonly keySource: string;
};

/** Throws StoreRefused unless every key that ever sealed in this database is among the keys and opens its canary. */
export async function verifySecretKeys(
  sql: Kysely<Database>,
  { secretKeys: keys, keySource }: GivenKeys,
  secrets: Sealer,
): Promise<void> {
  const given = new Set(keys.map(keyIdOf));
  for (const row of await sql.selectFrom('secret_keys').selectAll().orderBy('key_id').execute()) {
    if (!given.has(row.key_id)) {
      throw new StoreRefused(
        `${keySource[0]?.toUpperCase()}${keySource.slice(1)} lacks key ${row.key_id}, which sealed secrets in this database ` +
          `(given: ${[...given].join(', ')}). Restore that key. To rotate keys, set GATEHOUSE_SECRET_KEY to the new key, a ` +
          'comma and the old key, and run mcp-gatehouse rekey.',
      );
    }
    if (!opensCanary(secrets, row)) {
      throw new StoreRefused(
        `Key ${row.key_id} of ${keySource} does not open what it sealed in this database. Restore the key ` +
          `this database was written with, or the database from a backup.`,
      );
    }
  }
}

/** Records that the sealer's first key seals in this database, so that no later start can do without it. */
export async function registerSecretKey(sql: Kysely<Database>, secrets: Sealer): Promise<void> {
  await sql
    .insertInto('secret_keys')
    .values({ key_id: secrets.keyId, canary: secrets.seal(CANARY, CONTEXT) })
    .onConflict((conflict) => conflict.column('key_id').doNothing())
    .execute();
}

function opensCanary(secrets: Sealer, row: Database['secret_keys']): boolean {
  try {
    return secrets.open(row.canary, CONTEXT) === CANARY;
  } catch {
    return false;
  }
}
