import { readJson } from '../base/read-json.ts';
import { type Permission, readPermission } from '../contract/closed-words.ts';
import { touch, type Use } from './last-used.ts';
import type { Database } from './schema.ts';
import type { Db } from './store.ts';

/** An organization's API key and secret, without either. Times are milliseconds since the epoch. */
export type KeyPair = {
  id: string;
  organizationId: string;
  name: string;
  permissions: Permission[];
  /** The first characters of the key, to tell keys apart. */
  prefix: string;
  expiresAt: number | null;
  lastUsedAt: number | null;
  createdAt: number;
};

/** A key pair with its hashes, before it is stored. */
export type NewKeyPair = Omit<KeyPair, 'lastUsedAt'> & { keyHash: string; secretHash: string };

/** Stores a key pair that has never been used, and returns it. */
export async function insert(db: Db, pair: NewKeyPair): Promise<KeyPair> {
  const row = {
    id: pair.id,
    organization_id: pair.organizationId,
    name: pair.name,
    permissions: JSON.stringify(pair.permissions),
    key_hash: pair.keyHash,
    secret_hash: pair.secretHash,
    prefix: pair.prefix,
    expires_at: pair.expiresAt,
    last_used_at: null,
    created_at: pair.createdAt,
  };
  await db.sql.insertInto('key_pairs').values(row).execute();
  return toKeyPair(row);
}

/** Returns an organization's key pairs, including expired ones, oldest first, ties by id. */
export async function list(db: Db, organizationId: string): Promise<KeyPair[]> {
  const rows = await db.sql
    .selectFrom('key_pairs')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  return rows.map(toKeyPair);
}

/** Deletes a key pair. Returns false if the organization has no such pair. */
export async function remove(db: Db, organizationId: string, id: string): Promise<boolean> {
  const { numDeletedRows } = await db.sql
    .deleteFrom('key_pairs')
    .where('organization_id', '=', organizationId)
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

/** Returns the pair whose key has that hash, expired or not, with the hash of its secret to compare; or null. */
export async function findByKeyHash(db: Db, keyHash: string): Promise<(KeyPair & { secretHash: string }) | null> {
  const row = await db.sql.selectFrom('key_pairs').selectAll().where('key_hash', '=', keyHash).executeTakeFirst();
  return row ? { ...toKeyPair(row), secretHash: row.secret_hash } : null;
}

/** Records the last use of key pairs; ignores deleted pairs. */
export async function touchLastUsed(db: Db, uses: readonly Use[]): Promise<void> {
  await touch(db, 'key_pairs', uses);
}

function toKeyPair(row: Database['key_pairs']): KeyPair {
  return {
    id: row.id,
    organizationId: row.organization_id,
    name: row.name,
    permissions: (readJson(row.permissions) as string[]).map((word) => readPermission(word, 'key_pairs', row.id)),
    prefix: row.prefix,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    createdAt: row.created_at,
  };
}
