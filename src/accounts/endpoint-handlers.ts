import type { components } from '../../generated/api.ts';
import { formatInstant, parseOptionalInstant } from '../base/instants.ts';
import type { Handlers } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import { etag, parseIfMatch } from '../http/etag.ts';
import type * as store from '../store/endpoints.ts';
import {
  createEndpoint,
  deleteEndpoint,
  type EndpointFields,
  getEndpoint,
  listEndpoints,
  updateEndpoint,
} from './endpoints.ts';
import { apiTokenOf, listPage } from './wire.ts';

type EndpointOperations = 'listEndpoints' | 'createEndpoint' | 'getEndpoint' | 'updateEndpoint' | 'deleteEndpoint';

/** Creates the handlers of endpoints (Accounts API). */
export const endpointHandlers = (deps: Deps): Handlers<EndpointOperations> => ({
  listEndpoints: async ({ params, query, caller }, respond) => {
    const holder = apiTokenOf(caller);
    const read = await listEndpoints(deps, holder, params.integrated_account_id);
    return respond(200, await listPage(holder.organizationId, query, read, toWire));
  },

  createEndpoint: async ({ params, body, caller }, respond) => {
    const accountId = params.integrated_account_id;
    const { endpoint, token } = await createEndpoint(deps, apiTokenOf(caller), accountId, {
      ...fieldsOf(body),
      name: body.name,
    });
    const headers = { Location: `/integrated-account/${accountId}/mcp/${endpoint.id}`, ETag: etag(endpoint.version) };
    return respond(201, { ...toWire(endpoint), token, url: `${deps.publicUrl}/mcp/${token}` }, headers);
  },

  getEndpoint: async ({ params, caller }, respond) => {
    const endpoint = await getEndpoint(deps, apiTokenOf(caller), placeOf(params));
    return respond(200, toWire(endpoint), { ETag: etag(endpoint.version) });
  },

  updateEndpoint: async ({ params, headers, body, caller }, respond) => {
    const expected = parseIfMatch(headers['if-match']);
    const updated = await updateEndpoint(deps, apiTokenOf(caller), placeOf(params), fieldsOf(body), expected);
    return respond(200, toWire(updated), { ETag: etag(updated.version) });
  },

  deleteEndpoint: async ({ params, headers, caller }, respond) => {
    await deleteEndpoint(deps, apiTokenOf(caller), placeOf(params), parseIfMatch(headers['if-match']));
    return respond(200, { id: params.id });
  },
});

/** Returns the sent fields under their domain names, without the others. */
const fieldsOf = ({ name, config, expires_at }: components['schemas']['EndpointPatch']): EndpointFields => ({
  ...(name !== undefined && { name }),
  ...(config !== undefined && { config }),
  ...(expires_at !== undefined && { expiresAt: parseOptionalInstant(expires_at, 'body.expires_at') }),
});

const placeOf = (params: { integrated_account_id: string; id: string }) => ({
  accountId: params.integrated_account_id,
  id: params.id,
});

/** Writes an endpoint in the key order of seed 001. */
const toWire = (endpoint: store.Endpoint): components['schemas']['Endpoint'] => ({
  id: endpoint.id,
  name: endpoint.name,
  integrated_account_id: endpoint.accountId,
  config: endpoint.config,
  expires_at: endpoint.expiresAt === null ? null : formatInstant(endpoint.expiresAt),
  created_by: endpoint.createdBy,
  created_at: formatInstant(endpoint.createdAt),
  updated_at: formatInstant(endpoint.updatedAt),
});
