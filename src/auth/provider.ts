import type { Configuration } from 'openid-client';
import { ApiError } from '../base/errors.ts';
import type { ProviderConfig } from '../config.ts';

/** What a browser keeps of a sign-in that it has begun. */
export type Flow = { readonly state: string; readonly nonce: string; readonly verifier: string };

/** What the provider says of a person; `email` only if the provider has verified it. */
export type Claims = Readonly<Record<string, unknown>> & { readonly sub: string };

/** Signs people in by the authorization code flow with PKCE (OpenID Connect Core 1.0, RFC 7636, RFC 9207). */
export type Provider = {
  /** Returns the address of the provider for a new sign-in. Throws `server_failed`. */
  readonly begin: () => Promise<{ url: string; flow: Flow }>;
  /**
   * Returns the claims of the id token and of userinfo for the query with which the browser came back. Throws
   * `unauthorized` if it belongs to another sign-in, or the provider refuses; `server_failed`.
   */
  readonly finish: (flow: Flow, query: string) => Promise<Claims>;
};

/** Most servers have no provider, and need not hold its code in memory. */
const loadOpenId = () => import('openid-client');
type OpenId = Awaited<ReturnType<typeof loadOpenId>>;

/** Seconds until the provider must have answered. */
const TIMEOUT_SECONDS = 10;
/** OpenID Connect Core 1.0, section 2. */
const SUBJECT = /^[\x20-\x7e]{1,255}$/;

/** The only code that uses openid-client. `redirectUri` is the URL that the provider sends browsers back to. */
export function createProvider(config: ProviderConfig, redirectUri: string): Provider {
  let discovering: Promise<Configuration> | undefined;
  const provider = (): Promise<Configuration> => {
    discovering ??= discover(config).catch((error: unknown) => {
      discovering = undefined;
      throw providerFailed(config, error);
    });
    return discovering;
  };
  return {
    begin: async () => {
      const [openid, found] = [await loadOpenId(), await provider()];
      const flow = {
        state: openid.randomState(),
        nonce: openid.randomNonce(),
        verifier: openid.randomPKCECodeVerifier(),
      };
      const url = openid.buildAuthorizationUrl(found, {
        redirect_uri: redirectUri,
        scope: config.scopes,
        state: flow.state,
        nonce: flow.nonce,
        code_challenge: await openid.calculatePKCECodeChallenge(flow.verifier),
        code_challenge_method: 'S256',
      });
      return { url: url.href, flow };
    },
    finish: async (flow, query) => {
      const [openid, found] = [await loadOpenId(), await provider()];
      try {
        return await claimsOf(openid, found, new URL(`${redirectUri}?${query}`), flow);
      } catch (error) {
        throw refusalIn(openid, error) ?? providerFailed(config, error);
      }
    },
  };
}

async function discover({ issuer, clientId, clientSecret }: ProviderConfig): Promise<Configuration> {
  const openid = await loadOpenId();
  const url = new URL(issuer);
  // The configuration lets http lead to this machine only.
  const execute = url.protocol === 'http:' ? [openid.allowInsecureRequests] : [];
  const found = await openid.discovery(url, clientId, undefined, undefined, { execute, timeout: TIMEOUT_SECONDS });
  const server = found.serverMetadata();
  // Without a list it is Basic (OpenID Connect Discovery 1.0, section 3).
  const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
  const authenticate = methods.includes('client_secret_basic') ? openid.ClientSecretBasic : openid.ClientSecretPost;
  const configuration = new openid.Configuration(server, clientId, undefined, authenticate(clientSecret));
  configuration.timeout = TIMEOUT_SECONDS;
  for (const extend of execute) {
    extend(configuration);
  }
  return configuration;
}

async function claimsOf(openid: OpenId, provider: Configuration, url: URL, flow: Flow): Promise<Claims> {
  const tokens = await openid.authorizationCodeGrant(provider, url, {
    pkceCodeVerifier: flow.verifier,
    expectedState: flow.state,
    expectedNonce: flow.nonce,
    idTokenExpected: true,
  });
  const token = tokens.claims();
  if (token === undefined || !SUBJECT.test(token.sub)) {
    throw new TypeError('the provider names nobody: `sub` must have 1 to 255 ASCII characters');
  }
  const more =
    provider.serverMetadata().userinfo_endpoint === undefined
      ? {}
      : await openid.fetchUserInfo(provider, tokens.access_token, token.sub);
  return { ...verified(token), ...verified(more), sub: token.sub };
}

/** Anybody can give an address of somebody else where the provider does not verify it. */
function verified({ email, ...claims }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return claims.email_verified === true && email !== undefined ? { ...claims, email } : claims;
}

/** Returns the error for what the person, or the provider, does not want; undefined for a failure. */
function refusalIn(openid: OpenId, error: unknown): ApiError | undefined {
  const begin = 'Nobody was signed in. Begin again at /console/sign-in.';
  if (error instanceof openid.AuthorizationResponseError) {
    return new ApiError('unauthorized', `The provider refuses (${error.error}). ${begin}`, { cause: error });
  }
  // A code that was used, or has expired.
  return error instanceof openid.ResponseBodyError && error.error === 'invalid_grant'
    ? new ApiError('unauthorized', `The provider takes this sign-in for used or too old. ${begin}`, { cause: error })
    : undefined;
}

const providerFailed = ({ issuer }: ProviderConfig, cause: unknown): ApiError =>
  new ApiError(
    'server_failed',
    `The OpenID provider ${issuer} cannot be reached, or does not answer as it should. The log of the server says why.`,
    { internalMessage: cause instanceof Error ? `${cause.message} (${issuer})` : String(cause), cause },
  );
