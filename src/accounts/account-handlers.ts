import type { components } from '../../generated/api.ts';
import { ApiError } from '../base/errors.ts';
import { formatInstant } from '../base/instants.ts';
import type { Handlers } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import { etag, parseIfMatch } from '../http/etag.ts';
import { serverId as serversApiId } from '../servers/wire.ts';
import * as store from '../store/accounts.ts';
import {
  type AccountFields,
  createAccount,
  deleteAccount,
  getAccount,
  listAccounts,
  ServerAccountFixed,
  updateAccount,
} from './accounts.ts';
import { previewAccountTools } from './previews.ts';
import { apiTokenOf, listPage } from './wire.ts';

type AccountOperations =
  | 'listAccounts'
  | 'createAccount'
  | 'getAccount'
  | 'updateAccount'
  | 'deleteAccount'
  | 'listAccountTools';

/**
 * Creates the handlers of accounts (Accounts API): connections to services, and servers as accounts. Answers never
 * contain credentials.
 */
export const accountHandlers = (deps: Deps): Handlers<AccountOperations> => ({
  listAccounts: async ({ query, caller }, respond) => {
    const holder = apiTokenOf(caller);
    const { tenant_id: tenantId, status, 'integration.name': integrationName } = query;
    const filter = {
      ...(tenantId !== undefined && { tenantId }),
      ...(status !== undefined && { status }),
      ...(integrationName !== undefined && { integrationName }),
    };
    return respond(
      200,
      await listPage(holder.organizationId, query, (part) => listAccounts(deps, holder, part, filter), toWire),
    );
  },

  createAccount: async ({ body, caller }, respond) => {
    const { tenant_id, environment_integration_id, authentication_method, context = {} } = body;
    const account = await createAccount(deps, apiTokenOf(caller), environment_integration_id, {
      tenantId: tenant_id,
      authenticationMethod: authentication_method,
      context,
    });
    const headers = { Location: `/integrated-account/${account.id}`, ETag: etag(account.version) };
    return respond(201, toWire(account), headers);
  },

  getAccount: async ({ params, caller }, respond) => {
    const account = await getAccount(deps, apiTokenOf(caller), params.id);
    return respond(200, toWire(account), { ETag: etag(account.version) });
  },

  updateAccount: async ({ params, headers, body, caller }, respond) => {
    const { tenant_id, authentication_method, context } = body;
    const changes: Partial<AccountFields> = {
      ...(tenant_id !== undefined && { tenantId: tenant_id }),
      ...(authentication_method !== undefined && { authenticationMethod: authentication_method }),
      ...(context !== undefined && { context }),
    };
    const expected = parseIfMatch(headers['if-match']);
    const account = await updateAccount(deps, apiTokenOf(caller), params.id, changes, expected).catch(readOnlyHere);
    return respond(200, toWire(account), { ETag: etag(account.version) });
  },

  deleteAccount: async ({ params, headers, caller }, respond) => {
    const expected = parseIfMatch(headers['if-match']);
    await deleteAccount(deps, apiTokenOf(caller), params.id, expected).catch(readOnlyHere);
    return respond(200, { id: params.id });
  },

  listAccountTools: async ({ params, query, caller, memory }, respond) => {
    return respond(200, await previewAccountTools(deps, apiTokenOf(caller), params.id, query, memory));
  },
});

/** Throws 405 for an account of a server, with the place where it can be changed. */
export function readOnlyHere(error: unknown): never {
  if (!(error instanceof ServerAccountFixed)) {
    throw error;
  }
  const { isShared, serverId } = error.account;
  const message = isShared
    ? 'This account is a server that the operator shares: only the operator can change it.'
    : `This account is a server: change it as ${serversApiId(serverId)} in the Servers API.`;
  throw new ApiError('method_not_allowed', message, { headers: { Allow: 'GET' }, cause: error });
}

const toWire = (account: store.Account): components['schemas']['Account'] => ({
  id: account.id,
  ...connectionOf(account),
  status: account.status,
  created_at: formatInstant(account.createdAt),
  updated_at: formatInstant(account.updatedAt),
});

/** Returns the owner of an account and its connection. */
function connectionOf(account: store.Account) {
  if (account.kind === 'server') {
    return {
      tenant_id: null,
      display_name: account.serverName,
      environment_integration_id: null,
      integration: { id: null, name: store.SERVERS_INTEGRATION },
      authentication_method: 'none',
    } as const;
  }
  return {
    tenant_id: account.tenantId,
    display_name: account.integrationName,
    environment_integration_id: account.integrationId,
    integration: { id: account.integrationId, name: account.integrationName },
    authentication_method: account.authenticationMethod,
  };
}
