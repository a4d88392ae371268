import { type RawBuilder, sql } from 'kysely';
import { SERVER_ACCOUNT_COLUMNS } from './account-rows.ts';
import { slices } from './slices.ts';
import type { Db } from './store.ts';

/** The organizations that a server is shared with: ids, or all present and future ones. */
export type Grantees = readonly string[] | 'all';

/** Returns the organizations that a server is shared with, ids sorted by bytes; null if there is no such server. */
export async function organizationsOf(db: Db, serverId: string): Promise<string[] | 'all' | null> {
  const server = await db.sql
    .selectFrom('shared_servers')
    .select('shared_with_all')
    .where('id', '=', serverId)
    .executeTakeFirst();
  if (server === undefined) {
    return null;
  }
  return server.shared_with_all === 1 ? 'all' : idsWith(db, serverId);
}

/**
 * Shares an existing server with exactly these organizations. From `at` (milliseconds since the epoch) it is an account
 * of each new one. Organizations that keep it keep their endpoints over it; organizations that lose it lose them.
 * Returns the ids in `wanted` of unknown organizations: if there are any, nothing has changed.
 */
export async function setOrganizations(db: Db, serverId: string, wanted: Grantees, at: number): Promise<string[]> {
  const unknown = wanted === 'all' ? [] : await unknownAmong(db, [...new Set(wanted)]);
  if (unknown.length > 0) {
    return unknown;
  }
  // Before anything is read: on PostgreSQL, grants of one server that come at once wait for each other here.
  await setSharedWithAll(db, serverId, wanted === 'all');
  if (wanted === 'all') {
    await insertAccounts(db, serverId, at, 'all');
    return [];
  }
  const [before, after] = [new Set(await idsWith(db, serverId)), new Set(wanted)];
  const added = [...after].filter((id) => !before.has(id));
  const withdrawn = [...before].filter((id) => !after.has(id));
  for (const ids of slices(withdrawn)) {
    await removeAccounts(db, serverId, ids);
  }
  for (const ids of slices(added)) {
    await insertAccounts(db, serverId, at, ids);
  }
  return [];
}

/** Gives a new organization an account for each server that is shared with all. */
export async function shareWithNew(
  db: Db,
  { id, createdAt }: { readonly id: string; readonly createdAt: number },
): Promise<void> {
  await db.sql
    .insertInto('accounts')
    .columns(COLUMNS)
    .expression(
      db.sql
        .selectFrom('shared_servers')
        .where('shared_with_all', '=', 1)
        .select(accountIn(sql.val(id), sql.ref('id'), createdAt)),
    )
    .execute();
}

/** The organizations that have the server now, sorted. */
async function idsWith(db: Db, serverId: string): Promise<string[]> {
  const rows = await db.sql
    .selectFrom('accounts')
    .select('organization_id')
    .where('shared_server_id', '=', serverId)
    .orderBy('organization_id')
    .execute();
  return rows.map((row) => row.organization_id);
}

async function unknownAmong(db: Db, ids: readonly string[]): Promise<string[]> {
  const known = new Set<string>();
  for (const slice of slices(ids)) {
    for (const { id } of await db.sql.selectFrom('organizations').select('id').where('id', 'in', slice).execute()) {
      known.add(id);
    }
  }
  return ids.filter((id) => !known.has(id));
}

/** Makes the server an account of those organizations, or of all that do not have it. */
async function insertAccounts(db: Db, serverId: string, at: number, wanted: Grantees): Promise<void> {
  const all = db.sql.selectFrom('organizations');
  const organizations =
    wanted === 'all'
      ? all.where('id', 'not in', (query) =>
          query.selectFrom('accounts').select('organization_id').where('shared_server_id', '=', serverId),
        )
      : all.where('id', 'in', wanted);
  await db.sql
    .insertInto('accounts')
    .columns(COLUMNS)
    .expression(organizations.select(accountIn(sql.ref('id'), sql.val(serverId), at)))
    .execute();
}

async function removeAccounts(db: Db, serverId: string, organizationIds: readonly string[]): Promise<void> {
  await db.sql
    .deleteFrom('accounts')
    .where('shared_server_id', '=', serverId)
    .where('organization_id', 'in', organizationIds)
    .execute();
}

async function setSharedWithAll(db: Db, serverId: string, isShared: boolean): Promise<void> {
  await db.sql
    .updateTable('shared_servers')
    .set({ shared_with_all: isShared ? 1 : 0 })
    .where('id', '=', serverId)
    .execute();
}

const COLUMNS = ['organization_id', 'id', 'shared_server_id', 'authentication_method', 'status', 'created_at'] as const;

/** The selection that makes a shared server an account of an organization, in the order of the columns. */
const accountIn = (organizationId: RawBuilder<string>, serverId: RawBuilder<string>, at: number) => [
  organizationId.as('organization_id'),
  serverId.as('id'),
  serverId.as('shared_server_id'),
  sql.val(SERVER_ACCOUNT_COLUMNS.authentication_method).as('authentication_method'),
  sql.val(SERVER_ACCOUNT_COLUMNS.status).as('status'),
  sql.val(at).as('created_at'),
];
