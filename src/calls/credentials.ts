import { isObject } from '../base/is-object.ts';
import { percentEncode } from '../base/percent.ts';
import type { RequestPlan, SecurityFact } from '../tools/types.ts';
import { authoriserOf, type CalledAccount, isOwnOrigin, placeOf } from './authorise.ts';
import { CallFailed } from './errors.ts';
import { isHeaderName, isHeaderValue, isOurs } from './headers.ts';
import { credentialsFor, isClient, type SchemeCredentials } from './scheme-credentials.ts';
import { type CalledService, documentedTokenUrl } from './service.ts';
import type { Grant } from './token-request.ts';
import type { Credential } from './types.ts';

/** A credential, or the grant for a token that goes into `Authorization`. */
export type PlannedCredential = Credential | { readonly grant: Grant };

type Context = CalledAccount['context'];

/**
 * Returns what an account adds to a request: the credentials that the operation demands, each where its scheme says, and
 * the fixed headers and query parameters. Nothing of it goes to an origin that is neither that of the service nor named
 * by the account. Throws CallFailed for credentials that are refused, missing or cannot be written.
 *
 * If nobody knows what the operation demands, the credential of the account goes along as the document as a whole says:
 * an API key where the first apiKey scheme says, otherwise in `X-API-Key`.
 */
export function planCredentials(
  account: CalledAccount,
  service: CalledService,
  request: RequestPlan,
  base: URL,
): PlannedCredential[] {
  const isOwn = isOwnOrigin(account, service, base.origin);
  const fixed = isOwn ? fixedValues(account.context) : [];
  const authorisation = authoriserOf(account, service).of(request);
  switch (authorisation.kind) {
    case 'refused':
      throw new CallFailed(authorisation.reason);
    case 'schemes':
      return [...fixed, ...unique(authorisation.schemes).map((fact) => credentialOf(account, service, fact))];
    case 'document': {
      // Accounts that were made before, and documents that say nothing of security: to every server of the document.
      const isAsEver = !account.isByOperation || request.access === undefined;
      const mayGo = isOwn || (isAsEver && account.authenticationMethod !== 'schemes');
      return [...fixed, ...(mayGo ? byDocument(account, service) : [])];
    }
  }
}

/** One scheme for each place. */
const unique = (facts: readonly SecurityFact[]): SecurityFact[] => [
  ...new Map(facts.map((fact) => [placeOf(fact), fact])).values(),
];

function byDocument(account: CalledAccount, service: CalledService): PlannedCredential[] {
  const { authenticationMethod: method, context } = account;
  const { security } = service;
  switch (method) {
    case 'none':
      return [];
    case 'api_key':
      return [apiKey(textIn(context, 'api_key'), security.find(({ type }) => type === 'apiKey') ?? null)];
    case 'schemes':
      return unique(security.filter(({ scheme }) => credentialsFor(context, scheme) !== null)).map((fact) =>
        credentialOf(account, service, fact),
      );
    default:
      return [credentialOf(account, service, null)];
  }
}

/** The credential for a scheme; null for the one of the method, whatever the scheme. */
function credentialOf(account: CalledAccount, service: CalledService, fact: SecurityFact | null): PlannedCredential {
  const { authenticationMethod: method, context } = account;
  const given = method === 'schemes' ? (credentialsFor(context, fact?.scheme ?? '') ?? {}) : context;
  if (fact?.type === 'apiKey') {
    return apiKey(textIn(given, 'api_key'), fact);
  }
  const httpScheme = fact?.type === 'http' ? fact.httpScheme : 'bearer';
  if (method === 'basic' || (method === 'schemes' && httpScheme === 'basic')) {
    const pair = `${textIn(given, 'username')}:${textIn(given, 'password')}`;
    return authorization(`Basic ${Buffer.from(pair).toString('base64')}`);
  }
  if (method === 'oauth2_client_credentials' || (method === 'schemes' && isClient(given))) {
    return { grant: grantOf(account, service, fact, given) };
  }
  const name = `${httpScheme.slice(0, 1).toUpperCase()}${httpScheme.slice(1)}`;
  return authorization(`${name} ${withoutScheme(textIn(given, 'token'), httpScheme)}`);
}

/** People paste tokens with the scheme before them. */
const withoutScheme = (token: string, scheme: string): string =>
  token.toLowerCase().startsWith(`${scheme} `) ? token.slice(scheme.length).trimStart() : token;

function apiKey(key: string, fact: SecurityFact | null): Credential {
  const { in: place, name } = fact?.type === 'apiKey' ? fact : { in: 'header' as const, name: 'X-API-Key' };
  switch (place) {
    case 'query':
      return { in: place, name, value: key };
    case 'cookie':
      // What a cookie can hold (RFC 6265, section 4.1.1) goes as it is: not every service decodes.
      return written({ in: place, name, value: /^[!#-+\x2d-:<-[\]-~]*$/.test(key) ? key : percentEncode(key) });
    case 'header':
      if (isOurs(name) && name.toLowerCase() !== 'authorization') {
        break;
      }
      return written({ in: place, name, value: key });
  }
  throw new CallFailed(
    `The document puts the API key into the ${place} ${JSON.stringify(name)}, which is not possible.`,
  );
}

/** Returns the credential of an access token. */
export const bearerOf = (token: string): Credential => authorization(`Bearer ${token}`);

const authorization = (value: string): Credential => written({ in: 'header', name: 'authorization', value });

function written(credential: Credential): Credential {
  if (!isHeaderName(credential.name) || !isHeaderValue(credential.value)) {
    throw new CallFailed('The credentials of the account cannot be written in a header. Check them for line ends.', {
      credentialsRefused: true,
    });
  }
  return credential;
}

/** The headers and query parameters that an account adds to every request. */
function fixedValues({ headers, query }: Context): Credential[] {
  const valuesIn = (place: 'header' | 'query', values: unknown): Credential[] =>
    Object.entries(textsIn(values)).map(([name, value]) => ({ in: place, name, value }));
  return [...valuesIn('header', headers).map(written), ...valuesIn('query', query)];
}

/** Returns the texts of an object of the context. */
export const textsIn = (values: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(isObject(values) ? values : {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );

/**
 * Returns the grant for a token of an account, for a scheme or for the whole document. Throws CallFailed if a part is
 * missing.
 */
export function grantOf(
  { id, version, authenticationMethod, context }: CalledAccount,
  service: CalledService,
  fact: SecurityFact | null,
  given: SchemeCredentials,
): Grant {
  const address = fact?.type === 'clientCredentials' ? fact.tokenUrl : service.tokenUrl;
  const url =
    typeof given.token_url === 'string'
      ? URL.parse(given.token_url)
      : address === undefined
        ? null
        : documentedTokenUrl(service, address, context);
  if (url === null) {
    throw new CallFailed('The token URL of the account cannot be read: set token_url in its context.');
  }
  const { scope, client_auth: clientAuth } = given;
  return {
    key: JSON.stringify([id, authenticationMethod === 'schemes' ? (fact?.scheme ?? '') : '', url.href]),
    version,
    url,
    clientId: textIn(given, 'client_id'),
    clientSecret: textIn(given, 'client_secret'),
    parameters: { ...textsIn(given.token_params), ...(typeof scope === 'string' && { scope }) },
    clientAuth: clientAuth === 'basic' || clientAuth === 'body' ? clientAuth : null,
  };
}

function textIn(context: SchemeCredentials, key: string): string {
  const value = context[key];
  if (typeof value !== 'string') {
    throw new CallFailed(`The account has no ${key}.`, { credentialsRefused: true });
  }
  return value;
}
