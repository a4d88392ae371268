import { isObject } from '../base/is-object.ts';
import type { SecurityFact } from '../tools/types.ts';

/** The credentials for one security scheme, as in `context.schemes`. */
export type SchemeCredentials = Readonly<Record<string, unknown>>;

/** Schemes of HTTP whose credentials are computed for each request, or are none of the account. */
const COMPUTED = /^(?:concealed|digest|dpop|gnap|hoba|mutual|negotiate|privatetoken|scram-.*|vapid)$/;

const CLIENT = ['client_id', 'client_secret'];
const OF_CLIENT = ['token_url', 'scope', 'client_auth', 'token_params'];

/** Returns the credentials of an account for a security scheme; null if it has none. */
export function credentialsFor(context: Readonly<Record<string, unknown>>, scheme: string): SchemeCredentials | null {
  const { schemes } = context;
  const found = isObject(schemes) && Object.hasOwn(schemes, scheme) ? schemes[scheme] : null;
  return isObject(found) ? found : null;
}

/** Returns why nothing that an account has can satisfy a scheme; null if something can. */
export function unsupported(fact: SecurityFact): string | null {
  const isComputed = fact.type === 'http' && COMPUTED.test(fact.httpScheme);
  return fact.type === 'unsupported' || isComputed ? 'is of a kind that is not supported' : null;
}

/** A form of credentials: `client` is one that gets its tokens from a token URL. */
export type CredentialForm = 'api_key' | 'basic' | 'bearer' | 'client';

/** Returns the forms of credentials that satisfy a scheme, the usual one first; none if nothing can. */
export function formsFor(fact: SecurityFact): CredentialForm[] {
  if (unsupported(fact) !== null) {
    return [];
  }
  if (fact.type === 'apiKey') {
    return ['api_key'];
  }
  return isBasic(fact) ? ['basic'] : fact.type === 'clientCredentials' ? ['client', 'bearer'] : ['bearer', 'client'];
}

/** A mistake in the credentials for a scheme; `key` is the one that is missing or too much, null for all of them. */
export type Misfit = { readonly key: string | null; readonly message: string };

/** Returns why credentials do not fit their scheme; null if they do. */
export function misfitOf(fact: SecurityFact, credentials: SchemeCredentials): Misfit | null {
  const refusal = unsupported(fact);
  if (refusal !== null) {
    return { key: null, message: refusal };
  }
  const wanted = wantedBy(fact, credentials);
  const allowed = wanted === CLIENT ? [...CLIENT, ...OF_CLIENT] : wanted;
  const missing = wanted.find((key) => typeof credentials[key] !== 'string');
  if (missing !== undefined) {
    return { key: missing, message: `is required by the security scheme ${fact.scheme}` };
  }
  if (wanted === CLIENT && fact.type !== 'clientCredentials' && credentials.token_url === undefined) {
    return { key: 'token_url', message: 'is required: the document names no token URL for this scheme' };
  }
  const surplus = Object.keys(credentials).find((key) => !allowed.includes(key));
  return surplus === undefined
    ? null
    : { key: surplus, message: `is no credential of the security scheme ${fact.scheme}, which takes ${takenBy(fact)}` };
}

/** The keys that credentials need, in one of the forms that the scheme takes. */
function wantedBy(fact: SecurityFact, credentials: SchemeCredentials): readonly string[] {
  switch (fact.type) {
    case 'apiKey':
      return ['api_key'];
    case 'http':
      return isBasic(fact) ? ['username', 'password'] : isClient(credentials) ? CLIENT : ['token'];
    default:
      return isClient(credentials) ? CLIENT : ['token'];
  }
}

const isBasic = (fact: SecurityFact): boolean => fact.type === 'http' && fact.httpScheme === 'basic';
const takenBy = (fact: SecurityFact): string =>
  fact.type === 'apiKey'
    ? 'api_key'
    : isBasic(fact)
      ? 'username and password'
      : 'token, or client_id and client_secret';

/** Whether credentials are those of a client that gets its tokens from a token URL. */
export const isClient = (credentials: SchemeCredentials): boolean =>
  credentials.client_id !== undefined || credentials.client_secret !== undefined;
