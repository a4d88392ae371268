import { audit, type Change } from '../audit/changes.ts';
import type { Permission, TokenPermission } from '../base/caller.ts';
import { notFound } from '../base/errors.ts';
import { hashSecret, prefixOf } from '../base/ids.ts';
import { instant, parseExpiry } from '../base/instants.ts';
import type { Handlers } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import { withinQuotas } from '../quotas/quotas.ts';
import * as apiTokens from '../store/api-tokens.ts';
import * as keyPairs from '../store/key-pairs.ts';
import type { Db } from '../store/store.ts';
import { findOrganization } from './organizations.ts';

type CredentialOperations =
  | 'listApiTokens'
  | 'createApiToken'
  | 'deleteApiToken'
  | 'listApiKeys'
  | 'createApiKey'
  | 'deleteApiKey';

/** Operator API: an organization's API tokens and key pairs. Secrets are answered once and stored as hashes. */
export const credentialHandlers = (deps: Deps): Handlers<CredentialOperations> => ({
  listApiTokens: async ({ params }, respond) => {
    const { id } = await findOrganization(deps.store.read, params.org_id);
    return respond(200, (await apiTokens.list(deps.store.read, id)).map(toApiToken));
  },

  createApiToken: async ({ params, body, caller }, respond) => {
    const token = deps.ids.secret('gat_');
    const fields = { name: body.name, prefix: prefixOf(token), tokenHash: hashSecret(token) };
    const permissions = body.permissions ?? ['accounts'];
    const created = await create(deps, caller, params.org_id, body.expiresAt, 'api_token', (db, common) =>
      apiTokens.insert(db, { ...common, ...fields, permissions }),
    );
    const headers = { Location: `/admin/api/v1/organizations/${params.org_id}/api-tokens/${created.id}` };
    return respond(201, { ...toApiToken(created), token }, headers);
  },

  deleteApiToken: async ({ params, caller }, respond) => {
    await remove(deps, caller, params, 'api_token', apiTokens.remove);
    return respond(200, { id: params.id, deleted: true });
  },

  listApiKeys: async ({ params }, respond) => {
    const { id } = await findOrganization(deps.store.read, params.org_id);
    return respond(200, (await keyPairs.list(deps.store.read, id)).map(toApiKey));
  },

  createApiKey: async ({ params, body, caller }, respond) => {
    const apiKey = deps.ids.secret('sk_');
    const apiSecret = deps.ids.secret('s3cr3t_');
    const hashes = { keyHash: hashSecret(apiKey), secretHash: hashSecret(apiSecret) };
    const permissions = body.permissions ?? ['servers', 'approvals'];
    const created = await create(deps, caller, params.org_id, body.expiresAt, 'api_key', (db, common) =>
      keyPairs.insert(db, { ...common, ...hashes, name: body.name, prefix: prefixOf(apiKey), permissions }),
    );
    const headers = { Location: `/admin/api/v1/organizations/${params.org_id}/api-keys/${created.id}` };
    return respond(201, { ...toApiKey(created), apiKey, apiSecret }, headers);
  },

  deleteApiKey: async ({ params, caller }, respond) => {
    await remove(deps, caller, params, 'api_key', keyPairs.remove);
    return respond(200, { id: params.id, deleted: true });
  },
});

type Kind = 'api_token' | 'api_key';
type Common = { id: string; organizationId: string; expiresAt: number | null; createdAt: number };

async function create<T>(
  { store, now, ids, quotas }: Deps,
  actor: Change['actor'],
  organizationId: string,
  expiresAt: string | null | undefined,
  kind: Kind,
  insert: (db: Db, common: Common) => Promise<T>,
): Promise<T> {
  const at = now();
  const common = {
    id: ids.uuid(),
    organizationId,
    expiresAt: parseExpiry(expiresAt, 'body.expiresAt', at, 1),
    createdAt: at,
  };
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
  { org_id: organizationId, id }: { org_id: string; id: string },
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

/** Either kind as it is shown; `P`: the permissions that it can have. */
const toWire = <P extends string>(credential: apiTokens.ApiToken | keyPairs.KeyPair) => ({
  id: credential.id,
  name: credential.name,
  permissions: credential.permissions as P[],
  prefix: credential.prefix,
  expiresAt: optionalInstant(credential.expiresAt),
  lastUsedAt: optionalInstant(credential.lastUsedAt),
  createdAt: instant(credential.createdAt),
});

const toApiToken = toWire<TokenPermission>;
const toApiKey = toWire<Permission>;

const optionalInstant = (milliseconds: number | null): string | null =>
  milliseconds === null ? null : instant(milliseconds);
