import type { Db } from './store.ts';

/** What is counted for each organization. */
export const RESOURCES = ['servers', 'integrations', 'accounts', 'endpoints', 'credentials', 'tool_bytes'] as const;
export type Resource = (typeof RESOURCES)[number];
/** How much of each an organization may have; null for as much as it likes. */
export type Quotas = Readonly<Record<Resource, number | null>>;

/**
 * How much an organization has: API tokens and key pairs are its credentials, servers of its own and those that are
 * shared with it are accounts too, and `tool_bytes` are the bytes, as they are stored, of its documents, of the tools
 * that were made of them, and of the tools of its own servers. All 0 when there is no such organization. The database
 * keeps the counts in the transactions that change them: inside a `write` they hold what it has done so far.
 */
export async function of<R extends Resource>(
  db: Db,
  organizationId: string,
  resources: readonly R[],
): Promise<Record<R, number>> {
  const rows = await db.sql
    .selectFrom('organization_usage')
    .select(['resource', 'used'])
    .where('organization_id', '=', organizationId)
    .where('resource', 'in', resources)
    .execute();
  const used = new Map(rows.map((row) => [row.resource, row.used]));
  return Object.fromEntries(resources.map((resource) => [resource, used.get(resource) ?? 0])) as Record<R, number>;
}

/** Stops counting for an organization that is being deleted, in the same write. */
export async function forget(db: Db, organizationId: string): Promise<void> {
  await db.sql.deleteFrom('organization_usage').where('organization_id', '=', organizationId).execute();
}
