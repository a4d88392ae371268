import { readJson } from '../base/read-json.ts';
import { readTokenPermission, type TokenPermission } from '../contract/closed-words.ts';
import { touch, type Use } from './last-used.ts';
import type { Database } from './schema.ts';
import type { Db } from './store.ts';

/** An organization's bearer token, without the token. Times are milliseconds since the epoch. */
export type ApiToken = {
  id: string;
  organizationId: string;
  name: string;
  permissions: TokenPermission[];
  /** The first characters of the token, to tell tokens apart. */
  prefix: string;
  expiresAt: number | null;
  lastUsedAt: number | null;
  createdAt: number;
};

/** An API token with its hash, before it is stored. */
export type NewApiToken = Omit<ApiToken, 'lastUsedAt'> & { tokenHash: string };

/** Stores a token that has never been used, and returns it. */
export async function insert(db: Db, token: NewApiToken): Promise<ApiToken> {
  const row = {
    id: token.id,
    organization_id: token.organizationId,
    name: token.name,
    permissions: JSON.stringify(token.permissions),
    token_hash: token.tokenHash,
    prefix: token.prefix,
    expires_at: token.expiresAt,
    last_used_at: null,
    created_at: token.createdAt,
  };
  await db.sql.insertInto('api_tokens').values(row).execute();
  return toApiToken(row);
}

/** Returns an organization's tokens, including expired ones, oldest first, ties by id. */
export async function list(db: Db, organizationId: string): Promise<ApiToken[]> {
  const rows = await db.sql
    .selectFrom('api_tokens')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  return rows.map(toApiToken);
}

/** Deletes a token. Returns false if the organization has no such token. */
export async function remove(db: Db, organizationId: string, id: string): Promise<boolean> {
  const { numDeletedRows } = await db.sql
    .deleteFrom('api_tokens')
    .where('organization_id', '=', organizationId)
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

/** Returns the token with that hash, expired or not, or null. */
export async function findByHash(db: Db, tokenHash: string): Promise<ApiToken | null> {
  const row = await db.sql.selectFrom('api_tokens').selectAll().where('token_hash', '=', tokenHash).executeTakeFirst();
  return row ? toApiToken(row) : null;
}

/** Records the last use of tokens; ignores deleted tokens. */
export async function touchLastUsed(db: Db, uses: readonly Use[]): Promise<void> {
  await touch(db, 'api_tokens', uses);
}

function toApiToken(row: Database['api_tokens']): ApiToken {
  return {
    id: row.id,
    organizationId: row.organization_id,
    name: row.name,
    permissions: (readJson(row.permissions) as string[]).map((word) => readTokenPermission(word, 'api_tokens', row.id)),
    prefix: row.prefix,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    createdAt: row.created_at,
  };
}
