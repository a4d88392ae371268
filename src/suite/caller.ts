import { reasonOfNoAnswer } from '../base/no-answer.ts';
import type { Credentials } from './credentials.ts';
import { curl } from './curl.ts';
import { Failed, Skipped } from './failed.ts';
import { parseJson } from './json.ts';
import type { Secrets } from './secrets.ts';
import { ContractViolation, type ValidatingFetch } from './validating-fetch.ts';

export type Sent = {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent unchanged, in place of `body`. */
  readonly text?: string;
};

/** An answer without violations of the document. */
export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; undefined when it is not JSON. */
  readonly json: unknown;
  /** `Location` as a path below the base URL; null when there is none. */
  readonly location: string | null;
  /** The request, as a curl line. */
  readonly request: string;
};

/** A client of the server under test, with its credentials. */
export type Caller = {
  readonly credentials: Credentials;
  /**
   * Sends a request and returns the answer. Throws `Failed` if the status differs from the expected one, or if the
   * answer violates the document.
   */
  readonly call: (expected: number | readonly number[], method: string, path: string, sent?: Sent) => Promise<Answer>;
  /** The same without any expectation: for preparations of the suite, not for its checks. */
  readonly attempt: (method: string, path: string, sent?: Sent) => Promise<Answer>;
};

/** An object that a request has created: the paths that may delete it, the likeliest first. */
export type Made = { readonly paths: readonly string[]; readonly by: Credentials };

export type Connection = {
  readonly baseUrl: string;
  /** Sent with every request, such as those that a proxy on the way wants. */
  readonly headers: Readonly<Record<string, string>>;
  readonly validating: ValidatingFetch;
  readonly secrets: Secrets;
  /** Called for every object that any caller creates. */
  readonly onMade: (made: Made) => void;
};

/** Milliseconds until a request that is not answered has failed. */
const ANSWER_TIMEOUT_MS = 30_000;
/** Milliseconds that a rate limit may hold up one request. */
const MAX_HELD_UP_MS = 60_000;
const SECOND_MS = 1000;

/** Creates a client with these credentials. */
export function createCaller(connection: Connection, credentials: Credentials): Caller {
  const { baseUrl, secrets, onMade } = connection;
  const common = Object.fromEntries(Object.keys(connection.headers).map((name) => [name, '***']));

  const exchange = async (method: string, path: string, sent: Sent) => {
    const body = sent.text ?? (sent.body === undefined ? undefined : JSON.stringify(sent.body));
    const headers = { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...sent.headers };
    const request = curl(method, `${baseUrl}${path}`, credentials, { ...common, ...headers }, body);
    const { response, violations } = await ask(connection, `${baseUrl}${path}`, {
      method,
      headers: { ...connection.headers, ...valuesOf(credentials), ...headers },
      ...(body !== undefined && { body }),
    }).catch((error: unknown) => {
      throw new Failed('an answer', reasonOf(error), request, 'no answer');
    });
    const text = await response.text();
    const location = locationOf(baseUrl, response.headers, path);
    const { status } = response;
    const answer: Answer = { status, headers: response.headers, text, json: parseJson(text), location, request };
    secrets.addFrom(answer.json);
    if (method === 'POST' && response.ok) {
      onMade({ paths: pathsOf(answer, path), by: credentials });
    }
    return { answer, violations };
  };

  return {
    credentials,
    attempt: async (method, path, sent = {}) => (await exchange(method, path, sent)).answer,
    call: async (expected, method, path, sent = {}) => {
      const { answer, violations } = await exchange(method, path, sent);
      const statuses = [expected].flat();
      if (!statuses.includes(answer.status)) {
        if (statuses.includes(201) && isOverQuota(answer)) {
          throw new Skipped('a quota of this server has no room for what the check creates');
        }
        // What succeeds may be long, and somebody else's.
        const body = answer.status < 400 ? '' : `: ${answer.text}`;
        const [expected, came] = [`status ${statuses.join(' or ')}`, `status ${answer.status}${body}`];
        throw new Failed(expected, came, answer.request, 'another status');
      }
      if (violations.length > 0) {
        const came = `status ${answer.status}: ${violations.join('; ')}`;
        const kind = 'an answer that breaks the document';
        throw new Failed('an answer that keeps the document', came, answer.request, kind);
      }
      return answer;
    },
  };
}

/** Sends a request, and again for as long as a rate limit refuses it, as `Retry-After` says. */
async function ask(connection: Connection, url: string, request: RequestInit) {
  const giveUpMs = performance.now() + MAX_HELD_UP_MS;
  for (;;) {
    const answer = await askOnce(connection, url, request);
    const { status, headers } = answer.response;
    const waitMs = SECOND_MS * Number(headers.get('Retry-After') ?? Number.NaN);
    if (status !== 429 || !(performance.now() + waitMs < giveUpMs)) {
      return answer;
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

async function askOnce({ validating }: Connection, url: string, request: RequestInit) {
  try {
    const response = await validating.fetch(url, { ...request, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    return { response, violations: [] };
  } catch (error) {
    if (error instanceof ContractViolation) {
      return { response: error.response, violations: error.violations };
    }
    throw error;
  }
}

/** Whether an answer says that there is no room: every error names its code in the link to its help. */
const isOverQuota = ({ status, headers }: Answer): boolean =>
  status === 409 && /#quota_exceeded>/.test(headers.get('Link') ?? '');

const valuesOf = (credentials: Credentials): Record<string, string> =>
  Object.fromEntries(Object.entries(credentials).map(([name, { value }]) => [name, value]));

/** A server may have a public URL with a path of its own in front of the requested one. */
function locationOf(baseUrl: string, headers: Headers, requested: string): string | null {
  const location = headers.get('Location');
  const url = location === null ? null : URL.parse(location, baseUrl);
  const base = new URL(`${baseUrl}/`);
  if (url === null) {
    return null;
  }
  const at = url.pathname.indexOf(`${requested}/`);
  return url.href.startsWith(base.href) && at <= base.pathname.length
    ? `/${url.href.slice(base.href.length)}`
    : url.pathname.slice(Math.max(0, at));
}

/** Where the new thing is, by `Location` and by the id in the body: a wrong answer may lack one of them. */
function pathsOf({ location, json }: Answer, collection: string): string[] {
  const { id, data } = (json ?? {}) as { id?: unknown; data?: { id?: unknown } | null };
  const ids = [id, data?.id].filter((candidate) => typeof candidate === 'string');
  const paths = ids.map((candidate) => `${collection}/${candidate}`);
  return [...new Set(location?.startsWith(`${collection}/`) ? [location, ...paths] : paths)];
}

function reasonOf(error: unknown): string {
  return (error as Error).name === 'TimeoutError'
    ? `no answer within ${ANSWER_TIMEOUT_MS / SECOND_MS} s`
    : reasonOfNoAnswer(error);
}
