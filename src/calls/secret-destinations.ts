import type { RequestPlan, ServerPlan } from '../tools/types.ts';
import type { CalledAccount } from './authorise.ts';
import { grantOf } from './credentials.ts';
import { CallFailed } from './errors.ts';
import { baseOf, type CalledService } from './service.ts';

/** The servers that single operations of a service name. */
export type SecretServers = readonly ServerPlan[];

/** The origins that receive the stored secrets of an account: with requests, and with requests for a token. */
export type SecretOrigins = { readonly requests: ReadonlySet<string>; readonly tokens: ReadonlySet<string> };

type Context = Readonly<Record<string, unknown>>;

/** Returns the origins for the secrets of an account with this context. An incomplete URL counts as its template. */
export const originsOf = (service: CalledService, servers: SecretServers, context: Context): SecretOrigins => ({
  requests: new Set(
    [undefined, ...servers].map((server) =>
      originOf(() => baseOf(service, planned(server), context), server?.url ?? service.baseUrl ?? ''),
    ),
  ),
  tokens: new Set(
    [null, ...service.security.filter(({ type }) => type === 'clientCredentials')].map((fact) =>
      originOf(() => grantOf({ ...NOBODY, context }, service, fact, clientOf(context)).url, service.tokenUrl ?? ''),
    ),
  ),
});

/**
 * Returns the origins for the secrets of accounts, without their contexts. A template stands for all URLs that it can
 * become: it is filled with the names of its variables, and also with the defaults, which apply to accounts without a
 * value.
 */
export function templateOriginsOf(service: CalledService, servers: SecretServers): SecretOrigins {
  const templates = [service.baseUrl ?? '', ...servers.map(({ url }) => url)];
  const names = templates.flatMap((url) => [...url.matchAll(/\{([^{}]*)\}/g)].map(([, name]) => name ?? ''));
  const variables = Object.fromEntries(names.map((name) => [name, `v-${Buffer.from(name).toString('hex')}-v`]));
  const [named, byDefault] = [originsOf(service, servers, { variables }), originsOf(service, servers, {})];
  return { requests: new Set([...named.requests, ...byDefault.requests]), tokens: named.tokens };
}

const originOf = (read: () => URL, unreadable: string): string => {
  try {
    const { protocol, host } = read();
    return `${protocol}//${host}`;
  } catch (error) {
    if (error instanceof CallFailed) {
      return unreadable;
    }
    throw error;
  }
};

/** A base URL needs no more of a plan than its server. */
const planned = (server: ServerPlan | undefined): RequestPlan => ({
  path: '/',
  parameters: [],
  ...(server !== undefined && { server }),
});

/** The URL of a grant does not depend on the account, nor on who the client is. */
const NOBODY: CalledAccount = {
  id: '',
  version: 0,
  authenticationMethod: 'oauth2_client_credentials',
  context: {},
  isByOperation: true,
};
const clientOf = (context: Context): Context => ({ ...context, client_id: '', client_secret: '' });
