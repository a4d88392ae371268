import type { Relay } from '../proxy.ts';
import { type Fault, inAnswers, inRequests, jsonOf, when, withBody } from './fault.ts';

const SESSION = /^\/console\/session$/;
const APIS = /^\/(?:api|integra|admin)/;

const NAMED = 'createSession: a person acts with the credentials, under the own name';
const ONLY = 'createSession: a session opens the APIs of its credentials only';
const OPERATOR = 'createSession: a session without the operator token does not open the Operator API';
const WRONG = 'createSession: wrong credentials are a 401, those of two organizations a 400';
const FORGED = 'every operation: a request that the person has not made is one without a session';
const ENDED = 'deleteSession: a session ends when the person signs out, and when a credential is deleted';

/** Changes the cookie that is given. */
const inCookie = (change: (cookie: string) => string) =>
  inAnswers('POST', SESSION, (came) => {
    const { 'set-cookie': cookie, ...headers } = came.headers;
    return cookie === undefined ? came : { ...came, headers: { ...headers, 'set-cookie': change(String(cookie)) } };
  });

/** Makes every request with a cookie one of a page of the server. */
const trusting = (from: string) =>
  inRequests('GET', APIS, (sent) =>
    sent.headers['sec-fetch-site'] === from
      ? { ...sent, headers: { ...sent.headers, 'sec-fetch-site': 'same-origin' } }
      : sent,
  );

/** Answers as before with the cookies that have worked once. */
function lasting(): Relay {
  const known = new Map<string, string>();
  return async (sent, forward) => {
    const came = await forward(sent);
    const cookie = String(sent.headers.cookie ?? '');
    if (sent.method !== 'GET' || !SESSION.test(sent.path) || cookie === '') {
      return came;
    }
    const body = known.get(cookie);
    if (came.status === 200) {
      known.set(cookie, came.body);
    }
    return came.status === 401 && body !== undefined ? { ...came, status: 200, body } : came;
  };
}

/** Lies about sessions, each with the check that must find it. */
export const SESSION_FAULTS: readonly Fault[] = [
  {
    name: 'scripts of pages can read the cookie',
    caughtBy: NAMED,
    plant: inCookie((cookie) => cookie.replace('; HttpOnly', '')),
  },
  {
    name: 'the cookie goes along from links of other sites',
    caughtBy: NAMED,
    plant: inCookie((cookie) => cookie.replace('SameSite=Strict', 'SameSite=Lax')),
  },
  {
    name: 'the name of the person is lost',
    caughtBy: NAMED,
    plant: inRequests('POST', SESSION, (sent) => withBody(sent, ({ name: _, ...others }) => others)),
  },
  {
    name: 'a session opens what its person has no credentials for',
    caughtBy: ONLY,
    plant: inAnswers(
      'GET',
      /^\/api\/mcp-servers/,
      when(403, (came) => ({ ...came, status: 401, body: came.body.replace('Forbidden', 'Unauthorized') })),
    ),
  },
  {
    name: 'everybody who is signed in is the operator',
    caughtBy: OPERATOR,
    plant: inAnswers(
      'GET',
      /^\/admin\/api\/v1\/organizations$/,
      when(403, (came) => ({ ...came, status: 200, body: '[]' })),
    ),
  },
  {
    name: 'half of the credentials is not looked at',
    caughtBy: WRONG,
    plant: inRequests('POST', SESSION, (sent) =>
      withBody(sent, ({ api_key: _, api_secret: __, ...others }) => ('api_token' in others ? others : jsonOf(sent))),
    ),
  },
  { name: 'pages of another site have the session', caughtBy: FORGED, plant: trusting('cross-site') },
  { name: 'pages of another port have the session', caughtBy: FORGED, plant: trusting('same-site') },
  { name: 'a session goes on after its end', caughtBy: ENDED, plant: lasting },
];
