import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { type Document, type Operation, operationsOf, type Schema } from '../../contract/document.ts';
import { createValidator } from '../answer-check.ts';
import { apiOf } from '../apis.ts';
import type { Answer, Caller } from '../caller.ts';
import type { Check, Context } from '../check.ts';
import { createdAccount, createdEndpoint, createdIntegration, integrationPath } from '../checks/accounts/support.ts';
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

/** Makes what an operation with a body needs, and returns the path to send it to. */
const PLACES: Readonly<Record<string, (context: Context) => string | Promise<string>>> = {
  createMcpServer: () => '/api/mcp-servers',
  updateMcpServer: ({ team, name }) => server(team, { name: name('fuzz') }),
  updateApprovalPolicy: async ({ team, name }) => `${await server(team, { name: name('fuzz') })}/approval-policy`,
  addToolApproval: async ({ team, name }) => `${await server(team, { name: name('fuzz') })}/tool-approvals`,
  createIntegration: () => '/integration',
  updateIntegration: async ({ holder, name }) =>
    integrationPath(await createdIntegration(holder, { name: name('fuzz') })),
  createAccount: () => '/integrated-account',
  updateAccount: ({ holder, name }) => createdAccount(holder, { name: name('fuzz') }),
  createEndpoint: async ({ holder, name }) => `${await createdAccount(holder, { name: name('fuzz') })}/mcp`,
  updateEndpoint: async ({ holder, name }) =>
    createdEndpoint(holder, await createdAccount(holder, { name: name('fuzz') }), { name: name('fuzz') }),
  createSharedServer: () => '/admin/api/v1/mcp-servers',
  updateSharedServer: ({ operator, name }) => sharedServer(operator, disabled(name('fuzz'))),
  setSharedServerOrganizations: async ({ operator, name }) =>
    `${await sharedServer(operator, disabled(name('fuzz')))}/organizations`,
  createOrganization: () => '/admin/api/v1/organizations',
  createApiToken: async ({ operator, name }) => `${await organization(operator, name('fuzz'))}/api-tokens`,
  createApiKey: async ({ operator, name }) => `${await organization(operator, name('fuzz'))}/api-keys`,
};

/** Whatever is sent, the server has not failed. */
const NO_FAILURE = Array.from({ length: 300 }, (_, at) => 200 + at);
const REFUSED = NO_FAILURE.filter((status) => status >= 400);

/** A check for each operation that takes a body: it is sent bodies made from its schema, right ones and spoiled ones. */
export function fuzzChecks(document: Document, options: FuzzOptions): Check[] {
  const validator = createValidator(document);
  return operationsOf(document).flatMap((operation) => {
    const [place, api] = [PLACES[operation.id], apiOf(operation.path)];
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
              await sendOne(caller, operation, path, body, validator(schema)(body));
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

async function sendOne(caller: Caller, operation: Operation, path: string, body: unknown, isRight: boolean) {
  const method = operation.method.toUpperCase();
  const answer = await caller.call(isRight ? NO_FAILURE : REFUSED, method, path, { body });
  if (operation.method === 'patch' && answer.status === 200 && operation.object.responses['405'] === undefined) {
    await requireKept(caller, path, body as Readonly<Record<string, unknown>>, answer);
  }
}

/** Throws `Failed` unless what a change has set is read again. */
async function requireKept(caller: Caller, path: string, sent: Readonly<Record<string, unknown>>, answer: Answer) {
  const again = await caller.attempt('GET', path);
  if (again.status !== 200) {
    return;
  }
  const { data } = again.json as { data?: unknown };
  const read = (data ?? again.json) as Readonly<Record<string, unknown>>;
  for (const [key, value] of Object.entries(sent)) {
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
