import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from 'vitest';
import { type Operation, operationsOf, resolve } from '../../src/contract/document.ts';
import { FORMATS } from '../../src/contract/formats.ts';
import type { OperationId } from '../../src/contract/operations.ts';
import { recordCoverage } from './coverage.ts';
import { API_KEY, API_SECRET, document, OPERATOR_TOKEN, ourUrls } from './server.ts';

export const operations = operationsOf(document);

export function operation(id: OperationId): Operation {
  const found = operations.find((candidate) => candidate.id === id);
  if (found === undefined) {
    throw new Error(`no operation ${id}`);
  }
  return found;
}

/** Who asks. */
export type Credentials = 'team' | 'operator' | 'nobody' | { readonly apiKey: string; readonly apiSecret: string };

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
  // Tests look into answers freely: the document has already said that they are right.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly body: any;
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
  const { query = '', body, headers, as = target.path.startsWith('/api/') ? 'team' : 'operator' } = request;
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
  const { apiKey, apiSecret } = as === 'team' ? { apiKey: API_KEY, apiSecret: API_SECRET } : as;
  return { 'X-API-KEY': apiKey, 'X-API-SECRET': apiSecret };
}

const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true });
addFormats.default(ajv);
for (const [name, { validate }] of Object.entries(FORMATS)) {
  ajv.addFormat(name, validate);
}
ajv.addSchema(document as unknown as Record<string, unknown>, 'document');
const validators = new Map<string, ValidateFunction>();

type Response_ = { content?: Record<string, unknown>; headers?: Record<string, unknown> };

function check(target: Operation, response: Response, text: string): Omit<Answer, 'text'> {
  const { status, headers } = response;
  const what = `${target.id} ${status}`;
  const key = Object.hasOwn(target.object.responses, status) ? String(status) : 'default';
  const documented = target.object.responses[key];
  if (documented === undefined) {
    throw new Error(`${what} is not documented: ${text.slice(0, 500)}`);
  }
  if (ourUrls.has(new URL(response.url).origin)) {
    recordCoverage(target.id, key);
  }
  expect(headers.get('x-request-id'), `${what}: X-Request-Id`).toBeTruthy();
  const { content = {}, headers: wanted = {} } = resolve<Response_>(document, documented as Response_);
  if (key !== 'default') {
    for (const name of Object.keys(wanted)) {
      expect(headers.get(name), `${what}: ${name}`).toBeTruthy();
    }
  }
  const type = headers.get('content-type')?.split(';')[0] ?? '';
  expect(Object.keys(content), `${what}: media type`).toContain(type);
  const body: unknown = type === 'application/json' ? JSON.parse(text) : text;
  const pointer = responsePointer(target, key, type);
  const validate = validators.get(pointer) ?? ajv.compile({ $ref: pointer });
  validators.set(pointer, validate);
  expect(validate(body), `${what}: ${ajv.errorsText(validate.errors)} in ${text.slice(0, 500)}`).toBe(true);
  return { status, headers, body };
}

function responsePointer({ object, path, method }: Operation, key: string, type: string): string {
  const reference = object.responses[key]?.$ref;
  const pointer = (part: string) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
  const base = reference ?? `#/paths/${pointer(path)}/${method}/responses/${key}`;
  return `document${base}/content/${pointer(type)}/schema`;
}
