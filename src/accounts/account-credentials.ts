import { type InvalidValue, invalid } from '../base/errors.ts';
import { isObject } from '../base/is-object.ts';
import { placeOf } from '../calls/authorise.ts';
import { textsIn } from '../calls/credentials.ts';
import { isFixable } from '../calls/headers.ts';
import { misfitOf, type SchemeCredentials } from '../calls/scheme-credentials.ts';
import { type CalledService, calledServiceOf } from '../calls/service.ts';
import type { AuthenticationMethod } from '../contract/closed-words.ts';
import type { ServiceAccount } from '../store/accounts.ts';
import type { Integration } from '../store/integrations.ts';

type Context = ServiceAccount['context'];
type Credentials = Pick<ServiceAccount, 'authenticationMethod' | 'context'>;

/** The required keys of the context for each authentication method, and the further allowed ones. */
const WANTED: Readonly<Record<AuthenticationMethod, readonly string[]>> = {
  api_key: ['api_key'],
  basic: ['username', 'password'],
  bearer: ['token'],
  oauth2_client_credentials: ['client_id', 'client_secret'],
  schemes: ['schemes'],
  none: [],
};
const ALLOWED: { readonly [M in AuthenticationMethod]?: readonly string[] } = {
  oauth2_client_credentials: ['token_url', 'scope', 'client_auth', 'token_params'],
};
/** The keys beside every method. */
const COMMON = ['variables', 'headers', 'query', 'origins'];

/** The maximum size of the names and values of one map together, in bytes. */
const MAX_MAP_BYTES = 8192;
/** Parameters of a token request that the gateway sends itself. */
const OWN_PARAMETERS = ['grant_type', 'client_id', 'client_secret', 'scope'];

/** Returns all keys of a method. */
const keysOf = (method: AuthenticationMethod): string[] => [...COMMON, ...WANTED[method], ...(ALLOWED[method] ?? [])];

/** Drops the credentials of an earlier method. */
export const keptOf = (context: Context, method: AuthenticationMethod): Context =>
  Object.fromEntries(Object.entries(context).filter(([key]) => keysOf(method).includes(key)));

/**
 * Throws unless the context has every credential that the method requires, in the form that the document asks for, and
 * every variable of the server URL without a default.
 */
export function requireComplete(account: Credentials, integration: Integration): void {
  const service = calledServiceOf(integration);
  const mistakes = [
    ...mistakesInKeys(account),
    ...mistakesInTokens(account, service),
    ...mistakesInSchemes(account, service),
    ...mistakesInFixed(account, service),
    ...mistakesInOrigins(account.context),
    ...mistakesInVariables(account.context, service),
  ];
  if (mistakes.length > 0) {
    throw invalid(mistakes);
  }
}

function mistakesInKeys({ authenticationMethod: method, context }: Credentials): InvalidValue[] {
  const missing = WANTED[method].filter((key) => context[key] === undefined);
  const foreign = Object.keys(context).filter((given) => !keysOf(method).includes(given));
  return [
    ...missing.map((key) => ({
      path: ['context', key],
      message: `is required by the authentication method ${method}`,
      rule: 'required',
    })),
    ...foreign.map((key) => ({
      path: ['context', key],
      message: `is no credential of the authentication method ${method}`,
      rule: 'unknown_key',
    })),
  ];
}

function mistakesInTokens({ authenticationMethod, context }: Credentials, service: CalledService): InvalidValue[] {
  if (authenticationMethod !== 'oauth2_client_credentials') {
    return [];
  }
  const isNamed = (context.token_url ?? service.tokenUrl) !== undefined;
  const message = 'is required: the document of the integration names no token URL';
  return [
    ...(isNamed ? [] : [{ path: ['context', 'token_url'], message, rule: 'required' }]),
    ...mistakesInParams(context, ['context']),
  ];
}

function mistakesInParams(credentials: SchemeCredentials, path: readonly string[]): InvalidValue[] {
  const at = [...path, 'token_params'];
  const own = Object.keys(textsIn(credentials.token_params)).filter((name) => OWN_PARAMETERS.includes(name));
  return [
    ...own.map((name) => ({ path: [...at, name], message: 'is sent by Gatehouse itself', rule: 'invalid' })),
    ...mistakesInSize(credentials.token_params, at),
  ];
}

function mistakesInSchemes({ authenticationMethod, context }: Credentials, service: CalledService): InvalidValue[] {
  const schemes = isObject(context.schemes) && authenticationMethod === 'schemes' ? context.schemes : {};
  return Object.entries(schemes).flatMap(([name, credentials]): InvalidValue[] => {
    const path = ['context', 'schemes', name];
    const fact = service.security.find(({ scheme }) => scheme === name);
    if (fact === undefined) {
      const known = service.security.map(({ scheme }) => scheme).join(', ') || 'none';
      return [{ path, message: `is no security scheme of the document; it has: ${known}`, rule: 'unknown_key' }];
    }
    const given = isObject(credentials) ? credentials : {};
    const misfit = misfitOf(fact, given);
    const rule = 'invalid';
    return [
      ...(misfit === null
        ? []
        : [{ path: misfit.key === null ? path : [...path, misfit.key], message: misfit.message, rule }]),
      ...mistakesInParams(given, path),
    ];
  });
}

/** Names of headers that the credentials of an account write, in lower case. */
function headersOfCredentials({ authenticationMethod, context }: Credentials, service: CalledService): string[] {
  const given = isObject(context.schemes) ? context.schemes : {};
  switch (authenticationMethod) {
    case 'basic':
    case 'bearer':
    case 'oauth2_client_credentials':
      return ['authorization'];
    case 'schemes':
      return service.security
        .filter(({ scheme }) => Object.hasOwn(given, scheme))
        .map((fact) => placeOf(fact))
        .flatMap((place) => (place.startsWith('header ') ? [place.slice('header '.length)] : []));
    default:
      return [];
  }
}

function mistakesInFixed(account: Credentials, service: CalledService): InvalidValue[] {
  const { headers, query } = account.context;
  const ofCredentials = headersOfCredentials(account, service);
  const messageOf = (name: string): string | null =>
    !isFixable(name)
      ? 'is a header that Gatehouse writes for each request'
      : ofCredentials.includes(name.toLowerCase())
        ? `is written by the authentication method ${account.authenticationMethod}`
        : null;
  return [
    ...Object.keys(textsIn(headers)).flatMap((name) => {
      const message = messageOf(name);
      return message === null ? [] : [{ path: ['context', 'headers', name], message, rule: 'invalid' }];
    }),
    ...mistakesInSize(headers, ['context', 'headers']),
    ...mistakesInSize(query, ['context', 'query']),
  ];
}

function mistakesInSize(values: unknown, path: readonly string[]): InvalidValue[] {
  const bytes = Object.entries(textsIn(values)).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  );
  const message = `must not have more than ${MAX_MAP_BYTES} bytes in all names and values`;
  return bytes > MAX_MAP_BYTES ? [{ path: [...path], message, rule: 'invalid' }] : [];
}

function mistakesInOrigins({ origins }: Context): InvalidValue[] {
  return (Array.isArray(origins) ? origins : []).flatMap((given, index) =>
    URL.parse(given)?.origin === given
      ? []
      : [
          {
            path: ['context', 'origins', String(index)],
            message: 'must be an origin, such as https://uploads.example.com',
            rule: 'invalid',
          },
        ],
  );
}

function mistakesInVariables(context: Context, { variables, baseUrl }: CalledService): InvalidValue[] {
  const given = textsIn(context.variables);
  return Object.entries(variables).flatMap(([name, variable]): InvalidValue[] => {
    const value = Object.hasOwn(given, name) ? given[name] : variable.default;
    const path = ['context', 'variables', name];
    if (value === undefined) {
      return [{ path, message: `is required: it stands in the server URL ${baseUrl}`, rule: 'required' }];
    }
    return variable.enum !== undefined && !variable.enum.includes(value)
      ? [{ path, message: `must be one of ${variable.enum.join(', ')}`, rule: 'enum' }]
      : [];
  });
}
