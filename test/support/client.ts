import { expect } from 'vitest';
import { type Operation, operationsOf } from '../../src/contract/document.ts';
import type { OperationId } from '../../src/contract/operations.ts';
import { createAnswerCheck } from '../../src/suite/answer-check.ts';
import { type Answer, askOnce, type Method, type Question } from './ask-once.ts';
import { recordCoverage } from './coverage.ts';
import { strangePlaces } from './places.ts';
import { API_KEY, API_SECRET, API_TOKEN, document, OPERATOR_TOKEN, ourUrls } from './server.ts';

export type { Answer };

export const operations = operationsOf(document);

export function operation(id: OperationId): Operation {
  const found = operations.find((candidate) => candidate.id === id);
  if (found === undefined) {
    throw new Error(`no operation ${id}`);
  }
  return found;
}

/** Who asks. */
export type Credentials =
  | 'team'
  | 'token'
  | 'operator'
  /** A cookie that only the mock knows. */
  | 'person'
  | 'nobody'
  | { readonly apiKey: string; readonly apiSecret: string }
  | { readonly apiToken: string }
  /** The cookie of a session, as a browser sends it from a page of the server. */
  | { readonly session: string };

/** Whom an operation is meant for. */
export const meantFor = ({ path, object }: Operation): 'team' | 'token' | 'operator' | 'person' =>
  object.security?.[0]?.session !== undefined
    ? 'person'
    : path.startsWith('/api/')
      ? 'team'
      : path.startsWith('/integra')
        ? 'token'
        : 'operator';

export type Call = Question & {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number>> | string;
  readonly as?: Credentials;
};

/** Calls an operation and checks the answer against the document: status, headers, media type, body. */
export async function call(url: string, id: OperationId, request: Call = {}): Promise<Answer> {
  const target = operation(id);
  const path = target.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(request.path?.[name] ?? ''),
  );
  return send(url, target, path, request);
}

/** The same for a path that is not what the operation wants, already encoded. */
export async function send(url: string, target: Operation, path: string, request: Call = {}): Promise<Answer> {
  const { query = '', body, headers, as = meantFor(target) } = request;
  const search = typeof query === 'string' ? query : new URLSearchParams(query as Record<string, string>).toString();
  const asked = { body, headers: { ...credentialHeaders(as), ...headers } };
  const whole = `${path}${search && `?${search}`}`;
  const answer = await askOnce(url, target.method as Method, whole, asked);
  check(target, new URL(`${url}${whole}`), body, answer);
  return answer;
}

export function credentialHeaders(as: Credentials): Record<string, string> {
  if (as === 'nobody') {
    return {};
  }
  if (as === 'person' || (typeof as === 'object' && 'session' in as)) {
    const cookie = as === 'person' ? `gatehouse_session=${'x'.repeat(43)}` : as.session;
    return { Cookie: cookie, 'Sec-Fetch-Site': 'same-origin' };
  }
  if (as === 'operator') {
    return { Authorization: `Bearer ${OPERATOR_TOKEN}` };
  }
  if (as === 'token' || (typeof as === 'object' && 'apiToken' in as)) {
    return { Authorization: `Bearer ${as === 'token' ? API_TOKEN : as.apiToken}` };
  }
  const { apiKey, apiSecret } = as === 'team' ? { apiKey: API_KEY, apiSecret: API_SECRET } : as;
  return { 'X-API-KEY': apiKey, 'X-API-SECRET': apiSecret };
}

const answers = createAnswerCheck(document);

/** Holds an answer to the document; notes it as seen when it is one of ours. */
function check(
  target: Operation,
  { origin, pathname }: URL,
  sent: unknown,
  { status, headers, text, body }: Answer,
): void {
  const violations = answers.violations(target.method, pathname, { status, headers, text });
  expect(violations, `${target.id} ${status}: ${text.slice(0, 500)}`).toEqual([]);
  if (ourUrls.has(origin)) {
    expect(strangePlaces(document, target, sent, body), `${target.id} names places that no request has`).toEqual([]);
    recordCoverage(target.id, Object.hasOwn(target.object.responses, status) ? String(status) : 'default');
  }
}
