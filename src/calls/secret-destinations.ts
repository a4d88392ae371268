import type { RequestPlan, ServerPlan } from '../tools/types.ts';
import { type CalledAccount, grantOf } from './credentials.ts';
import { CallFailed } from './errors.ts';
import { baseOf, type CalledService } from './service.ts';

/** The servers that operations of a service name for themselves. */
export type SecretServers = readonly ServerPlan[];

/** The origins to which the stored secrets of an account are sent: with requests, and with requests for a token. */
export type SecretOrigins = { readonly requests: ReadonlySet<string>; readonly tokens: ReadonlySet<string> };

type Context = Readonly<Record<string, unknown>>;

/** Where the secrets of an account with this context go. What cannot be read yet is known by its template. */
export const originsOf = (service: CalledService, servers: SecretServers, context: Context): SecretOrigins => ({
  requests: new Set(
    [undefined, ...servers].map((server) =>
      originOf(() => baseOf(service, planned(server), context), server?.url ?? service.baseUrl ?? ''),
    ),
  ),
  tokens: new Set([originOf(() => grantOf(nobodyWith(context), service).url, service.tokenUrl ?? '')]),
});

/**
 * Where the secrets of accounts whose contexts are not looked at go. A template stands for all that it can become, so it is
 * filled with the names of its variables, and once more with the defaults, which hold for accounts without a value.
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

/** The URL of a grant does not depend on who asks. */
const nobodyWith = (context: Context): CalledAccount => ({
  id: '',
  version: 0,
  authenticationMethod: 'oauth2_client_credentials',
  context: { ...context, client_id: '', client_secret: '' },
});
