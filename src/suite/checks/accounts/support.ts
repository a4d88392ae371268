import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { components } from '../../../../generated/api.ts';
import type { Answer, Caller, Sent } from '../../caller.ts';
import { holds, same } from '../../expect.ts';
import { ONE_TOOL } from './documents.ts';

type Schemas = components['schemas'];
export type Integration = Schemas['Integration'];
export type Account = Schemas['Account'];
export type Endpoint = Schemas['Endpoint'];
export type CreatedEndpoint = Schemas['CreatedEndpoint'];
export type Tool = Schemas['ToolPreview'];
export type ErrorBody = Schemas['AccountsErrorBody'];
/** What has an ETag and an `updated_at`. */
type AccountsObject = Integration | Account | Endpoint;
/** The tools to select. */
export type Scope = { readonly methods?: readonly string[]; readonly tags?: readonly string[] };
export type Fields = Readonly<Record<string, unknown>>;

export const INTEGRATIONS = '/integration';
export const ACCOUNTS = '/integrated-account';

export const integrationPath = (id: string): string => `${INTEGRATIONS}/${id}`;
export const accountPath = (id: string): string => `${ACCOUNTS}/${id}`;

/** An id without an object. */
export const nobody = (): string => randomUUID();

/** Creates an integration, by default from a small document. */
export const createIntegration = (holder: Caller, fields: Fields): Promise<Answer> =>
  holder.call(201, 'POST', INTEGRATIONS, { body: { document: ONE_TOOL, ...fields } });

/** Creates an integration and returns its id. */
export const createdIntegration = async (holder: Caller, fields: Fields): Promise<string> =>
  ((await createIntegration(holder, fields)).json as Integration).id;

/** Creates an account of an integration, by default without credentials. */
export const createAccount = (holder: Caller, integration: string, fields: Fields = {}): Promise<Answer> => {
  const defaults = { tenant_id: 'acme-1', authentication_method: 'none' };
  return holder.call(201, 'POST', ACCOUNTS, {
    body: { environment_integration_id: integration, ...defaults, ...fields },
  });
};

/** Creates an integration with an account, and returns the path of the account. */
export const createdAccount = async (holder: Caller, fields: Fields): Promise<string> =>
  accountPath(((await createAccount(holder, await createdIntegration(holder, fields))).json as Account).id);

/** Creates an endpoint over the account at a path. */
export const createEndpoint = (holder: Caller, account: string, fields: Fields): Promise<Answer> =>
  holder.call(201, 'POST', `${account}/mcp`, { body: fields });

/** Creates an endpoint and returns its path. */
export const createdEndpoint = async (holder: Caller, account: string, fields: Fields): Promise<string> =>
  `${account}/mcp/${((await createEndpoint(holder, account, fields)).json as Endpoint).id}`;

/** Reads the object at a path. */
export const read = async <T>(holder: Caller, path: string): Promise<T> =>
  (await holder.call(200, 'GET', path)).json as T;

/** Returns the fields of the object at a path, without the time that changes automatically. */
export async function lasting<T extends AccountsObject>(holder: Caller, path: string): Promise<Omit<T, 'updated_at'>> {
  const { updated_at: _, ...rest } = await read<T>(holder, path);
  return rest;
}

/** Previews the tools at a path, by name. */
export async function tools(holder: Caller, path: string, { methods = [], tags = [] }: Scope = {}) {
  const query = new URLSearchParams();
  for (const method of methods) {
    query.append('methods', method);
  }
  for (const tag of tags) {
    query.append('tags', tag);
  }
  const answer = await holder.call(200, 'GET', `${path}/tools?${query}`);
  const { result } = answer.json as { result: Tool[] };
  return { answer, result: result.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
}

/** Checks that an error matches its status, with the right keys in the right order. */
export function consistent(answer: Answer): void {
  const body = answer.json as ErrorBody;
  const keys = ['statusCode', 'error', 'message', ...(body.details === undefined ? [] : ['details'])];
  same(answer, 'the keys of the error', Object.keys(body), keys);
  const expected = [answer.status, STATUS_CODES[answer.status]];
  same(answer, 'statusCode and error', [body.statusCode, body.error], expected);
}

/** Sends a request that must be refused with 400, and with these words in the message or the failures. */
export async function refused(by: Caller, method: string, path: string, sent: Sent, ...words: string[]): Promise<void> {
  const answer = await by.call(400, method, path, sent);
  consistent(answer);
  const { message, details } = answer.json as ErrorBody;
  const told = [message, ...(details?.failures ?? []).flatMap((failure) => [failure.path, failure.message])].join('\n');
  const missing = words.filter((word) => !told.includes(word));
  holds(answer, missing.length === 0, `an error that names ${missing.join(' and ')}`, answer.json);
}

/**
 * Checks that the object at a path can be changed with its ETag, which moves `updated_at`; and that with the same, now
 * stale ETag, a PATCH and a DELETE are refused with 412 and change nothing. Returns the last read.
 */
export async function refusedWhenStale(
  holder: Caller,
  path: string,
  { newer, stale }: { readonly newer: Fields; readonly stale: Fields },
  what: string,
): Promise<Answer> {
  const first = await holder.call(200, 'GET', path);
  const headers = { 'If-Match': first.headers.get('ETag') ?? '' };
  await tick();
  const second = await holder.call(200, 'PATCH', path, { body: newer, headers });
  const [was, is] = [first.json as AccountsObject, second.json as AccountsObject];
  holds(second, is.updated_at > was.updated_at, `updated_at after ${was.updated_at}`, is.updated_at);
  await holder.call(412, 'PATCH', path, { body: stale, headers });
  await holder.call(412, 'DELETE', path, { headers });
  const after = await holder.call(200, 'GET', path);
  same(after, `the ${what} as it was:`, after.json, second.json);
  same(after, 'the ETag', after.headers.get('ETag'), second.headers.get('ETag'));
  return after;
}

/** Waits until the clock of the server, in milliseconds, has moved. */
export const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 3));
