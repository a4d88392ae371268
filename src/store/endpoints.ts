import { readJson } from '../base/read-json.ts';
import type { ListPart } from './keyset.ts';
import { PURGE_SLICE_ROWS } from './purge.ts';
import type { Database } from './schema.ts';
import { slices } from './slices.ts';
import type { Db } from './store.ts';

/** The key of an account: a shared server is an account of several organizations, under one id. */
export type AccountKey = { organizationId: string; accountId: string };

/** An MCP server that Gatehouse serves, without its token. Times are milliseconds since the epoch. */
export type Endpoint = AccountKey & {
  id: string;
  name: string;
  /** The scope, exactly as sent. */
  config: EndpointConfig;
  expiresAt: number | null;
  /** The id of the API token that created it. */
  createdBy: string;
  /** Grows by one with every update. */
  version: number;
  createdAt: number;
  updatedAt: number;
};

/**
 * The scope of an endpoint: methods and tags that select tools, how it shows them, and whether it requires an API token.
 */
export type EndpointConfig = {
  methods?: string[];
  tags?: string[];
  tool_exposure?: 'all' | 'discovery';
  require_api_token_auth?: boolean;
};
/** An endpoint with the hash of its token, before it is stored. */
export type NewEndpoint = Omit<Endpoint, 'version'> & { tokenHash: string };

/** Stores a new endpoint of an existing account, version 1, and returns it. */
export async function insert(db: Db, { tokenHash, ...endpoint }: NewEndpoint): Promise<Endpoint> {
  const created = { ...endpoint, version: 1 };
  await db.sql
    .insertInto('endpoints')
    .values({ ...toRow(created), token_hash: tokenHash })
    .execute();
  return created;
}

/** Returns an account's endpoint, expired or not, or null. */
export async function find(db: Db, { organizationId, accountId }: AccountKey, id: string): Promise<Endpoint | null> {
  const row = await db.sql
    .selectFrom('endpoints')
    .selectAll()
    .where('id', '=', id)
    .where('organization_id', '=', organizationId)
    .where('account_id', '=', accountId)
    .executeTakeFirst();
  return row ? toEndpoint(row) : null;
}

/** The source of the tools of an endpoint's account. */
export type Source =
  | { readonly kind: 'service'; readonly integrationId: string }
  | { readonly kind: 'server'; readonly serverId: string; readonly isShared: boolean };

/** Returns the endpoint whose token has that hash, expired or not, with the source of its tools; or null. */
export async function findByTokenHash(
  db: Db,
  tokenHash: string,
): Promise<{ endpoint: Endpoint; account: Source } | null> {
  const row = await db.sql
    .selectFrom('endpoints')
    .innerJoin('accounts', (join) =>
      join
        .onRef('accounts.organization_id', '=', 'endpoints.organization_id')
        .onRef('accounts.id', '=', 'endpoints.account_id'),
    )
    .selectAll('endpoints')
    .select(['accounts.server_id', 'accounts.shared_server_id', 'accounts.integration_id'])
    .where('endpoints.token_hash', '=', tokenHash)
    .executeTakeFirst();
  if (row === undefined) {
    return null;
  }
  const serverId = row.server_id ?? row.shared_server_id;
  const account: Source =
    serverId === null
      ? { kind: 'service', integrationId: row.integration_id as string }
      : { kind: 'server', serverId, isShared: row.shared_server_id !== null };
  return { endpoint: toEndpoint(row), account };
}

/** Returns a part of an account's endpoints, newest first. */
export async function page(
  db: Db,
  { organizationId, accountId }: AccountKey,
  { before, limit }: ListPart,
): Promise<Endpoint[]> {
  let select = db.sql
    .selectFrom('endpoints')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('account_id', '=', accountId);
  if (before) {
    select = select.where(({ eb, refTuple, tuple }) =>
      eb(refTuple('created_at', 'id'), '<', tuple(before.at, before.id)),
    );
  }
  const rows = await select.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
  return rows.map(toEndpoint);
}

/**
 * Replaces an endpoint if its version is still `expectedVersion`, and returns it with the next version; returns null if
 * it was changed or deleted. Its account, token, `createdBy` and `createdAt` do not change.
 */
export async function update(db: Db, endpoint: Endpoint, expectedVersion: number): Promise<Endpoint | null> {
  const updated = { ...endpoint, version: expectedVersion + 1 };
  const { id, organization_id, account_id, created_by, created_at, ...changes } = toRow(updated);
  const { numUpdatedRows } = await db.sql
    .updateTable('endpoints')
    .set(changes)
    .where('id', '=', id)
    .where('organization_id', '=', organization_id)
    .where('account_id', '=', account_id)
    .where('version', '=', expectedVersion)
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n ? updated : null;
}

/** Deletes an endpoint: its token is unknown afterwards. Returns false if there is none. */
export async function remove(db: Db, { organizationId, accountId }: AccountKey, id: string): Promise<boolean> {
  const { numDeletedRows } = await db.sql
    .deleteFrom('endpoints')
    .where('id', '=', id)
    .where('organization_id', '=', organizationId)
    .where('account_id', '=', accountId)
    .executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

/**
 * Deletes endpoints that expired before `olderThan` (milliseconds since the epoch), at most `PURGE_SLICE_ROWS`, and
 * returns their number. Repeat it, each time in its own write, until the number is less than a slice.
 */
export async function purge(db: Db, olderThan: number): Promise<number> {
  const expired = await db.sql
    .selectFrom('endpoints')
    .select('id')
    .where('expires_at', '<', olderThan)
    .orderBy('expires_at')
    .limit(PURGE_SLICE_ROWS)
    .execute();
  const ids = expired.map(({ id }) => id);
  for (const slice of slices(ids)) {
    await db.sql.deleteFrom('endpoints').where('id', 'in', slice).execute();
  }
  return ids.length;
}

function toRow(endpoint: Endpoint): Omit<Database['endpoints'], 'token_hash'> {
  return {
    id: endpoint.id,
    organization_id: endpoint.organizationId,
    account_id: endpoint.accountId,
    name: endpoint.name,
    config: JSON.stringify(endpoint.config),
    expires_at: endpoint.expiresAt,
    created_by: endpoint.createdBy,
    version: endpoint.version,
    created_at: endpoint.createdAt,
    updated_at: endpoint.updatedAt,
  };
}

function toEndpoint(row: Database['endpoints']): Endpoint {
  return {
    id: row.id,
    organizationId: row.organization_id,
    accountId: row.account_id,
    name: row.name,
    config: readJson(row.config) as EndpointConfig,
    expiresAt: row.expires_at,
    createdBy: row.created_by,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
