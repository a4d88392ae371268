import { formatInstant, parseOptionalInstant } from '../base/instants.ts';
import type { Handlers } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import type { ApiToken } from '../store/api-tokens.ts';
import type { KeyPair } from '../store/key-pairs.ts';
import {
  createApiToken,
  createKeyPair,
  deleteApiToken,
  deleteKeyPair,
  listApiTokens,
  listKeyPairs,
} from './credentials.ts';

type CredentialOperations =
  | 'listApiTokens'
  | 'createApiToken'
  | 'deleteApiToken'
  | 'listApiKeys'
  | 'createApiKey'
  | 'deleteApiKey';

/** Creates the handlers of API tokens and key pairs (Operator API). Only the answer to create contains the secret. */
export const credentialHandlers = (deps: Deps): Handlers<CredentialOperations> => ({
  listApiTokens: async ({ params }, respond) => respond(200, (await listApiTokens(deps, params.org_id)).map(toWire)),

  createApiToken: async ({ params, body, caller }, respond) => {
    const { name, permissions = ['accounts'] } = body;
    const fields = { name, permissions, expiresAt: expiryOf(body) };
    const { created, token } = await createApiToken(deps, caller, params.org_id, fields);
    const headers = { Location: `/admin/api/v1/organizations/${params.org_id}/api-tokens/${created.id}` };
    return respond(201, { ...toWire(created), token }, headers);
  },

  deleteApiToken: async ({ params, caller }, respond) => {
    await deleteApiToken(deps, caller, params.org_id, params.id);
    return respond(200, { id: params.id, deleted: true });
  },

  listApiKeys: async ({ params }, respond) => respond(200, (await listKeyPairs(deps, params.org_id)).map(toWire)),

  createApiKey: async ({ params, body, caller }, respond) => {
    const { name, permissions = ['servers'] } = body;
    const fields = { name, permissions, expiresAt: expiryOf(body) };
    const { created, apiKey, apiSecret } = await createKeyPair(deps, caller, params.org_id, fields);
    const headers = { Location: `/admin/api/v1/organizations/${params.org_id}/api-keys/${created.id}` };
    return respond(201, { ...toWire(created), apiKey, apiSecret }, headers);
  },

  deleteApiKey: async ({ params, caller }, respond) => {
    await deleteKeyPair(deps, caller, params.org_id, params.id);
    return respond(200, { id: params.id, deleted: true });
  },
});

const expiryOf = ({ expiresAt }: { readonly expiresAt?: string | null }): number | null =>
  parseOptionalInstant(expiresAt, 'body.expiresAt');

/** Writes a credential of either kind. */
const toWire = <C extends ApiToken | KeyPair>(credential: C) => ({
  id: credential.id,
  name: credential.name,
  permissions: credential.permissions as C['permissions'],
  prefix: credential.prefix,
  expiresAt: optionalInstant(credential.expiresAt),
  lastUsedAt: optionalInstant(credential.lastUsedAt),
  createdAt: formatInstant(credential.createdAt),
});

const optionalInstant = (milliseconds: number | null): string | null =>
  milliseconds === null ? null : formatInstant(milliseconds);
