import type { Db } from './store.ts';

/** The counted resources of an organization. */
export const RESOURCES = ['servers', 'integrations', 'accounts', 'endpoints', 'credentials', 'tool_bytes'] as const;
/** A resource that is counted and limited by a quota. */
export type Resource = (typeof RESOURCES)[number];
/** The quota of each resource; null means no limit. */
export type Quotas = Readonly<Record<Resource, number | null>>;

/**
 * Returns the usage of an organization. API tokens and key pairs are its credentials; own and shared servers also count
 * as accounts; `tool_bytes` is the stored size of its documents, the tools created from them, the tools of its own
 * servers, and the definitions of tool approvals. All are 0 if there is no such organization. The database updates the counts in the transactions of the
 * changes: inside a `write`, they include its changes so far.
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

/** Stops counting for an organization, in the write that deletes it. */
export async function forget(db: Db, organizationId: string): Promise<void> {
  await db.sql.deleteFrom('organization_usage').where('organization_id', '=', organizationId).execute();
}
