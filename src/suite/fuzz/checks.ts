import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { type Document, type Operation, operationsOf, type Schema } from '../../contract/document.ts';
import type { OperationId } from '../../contract/operations.ts';
import { createValidator } from '../answer-check.ts';
import { apiOf } from '../apis.ts';
import type { Answer, Caller } from '../caller.ts';
import type { Check, Context } from '../check.ts';
import { createdAccount, createdEndpoint, createdIntegration, under } from '../checks/accounts/support.ts';
import { disabled, created as sharedServer } from '../checks/operator/shared-support.ts';
import { created as organization } from '../checks/operator/support.ts';
import { created as server } from '../checks/servers/support.ts';
import { Failed } from '../failed.ts';
import { spoiled, valuesOf } from './values.ts';

export type FuzzOptions = {
  /** How many bodies each operation is sent. */
  readonly runs: number;
  /** The same seed sends the same bodies to the same implementation. */
  readonly seed: number;
};

type Path = Readonly<Record<string, string>>;

/** Makes what an operation with a body needs, and returns the parameters of its path. */
const PLACES: Readonly<Record<string, (context: Context) => Path | Promise<Path>>> = {
  createMcpServer: () => ({}),
  updateMcpServer: ({ team, name }) => server(team, { name: name('fuzz') }),
  updateApprovalPolicy: ({ team, name }) => server(team, { name: name('fuzz') }),
  addToolApproval: ({ team, name }) => server(team, { name: name('fuzz') }),
  createIntegration: () => ({}),
  updateIntegration: async ({ holder, name }) => ({ id: await createdIntegration(holder, { name: name('fuzz') }) }),
  createAccount: () => ({}),
  updateAccount: ({ holder, name }) => createdAccount(holder, { name: name('fuzz') }),
  addAccountToolApproval: ({ holder, name }) => createdAccount(holder, { name: name('fuzz') }),
  createEndpoint: async ({ holder, name }) => under(await createdAccount(holder, { name: name('fuzz') })),
  updateEndpoint: async ({ holder, name }) =>
    createdEndpoint(holder, await createdAccount(holder, { name: name('fuzz') }), { name: name('fuzz') }),
  createSharedServer: () => ({}),
  updateSharedServer: ({ operator, name }) => sharedServer(operator, disabled(name('fuzz'))),
  setSharedServerOrganizations: ({ operator, name }) => sharedServer(operator, disabled(name('fuzz'))),
  createOrganization: () => ({}),
  createApiToken: ({ operator, name }) => organization(operator, name('fuzz')),
  createApiKey: ({ operator, name }) => organization(operator, name('fuzz')),
};

/** Whatever is sent, the server has not failed. */
const NO_FAILURE = Array.from({ length: 300 }, (_, at) => 200 + at);
const REFUSED = NO_FAILURE.filter((status) => status >= 400);

/** A check for each operation that takes a body: it is sent bodies made from its schema, right ones and spoiled ones. */
export function fuzzChecks(document: Document, options: FuzzOptions): Check[] {
  const validator = createValidator(document);
  const operations = operationsOf(document);
  return operations.flatMap((operation) => {
    const [place, api] = [PLACES[operation.id], apiOf(operation.path)];
    const reading = readingOf(operation, operations);
    const schema = operation.body?.content['application/json']?.schema;
    return place === undefined || api === undefined || schema === undefined
      ? []
      : {
          api,
          name: `${operation.id}: bodies made from the schema, right and spoiled, are answered as documented`,
          readOnly: false,
          run: async (context) => {
            const caller = { servers: context.team, accounts: context.holder, operator: context.operator }[api];
            const path = await place(context);
            await sendAll(bodiesFor(document, operation, schema), options, async (body) => {
              const answer = await sendOne(caller, operation, path, body, validator(schema)(body));
              if (reading !== undefined && answer.status === 200) {
                await requireKept(caller, reading.id, path, body, answer);
              }
            });
          },
        };
  });
}

function bodiesFor(document: Document, { id }: Operation, schema: Schema): fc.Arbitrary<unknown> {
  const right = valuesOf(document, schema);
  const bodies = fc.oneof(right, spoiled(right));
  // Texts that were made up must not become commands that somebody's machine runs.
  return /SharedServer$/.test(id) ? bodies.map((body) => ({ ...(body as object), enabled: false })) : bodies;
}

/** Sends bodies until one is answered wrongly, and then smaller ones. Throws `Failed` for the smallest. */
async function sendAll(
  bodies: fc.Arbitrary<unknown>,
  { runs, seed }: FuzzOptions,
  send: (body: unknown) => Promise<void>,
) {
  const details = await fc.check(fc.asyncProperty(bodies, send), { numRuns: runs, seed });
  const { errorInstance: error, numShrinks } = details;
  if (error instanceof Failed) {
    const came = `${error.came} (seed ${seed}; the smallest of ${numShrinks + 1} bodies)`;
    throw new Failed(error.expected, came, error.request, error.kind);
  }
  if (details.failed) {
    throw error;
  }
}

/** Sends a body: a right one may be taken or refused, a wrong one must be refused, and the server never fails. */
const sendOne = (caller: Caller, { id }: Operation, path: Path, body: unknown, isRight: boolean): Promise<Answer> =>
  caller.send(isRight ? NO_FAILURE : REFUSED, id, { path, body });

/** The operation that reads what a change sets; undefined where it is no change, or not always allowed. */
const readingOf = ({ method, path, object }: Operation, operations: readonly Operation[]): Operation | undefined =>
  method === 'patch' && object.responses['405'] === undefined
    ? operations.find((candidate) => candidate.method === 'get' && candidate.path === path)
    : undefined;

/** Throws `Failed` unless what a change has set is read again. */
async function requireKept(caller: Caller, reading: OperationId, path: Path, body: unknown, answer: Answer) {
  const again = await caller.attempt(reading, { path });
  if (again.status !== 200) {
    return;
  }
  const { data } = again.json as { data?: unknown };
  const read = (data ?? again.json) as Readonly<Record<string, unknown>>;
  for (const [key, value] of Object.entries(body as Readonly<Record<string, unknown>>)) {
    // An instant has several texts.
    const isComparable = Object.hasOwn(read, key) && !/(?:_at|At)$/.test(key);
    if (isComparable && !isWithin(value, read[key])) {
      const expected = `${key} as it was sent: ${JSON.stringify(value)}`;
      throw new Failed(expected, `read again: ${JSON.stringify(read[key])}`, answer.request);
    }
  }
}

/** Whether an object has all members of another; other values are equal. Null is nothing: some places leave it out. */
function isWithin(part: unknown, whole: unknown): boolean {
  const isMap = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (part === null) {
    return true;
  }
  return isMap(part) && isMap(whole)
    ? Object.entries(part).every(([key, value]) => isWithin(value, whole[key]))
    : isDeepStrictEqual(part, whole);
}
