import { audit, type Change } from '../audit/changes.ts';
import type { Permission, TokenPermission } from '../base/caller.ts';
import { notFound } from '../base/errors.ts';
import { hashSecret, prefixOf } from '../base/ids.ts';
import { requireFuture } from '../base/instants.ts';
import type { Deps } from '../deps.ts';
import { withinQuotas } from '../quotas/quotas.ts';
import * as apiTokens from '../store/api-tokens.ts';
import * as keyPairs from '../store/key-pairs.ts';
import type { Db } from '../store/store.ts';
import { findOrganization } from './organizations.ts';

/** The fields of new credentials. `expiresAt` is in milliseconds since the epoch; null for never. */
type Fields<P> = { readonly name: string; readonly permissions: P[]; readonly expiresAt: number | null };

/** Returns the API tokens of an organization, without their secrets. Throws `not_found`. */
export async function listApiTokens({ store: { read } }: Deps, organizationId: string): Promise<apiTokens.ApiToken[]> {
  await findOrganization(read, organizationId);
  return apiTokens.list(read, organizationId);
}

/** Returns the key pairs of an organization, without their secrets. Throws `not_found`. */
export async function listKeyPairs({ store: { read } }: Deps, organizationId: string): Promise<keyPairs.KeyPair[]> {
  await findOrganization(read, organizationId);
  return keyPairs.list(read, organizationId);
}

/**
 * Creates an API token. Only this answer contains the token; the database stores its hash. Throws `not_found`,
 * `validation_failed`, `quota_exceeded`.
 */
export async function createApiToken(
  deps: Deps,
  actor: Change['actor'],
  organizationId: string,
  { expiresAt, ...fields }: Fields<TokenPermission>,
): Promise<{ created: apiTokens.ApiToken; token: string }> {
  const token = deps.ids.secret('gat_');
  const stored = { ...fields, prefix: prefixOf(token), tokenHash: hashSecret(token) };
  const created = await create(deps, actor, organizationId, expiresAt, 'api_token', (db, common) =>
    apiTokens.insert(db, { ...common, ...stored }),
  );
  return { created, token };
}

/** Creates a key pair, like createApiToken. */
export async function createKeyPair(
  deps: Deps,
  actor: Change['actor'],
  organizationId: string,
  { expiresAt, ...fields }: Fields<Permission>,
): Promise<{ created: keyPairs.KeyPair; apiKey: string; apiSecret: string }> {
  const apiKey = deps.ids.secret('sk_');
  const apiSecret = deps.ids.secret('s3cr3t_');
  const hashes = { keyHash: hashSecret(apiKey), secretHash: hashSecret(apiSecret) };
  const created = await create(deps, actor, organizationId, expiresAt, 'api_key', (db, common) =>
    keyPairs.insert(db, { ...common, ...hashes, ...fields, prefix: prefixOf(apiKey) }),
  );
  return { created, apiKey, apiSecret };
}

/** Deletes an API token; it is invalid at once. Throws `not_found`. */
export const deleteApiToken = (deps: Deps, actor: Change['actor'], organizationId: string, id: string): Promise<void> =>
  remove(deps, actor, organizationId, id, 'api_token', apiTokens.remove);

/** Deletes a key pair; it is invalid at once. Throws `not_found`. */
export const deleteKeyPair = (deps: Deps, actor: Change['actor'], organizationId: string, id: string): Promise<void> =>
  remove(deps, actor, organizationId, id, 'api_key', keyPairs.remove);

type Kind = 'api_token' | 'api_key';
type Common = { id: string; organizationId: string; expiresAt: number | null; createdAt: number };

/** The minimum time until the expiry, in milliseconds. */
const SOONEST_EXPIRY_MS = 1;

async function create<T>(
  { store, now, ids, quotas }: Deps,
  actor: Change['actor'],
  organizationId: string,
  expiresAt: number | null,
  kind: Kind,
  insert: (db: Db, common: Common) => Promise<T>,
): Promise<T> {
  const at = now();
  requireFuture(expiresAt, at, SOONEST_EXPIRY_MS);
  const common = { id: ids.uuid(), organizationId, expiresAt, createdAt: at };
  return store.write(async (db) => {
    await findOrganization(db, organizationId);
    const created = await withinQuotas(db, quotas, organizationId, ['credentials'], () => insert(db, common));
    await audit(db, { at, actor, organizationId, action: `${kind}.created`, target: { kind, id: common.id } });
    return created;
  });
}

async function remove(
  { store, now }: Deps,
  actor: Change['actor'],
  organizationId: string,
  id: string,
  kind: Kind,
  removeFrom: (db: Db, organizationId: string, id: string) => Promise<boolean>,
): Promise<void> {
  await store.write(async (db) => {
    await findOrganization(db, organizationId);
    if (!(await removeFrom(db, organizationId, id))) {
      const what = kind === 'api_token' ? 'API token' : 'API key';
      throw notFound(what, `Organization ${organizationId} has no ${what} with id ${id}.`);
    }
    await audit(db, { at: now(), actor, organizationId, action: `${kind}.deleted`, target: { kind, id } });
  });
}
