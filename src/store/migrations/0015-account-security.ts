import type { Kysely } from 'kysely';

/**
 * Accounts send credentials where each operation demands them; those that there are go on as before. Whether an account
 * adds fixed values to requests is readable without its key. Null is no, as for all that there are and for servers.
 */
export async function accountSecurity(db: Kysely<unknown>): Promise<void> {
  for (const name of ['is_by_operation', 'has_fixed_values']) {
    await db.schema.alterTable('accounts').addColumn(name, 'integer').execute();
  }
}
