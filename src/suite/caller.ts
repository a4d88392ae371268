import type { Middleware } from 'openapi-fetch';
import { reasonOfNoAnswer } from '../base/no-answer.ts';
import type { ClientMethod } from '../client/calls.ts';
import { createClient } from '../client/client.ts';
import type { Operation } from '../contract/document.ts';
import type { OperationId } from '../contract/operations.ts';
import type { Credentials } from './credentials.ts';
import { curl } from './curl.ts';
import { Failed, Skipped } from './failed.ts';
import { parseJson } from './json.ts';
import type { AnswerJson, Sent, ValidArguments } from './questions.ts';
import type { Secrets } from './secrets.ts';
import { ContractViolation, readWhole, type Validation } from './validating-middleware.ts';

/** An answer without violations of the document. */
export type Answer<Json = unknown> = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; undefined when it is not JSON. */
  readonly json: Json;
  /** `Location` as a path below the base URL; null when there is none. */
  readonly location: string | null;
  /** The request, as a curl line. */
  readonly request: string;
};

type Expected<Status extends number> = Status | readonly Status[];

/**
 * A client of the server under test, with its credentials. What it sends goes through the typed client of the package.
 * All but `attempt` throw `Failed` if the status differs from the expected one, or if the answer violates the document.
 */
export type Caller = {
  readonly credentials: Credentials;
  /** Sends a valid request: the compiler holds its parameters and its body to the document. */
  readonly call: <Id extends OperationId, const Status extends number>(
    expected: Expected<Status>,
    id: Id,
    ...valid: ValidArguments<Id>
  ) => Promise<Answer<AnswerJson<Id, Status>>>;
  /** Sends a request that may be wrong to an operation; the method and the path come from the document. */
  readonly send: <Id extends OperationId, const Status extends number>(
    expected: Expected<Status>,
    id: Id,
    sent?: Sent,
  ) => Promise<Answer<AnswerJson<Id, Status>>>;
  /** Sends a request to a method and a path of its own, such as those that the document does not have. */
  readonly sendTo: (expected: Expected<number>, method: ClientMethod, path: string, sent?: Sent) => Promise<Answer>;
  /** Sends a request to an operation without any expectation: for preparations of the suite, not for its checks. */
  readonly attempt: (id: OperationId, sent?: Sent) => Promise<Answer>;
  /** Deletes what is at a path, without any expectation. */
  readonly remove: (path: string) => Promise<Answer>;
  /** The path of an operation with these parameters. */
  readonly pathOf: (id: OperationId, parameters?: Readonly<Record<string, string>>) => string;
};

/** An object that a request has created: the paths that may delete it, the likeliest first. */
export type Made = { readonly paths: readonly string[]; readonly by: Credentials };

export type Connection = {
  readonly baseUrl: string;
  readonly operations: readonly Operation[];
  /** Sent with every request, such as those that a proxy on the way wants. */
  readonly headers: Readonly<Record<string, string>>;
  readonly validation: Validation;
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
  const { baseUrl, operations, secrets, onMade, validation } = connection;
  const client = createClient({ baseUrl, retries: 0, redirect: 'manual' });
  client.use(validation.middleware);
  const common = Object.fromEntries(Object.keys(connection.headers).map((name) => [name, '***']));
  const placeOf = (id: OperationId): readonly [ClientMethod, string] => {
    const operation = operations.find((candidate) => candidate.id === id);
    if (operation === undefined) {
      throw new TypeError(`the document has no operation ${id}`);
    }
    return [operation.method.toUpperCase() as ClientMethod, operation.path];
  };

  /** Sends a request once. Throws `Failed` if there is no answer. */
  const sendOnce = async (method: ClientMethod, template: string, sent: Sent) => {
    const { path = {}, query = {}, header, text, body } = sent;
    const headers = { ...((text ?? body) !== undefined && { 'Content-Type': 'application/json' }), ...header };
    let content: string | undefined;
    let request = '';
    let answer: Answer | undefined;
    const recorder: Middleware = {
      onRequest: ({ request: { url } }) => {
        request = curl(method, url, credentials, { ...common, ...headers }, content);
      },
      onResponse: async ({ request: { url }, response }) => {
        const { text, unread } = await readWhole(response);
        answer = answerOf(baseUrl, url, unread, text, request);
        return unread;
      },
    };
    const send = client[method] as (template: string, init: object) => Promise<unknown>;
    try {
      await send(template, {
        params: { path, query },
        headers: { ...connection.headers, ...valuesOf(credentials), ...headers },
        body: text ?? body,
        bodySerializer: (value: unknown) => {
          content = text ?? JSON.stringify(value);
          return content;
        },
        parseAs: 'text',
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
        middleware: [recorder],
      });
      return { answer: answered(answer), violations: [] };
    } catch (error) {
      if (error instanceof ContractViolation) {
        return { answer: answered(answer), violations: error.violations };
      }
      throw new Failed('an answer', reasonOf(error), request, 'no answer');
    }
  };

  /** Sends a request, and again for as long as a rate limit refuses it, as `Retry-After` says. */
  const sendPatiently = async (method: ClientMethod, template: string, sent: Sent) => {
    const giveUpMs = performance.now() + MAX_HELD_UP_MS;
    for (;;) {
      const came = await sendOnce(method, template, sent);
      const { status, headers } = came.answer;
      const waitMs = SECOND_MS * Number(headers.get('Retry-After') ?? Number.NaN);
      if (status !== 429 || !(performance.now() + waitMs < giveUpMs)) {
        return came;
      }
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  };

  const exchange = async (method: ClientMethod, template: string, sent: Sent) => {
    const came = await sendPatiently(method, template, sent);
    secrets.addFrom(came.answer.json);
    if (method === 'POST' && came.answer.status < 300) {
      onMade({ paths: pathsOf(came.answer, filled(template, sent.path)), by: credentials });
    }
    return came;
  };

  const sendTo: Caller['sendTo'] = async (expected, method, template, sent = {}) => {
    const { answer, violations } = await exchange(method, template, sent);
    requireStatus(answer, [expected].flat());
    if (violations.length > 0) {
      const came = `status ${answer.status}: ${violations.join('; ')}`;
      const kind = 'an answer that breaks the document';
      throw new Failed('an answer that keeps the document', came, answer.request, kind);
    }
    return answer;
  };
  const send = (expected: Expected<number>, id: OperationId, sent?: Sent) => sendTo(expected, ...placeOf(id), sent);

  return {
    credentials,
    // Every answer was held to the document, which its type comes from.
    call: send as Caller['call'],
    send: send as Caller['send'],
    sendTo,
    attempt: async (id, sent = {}) => (await exchange(...placeOf(id), sent)).answer,
    remove: async (path) => (await exchange('DELETE', path, {})).answer,
    pathOf: (id, parameters) => filled(placeOf(id)[1], parameters),
  };
}

function answered(answer: Answer | undefined): Answer {
  if (answer === undefined) {
    throw new TypeError('an answer came, and was not recorded');
  }
  return answer;
}

function answerOf(baseUrl: string, url: string, response: Response, text: string, request: string): Answer {
  const { status, headers } = response;
  const requested = new URL(url).pathname.slice(new URL(baseUrl).pathname.replace(/\/$/, '').length);
  return { status, headers, text, json: parseJson(text), location: locationOf(baseUrl, headers, requested), request };
}

function requireStatus(answer: Answer, statuses: readonly number[]): void {
  if (statuses.includes(answer.status)) {
    return;
  }
  if (statuses.includes(201) && isOverQuota(answer)) {
    throw new Skipped('a quota of this server has no room for what the check creates');
  }
  // What succeeds may be long, and somebody else's.
  const body = answer.status < 400 ? '' : `: ${answer.text}`;
  const [expected, came] = [`status ${statuses.join(' or ')}`, `status ${answer.status}${body}`];
  throw new Failed(expected, came, answer.request, 'another status');
}

/** Whether an answer says that there is no room: every error names its code in the link to its help. */
const isOverQuota = ({ status, headers }: Answer): boolean =>
  status === 409 && /#quota_exceeded>/.test(headers.get('Link') ?? '');

const filled = (template: string, parameters: Readonly<Record<string, string>> = {}): string =>
  template.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(parameters[name] ?? ''));

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
