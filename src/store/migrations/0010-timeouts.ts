import type { Kysely } from 'kysely';

/** Servers and integrations have their own time limits, in seconds. Null means the default, as for those that there are. */
export async function timeouts(db: Kysely<unknown>): Promise<void> {
  for (const table of ['servers', 'integrations']) {
    await db.schema.alterTable(table).addColumn('timeout_seconds', 'integer').execute();
  }
}
