import { percentEncode } from '../base/percent.ts';
import type { ServiceAccount } from '../store/accounts.ts';
import type { SecurityFact } from '../tools/types.ts';
import { CallFailed } from './errors.ts';
import { isHeaderName, isHeaderValue, isOurs } from './headers.ts';
import type { CalledService } from './service.ts';
import type { Grant } from './token-request.ts';
import type { Credential } from './types.ts';

/** The facts about an account that calls need. */
export type CalledAccount = Pick<ServiceAccount, 'id' | 'version' | 'authenticationMethod' | 'context'>;

/**
 * Returns the credential of an account, or null if it has none: an API key, placed where the document's first apiKey
 * scheme says, otherwise in `X-API-Key`; Basic (RFC 7617) in UTF-8; Bearer (RFC 6750). Calls `token` only for OAuth
 * client credentials. Throws CallFailed for credentials that are missing or cannot be written.
 */
export async function credentialOf(
  { authenticationMethod: method, context }: Pick<CalledAccount, 'authenticationMethod' | 'context'>,
  security: readonly SecurityFact[],
  token: () => Promise<string>,
): Promise<Credential | null> {
  switch (method) {
    case 'none':
      return null;
    case 'api_key':
      return apiKey(textIn(context, 'api_key'), security);
    case 'basic': {
      const pair = `${textIn(context, 'username')}:${textIn(context, 'password')}`;
      return authorization(`Basic ${Buffer.from(pair).toString('base64')}`);
    }
    case 'bearer':
      return authorization(`Bearer ${textIn(context, 'token')}`);
    case 'oauth2_client_credentials':
      return authorization(`Bearer ${await token()}`);
  }
}

function apiKey(key: string, security: readonly SecurityFact[]): Credential {
  const scheme = security.find((fact) => fact.type === 'apiKey');
  const { in: place, name } = scheme ?? { in: 'header', name: 'X-API-Key' };
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

const authorization = (value: string): Credential => written({ in: 'header', name: 'authorization', value });

function written(credential: Credential): Credential {
  if (!isHeaderName(credential.name) || !isHeaderValue(credential.value)) {
    throw new CallFailed('The credentials of the account cannot be written in a header. Check them for line ends.', {
      credentialsRefused: true,
    });
  }
  return credential;
}

/** Returns the grant for an account's token. Throws CallFailed if a part is missing. */
export function grantOf({ id, version, context }: CalledAccount, { tokenUrl, documentUrl }: CalledService): Grant {
  const given = context.token_url ?? tokenUrl;
  const url = typeof given === 'string' ? (URL.parse(given) ?? URL.parse(given, documentUrl ?? '')) : null;
  if (url === null) {
    throw new CallFailed('The token URL of the account cannot be read: set token_url in its context.');
  }
  return {
    key: `${id} ${url.href}`,
    version,
    url,
    clientId: textIn(context, 'client_id'),
    clientSecret: textIn(context, 'client_secret'),
    ...(typeof context.scope === 'string' ? { scope: context.scope } : {}),
  };
}

function textIn(context: CalledAccount['context'], key: string): string {
  const value = context[key];
  if (typeof value !== 'string') {
    throw new CallFailed(`The account has no ${key}.`, { credentialsRefused: true });
  }
  return value;
}
