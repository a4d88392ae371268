import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { components } from '../../../../generated/api.ts';
import type { Answer, Caller } from '../../caller.ts';
import { holds, same } from '../../expect.ts';
import type { AnswerJson, OperationWith, Sent } from '../../questions.ts';
import { ONE_TOOL } from './documents.ts';

type Schemas = components['schemas'];
export type ErrorBody = Schemas['AccountsErrorBody'];
export type IntegrationFields = Schemas['IntegrationCreate'];
export type AccountFields = Schemas['AccountCreate'];
export type EndpointFields = Schemas['EndpointCreate'];
/** The tools to select. */
export type Scope = { readonly methods?: string[]; readonly tags?: string[] };

/** The parameters of the path to an integration or to an account, and of the path to an endpoint. */
export type Path = { readonly id: string };
export type EndpointPath = Path & { readonly integrated_account_id: string };

/** The parameters of a path below an account. */
export const under = ({ id }: Path) => ({ integrated_account_id: id });

/** An id without an object. */
export const nobody = (): string => randomUUID();

/** Creates an integration, by default from a small document. */
export const createIntegration = (holder: Caller, fields: IntegrationFields) =>
  holder.call(201, 'createIntegration', { body: { document: ONE_TOOL, ...fields } });

/** Creates an integration and returns its id. */
export const createdIntegration = async (holder: Caller, fields: IntegrationFields): Promise<string> =>
  (await createIntegration(holder, fields)).json.id;

/** Creates an account of an integration, by default without credentials. */
export const createAccount = (holder: Caller, integration: string, fields: Partial<AccountFields> = {}) => {
  const defaults = { tenant_id: 'acme-1', authentication_method: 'none' } as const;
  return holder.call(201, 'createAccount', {
    body: { environment_integration_id: integration, ...defaults, ...fields },
  });
};

/** Creates an account of an integration, and returns its path. */
export const createdAccountOf = async (holder: Caller, integration: string, fields: Partial<AccountFields> = {}) => ({
  id: (await createAccount(holder, integration, fields)).json.id,
});

/** Creates an integration with an account, and returns the path of the account. */
export const createdAccount = async (holder: Caller, fields: IntegrationFields): Promise<Path> =>
  createdAccountOf(holder, await createdIntegration(holder, fields));

/** Creates an endpoint over the account at a path. */
export const createEndpoint = (holder: Caller, account: Path, fields: EndpointFields) =>
  holder.call(201, 'createEndpoint', { path: under(account), body: fields });

/** Creates an endpoint and returns its path. */
export const createdEndpoint = async (
  holder: Caller,
  account: Path,
  fields: EndpointFields,
): Promise<EndpointPath> => ({
  ...under(account),
  id: (await createEndpoint(holder, account, fields)).json.id,
});

/** The operations of one kind of objects, each with an ETag and an `updated_at`. */
const OPERATIONS = {
  integration: ['getIntegration', 'updateIntegration', 'deleteIntegration'],
  account: ['getAccount', 'updateAccount', 'deleteAccount'],
  endpoint: ['getEndpoint', 'updateEndpoint', 'deleteEndpoint'],
} as const;
type Kind = keyof typeof OPERATIONS;
type Changes = {
  readonly integration: Schemas['IntegrationPatch'];
  readonly account: Schemas['AccountPatch'];
  readonly endpoint: Schemas['EndpointPatch'];
};
type Versioned = { readonly updated_at: string };
type ReadJson<K extends Kind> = AnswerJson<(typeof OPERATIONS)[K][0], 200>;

/** Reads the object of a kind at a path. */
export async function read<K extends Kind>(holder: Caller, kind: K, path: Path): Promise<ReadJson<K>> {
  const answer: Answer<unknown> = await holder.send(200, OPERATIONS[kind][0], { path });
  return answer.json as ReadJson<K>;
}

/** Returns the fields of the object of a kind at a path, without the time that changes automatically. */
export async function lasting(holder: Caller, kind: Kind, path: Path): Promise<Readonly<Record<string, unknown>>> {
  const { updated_at: _, ...rest } = await read(holder, kind, path);
  return rest;
}

/** Previews the tools of an integration or of an account, by name. */
export async function tools(
  holder: Caller,
  id: 'listIntegrationTools' | 'listAccountTools',
  path: Path,
  query: Scope = {},
) {
  const answer = await holder.call(200, id, { path, query });
  return { answer, result: answer.json.result.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
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
export async function refused(
  by: Caller,
  id: OperationWith<'AccountsError'>,
  sent: Sent,
  ...words: string[]
): Promise<void> {
  const answer = await by.send(400, id, sent);
  consistent(answer);
  const { message, details } = answer.json;
  const told = [message, ...(details?.failures ?? []).flatMap((failure) => [failure.path, failure.message])].join('\n');
  const missing = words.filter((word) => !told.includes(word));
  holds(answer, missing.length === 0, `an error that names ${missing.join(' and ')}`, answer.json);
}

/**
 * Checks that the object of a kind at a path can be changed with its ETag, which moves `updated_at`; and that with the
 * same, now stale ETag, a PATCH and a DELETE are refused with 412 and change nothing. Returns the last read.
 */
export async function refusedWhenStale<K extends Kind>(
  holder: Caller,
  kind: K,
  path: Path,
  { newer, stale }: { readonly newer: Changes[K]; readonly stale: Changes[K] },
): Promise<Answer> {
  const [get, update, remove] = OPERATIONS[kind];
  const first: Answer<Versioned> = await holder.send(200, get, { path });
  const header = { 'If-Match': first.headers.get('ETag') ?? '' };
  await tick();
  const second: Answer<Versioned> = await holder.send(200, update, { path, body: newer, header });
  const [was, is] = [first.json, second.json];
  holds(second, is.updated_at > was.updated_at, `updated_at after ${was.updated_at}`, is.updated_at);
  await holder.send(412, update, { path, body: stale, header });
  await holder.send(412, remove, { path, header });
  const after = await holder.send(200, get, { path });
  // The answer to an update may say more than the object.
  const updated = Object.fromEntries(Object.entries(second.json).filter(([key]) => key in (after.json as object)));
  same(after, `the ${kind} as it was:`, after.json, updated);
  same(after, 'the ETag', after.headers.get('ETag'), second.headers.get('ETag'));
  return after;
}

/** Waits until the clock of the server, in milliseconds, has moved. */
export const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 3));
