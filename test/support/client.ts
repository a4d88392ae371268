import { expect } from 'vitest';
import { type Operation, operationsOf } from '../../src/contract/document.ts';
import type { OperationId } from '../../src/contract/operations.ts';
import { createAnswerCheck } from '../../src/suite/answer-check.ts';
import { recordCoverage } from './coverage.ts';
import type { Json } from './json.ts';
import { API_KEY, API_SECRET, API_TOKEN, document, OPERATOR_TOKEN, ourUrls } from './server.ts';

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
  | 'nobody'
  | { readonly apiKey: string; readonly apiSecret: string }
  | { readonly apiToken: string };

/** Whom an operation is meant for. */
export const meantFor = ({ path }: Operation): 'team' | 'token' | 'operator' =>
  path.startsWith('/api/') ? 'team' : path.startsWith('/integra') ? 'token' : 'operator';

export type Call = {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number>> | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; a string or bytes are sent as they are. */
  readonly body?: unknown;
  readonly as?: Credentials;
};

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Json;
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
  const sendsBody = body !== undefined;
  const response = await fetch(`${url}${path}${search && `?${search}`}`, {
    method: target.method.toUpperCase(),
    headers: { ...credentialHeaders(as), ...(sendsBody && { 'Content-Type': 'application/json' }), ...headers },
    ...(sendsBody && { body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body) }),
    redirect: 'manual',
  } as RequestInit);
  const text = await response.text();
  return { ...check(target, response, text), text };
}

export function credentialHeaders(as: Credentials): Record<string, string> {
  if (as === 'nobody') {
    return {};
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

/** The answer, once it is known to keep the document; noted as seen when it is one of ours. */
function check(target: Operation, response: Response, text: string): Omit<Answer, 'text'> {
  const { status, headers } = response;
  const { origin, pathname } = new URL(response.url);
  const violations = answers.violations(target.method, pathname, { status, headers, text });
  expect(violations, `${target.id} ${status}: ${text.slice(0, 500)}`).toEqual([]);
  if (ourUrls.has(origin)) {
    recordCoverage(target.id, Object.hasOwn(target.object.responses, status) ? String(status) : 'default');
  }
  const isJson = headers.get('content-type')?.startsWith('application/json') === true;
  return { status, headers, body: isJson ? JSON.parse(text) : text };
}
