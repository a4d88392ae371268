import type { Db } from './store.ts';

/** How a server of an organization was when the gateway last used it. */
export type ServerHealth = {
  /** Milliseconds since the epoch: since then it can be used, or cannot. */
  readonly since: number;
  /** Why it cannot be used; null if it can. */
  readonly lastError: string | null;
};

/** The id of a server, and its organization. */
export type ServerKey = { readonly id: string; readonly organizationId: string };

/** Returns the health of servers by their ids; of those that were never used, none. */
export async function find({ sql }: Db, serverIds: readonly string[]): Promise<Map<string, ServerHealth>> {
  if (serverIds.length === 0) {
    return new Map();
  }
  const rows = await sql.selectFrom('server_health').selectAll().where('server_id', 'in', serverIds).execute();
  return new Map(rows.map((row) => [row.server_id, { since: row.since, lastError: row.last_error }]));
}

/** A server that cannot be used. */
export type FailingServer = ServerHealth & { readonly id: string; readonly name: string; readonly lastError: string };

/** Returns the first `limit` servers of an organization that cannot be used, those that failed first come first. */
export async function failing({ sql }: Db, organizationId: string, limit: number): Promise<FailingServer[]> {
  const rows = await sql
    .selectFrom('server_health')
    .innerJoin('servers', 'servers.id', 'server_health.server_id')
    .select(['server_id', 'since', 'last_error', 'servers.name'])
    .where('server_health.organization_id', '=', organizationId)
    .where('last_error', 'is not', null)
    .orderBy('since')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    id: row.server_id,
    name: row.name,
    since: row.since,
    lastError: String(row.last_error),
  }));
}

/** Returns how many servers of an organization were used, and how many of them cannot be used. */
export async function count({ sql }: Db, organizationId: string): Promise<{ used: number; failing: number }> {
  const { used, failing } = await sql
    .selectFrom('server_health')
    .select(({ fn }) => [fn.countAll<number>().as('used'), fn.count<number>('last_error').as('failing')])
    .where('organization_id', '=', organizationId)
    .executeTakeFirstOrThrow();
  return { used: Number(used), failing: Number(failing) };
}

/** Stores the health of an existing server. */
export async function save({ sql }: Db, { id, organizationId }: ServerKey, health: ServerHealth): Promise<void> {
  const { since, lastError: last_error } = health;
  await sql
    .insertInto('server_health')
    .values({ server_id: id, organization_id: organizationId, since, last_error })
    .onConflict((conflict) =>
      conflict.column('server_id').doUpdateSet(({ ref }) => ({
        since: ref('excluded.since'),
        last_error: ref('excluded.last_error'),
      })),
    )
    .execute();
}

/** Forgets the health of a server: it is another one from now on. */
export async function forget({ sql }: Db, { id, organizationId }: ServerKey): Promise<void> {
  await sql
    .deleteFrom('server_health')
    .where('server_id', '=', id)
    .where('organization_id', '=', organizationId)
    .execute();
}
