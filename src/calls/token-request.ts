import { isObject } from '../base/is-object.ts';
import { parseJson } from '../base/json.ts';
import type { MayBeSent } from '../base/not-sent.ts';
import type { Egress } from '../egress/egress.ts';
import { CallFailed } from './errors.ts';
import { isHeaderValue } from './headers.ts';
import { send } from './send.ts';
import type { HttpAnswer } from './types.ts';

/** Client credentials, and the endpoint that exchanges them for a token. */
export type Grant = {
  /** Identifies the account and its token endpoint; contains no secret. */
  readonly key: string;
  /** The version of the account: another version has other credentials. */
  readonly version: number;
  readonly url: URL;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Further parameters of the request: `scope`, `audience` and others. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Where the client is sent; null to find out. */
  readonly clientAuth: 'basic' | 'body' | null;
};

/** An access token, and its lifetime from now in milliseconds. */
export type Token = { readonly token: string; readonly lifetimeMs: number };

const TIMEOUT_MS = 30_000;
const MAX_BYTES = 64 * 1024;
/** Of a token that does not say it (RFC 6749, section 5.1, recommends it): one that ends sooner is noticed by a 401. */
const UNSAID_SECONDS = 300;
/** So that a token does not end on its way; short ones have a tenth of their life. */
const MARGIN_SECONDS = 30;
const DAY_SECONDS = 86_400;

/** The errors of RFC 6749, section 5.2: nothing else that a server says is repeated. */
const ERRORS = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
];

/**
 * Requests a token with the client credentials grant (RFC 6749, section 4.4). Unless the grant says where to send the
 * client, it goes into a Basic header, which every server must accept (section 2.3.1), and into the body if a server
 * refuses that. Throws CallFailed, EgressRefused, NotSent, or the reason of the signal.
 */
export async function requestToken(
  egress: Egress,
  grant: Grant,
  left: AbortSignal,
  mayBeSent?: MayBeSent,
): Promise<Token> {
  const deadline = AbortSignal.timeout(TIMEOUT_MS);
  const signal = AbortSignal.any([left, deadline]);
  const ask = async (inBody: boolean): Promise<HttpAnswer> => {
    const { url, clientId, clientSecret, parameters } = grant;
    const form = new URLSearchParams({
      ...parameters,
      grant_type: 'client_credentials',
      ...(inBody ? { client_id: clientId, client_secret: clientSecret } : {}),
    });
    const basic = Buffer.from(`${formText(clientId)}:${formText(clientSecret)}`).toString('base64');
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      ...(inBody ? {} : { authorization: `Basic ${basic}` }),
    };
    const request = { method: 'POST', url: url.href, headers, body: Buffer.from(form.toString()) } as const;
    return send(egress, request, { signal, maxBytes: MAX_BYTES, held: null, mayBeSent });
  };
  try {
    const answer = await ask(grant.clientAuth === 'body');
    const mayMissClient = grant.clientAuth === null && missesClient(answer);
    return tokenIn(mayMissClient ? await ask(true) : answer, grant.url.host);
  } catch (error) {
    throw deadline.aborted && !(error instanceof CallFailed)
      ? new CallFailed(`${grant.url.host} gave no token within ${TIMEOUT_MS} ms.`, { cause: error })
      : error;
  }
}

/** Both halves are form-encoded before they are joined (RFC 6749, section 2.3.1). */
const formText = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1);

/** Errors of a server that has seen the client. */
const ABOUT_GRANT = ['invalid_grant', 'invalid_scope', 'unsupported_grant_type'];

/** A server that does not read the header may miss the client as well as refuse it, each in words of its own. */
const missesClient = (answer: HttpAnswer): boolean =>
  [400, 401, 403].includes(answer.status) && !ABOUT_GRANT.includes(String(membersOf(answer).error));

const isSuccess = ({ status }: HttpAnswer): boolean => status >= 200 && status <= 299;

function tokenIn(answer: HttpAnswer, host: string): Token {
  const { access_token: token, token_type: type = 'bearer', expires_in: expires, error } = membersOf(answer);
  if (!isSuccess(answer)) {
    const said = ERRORS.find((known) => known === error);
    throw new CallFailed(
      `${host} gave no token: it answered ${answer.status}${said === undefined ? '' : ` (${said})`}.`,
      {
        credentialsRefused: [400, 401, 403].includes(answer.status) && said !== 'invalid_scope',
      },
    );
  }
  if (typeof token !== 'string' || token === '' || !isHeaderValue(token) || !/^bearer(?:token)?$/i.test(String(type))) {
    throw new CallFailed(`${host} gave no token: its answer contains no bearer token.`);
  }
  const seconds = Number(expires ?? UNSAID_SECONDS);
  const life = Number.isNaN(seconds) ? UNSAID_SECONDS : Math.min(seconds, DAY_SECONDS);
  return { token, lifetimeMs: 1000 * (life - Math.min(MARGIN_SECONDS, life / 10)) };
}

const membersOf = ({ bytes }: HttpAnswer): Readonly<Record<string, unknown>> => {
  const value = parseJson(bytes.toString());
  return isObject(value) ? value : {};
};
