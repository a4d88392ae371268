import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Operation } from '../../src/contract/document.ts';
import { startContacts } from '../../src/mock/contacts.ts';
import type { RunningMock } from '../../src/mock/mock.ts';
import { askOnce, type Method } from '../support/ask-once.ts';
import {
  type Answer,
  type Call,
  type Credentials,
  call,
  credentialHeaders,
  meantFor,
  operation,
  operations,
  send,
} from '../support/client.ts';
import { startMock } from '../support/mock.ts';
import { ROOT } from '../support/process.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { createWorld, exampleBody, json, secured, validRequest, type World } from '../support/world.ts';
import { type Asked, bodyProperties, lookOf, requiredProperties, wording, wrongTexts, wrongValues } from './support.ts';

/**
 * Sends the same requests to the server and to the mock. All of them stand in one file, because each adds to the differences
 * that the last tests compare with the table of docs/kit.md: that must be whole, in both directions. What a server answers
 * that is full, slow or broken takes servers of its own: failures-side-by-side.product.test.ts.
 */
const SEED = 20261130;
/** How many wrong values of each place are sent; all of them in `npm run soak`. */
const VALUES = process.env.SIDE_BY_SIDE === 'all' ? Number.POSITIVE_INFINITY : 1;

let server: TestServer;
let mock: RunningMock;
let world: World;
/** Credentials of the world's organization, each with one permission. */
let powerless: Readonly<Record<'servers' | 'approvals' | 'holder' | 'approver', Credentials>>;
let contacts: Awaited<ReturnType<typeof startContacts>>;
beforeAll(async () => {
  contacts = await startContacts();
  [server, mock] = await Promise.all([startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } }), startMock()]);
  world = await createWorld(server);
  const path = { org_id: world.organizationId };
  const pair = async (permission: string) => {
    const body = { name: permission, permissions: [permission] };
    const { apiKey, apiSecret } = (await call(server.url, 'createApiKey', { path, body })).body;
    return { apiKey, apiSecret };
  };
  const token = async (permission: string) => {
    const body = { name: permission, permissions: [permission] };
    return { apiToken: (await call(server.url, 'createApiToken', { path, body })).body.token };
  };
  powerless = {
    servers: await pair('servers'),
    approvals: await pair('approvals'),
    holder: await token('accounts'),
    approver: await token('approvals'),
  };
});
afterAll(async () => {
  await Promise.all([server.stop(), mock.stop()]);
  await contacts.stop();
});

/** What differs, by the kind of the request: `200 instead of 404`, `without ETag`. */
const differences = new Map<string, Set<string>>();

const pathOf = ({ path }: Operation, ids: Call['path']) =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(ids?.[name] ?? ''));

async function compare(operation: Operation, { kind, call, prefer }: Asked): Promise<void> {
  const path = pathOf(operation, call.path);
  const onMock: Call = prefer === undefined ? call : { ...call, headers: { ...call.headers, Prefer: prefer } };
  note(kind, operation.id, {
    real: await send(server.url, operation, path, call),
    mocked: await send(mock.url, operation, path, onMock),
    isExample: prefer !== undefined,
  });
}

type Pair = { readonly real: Answer; readonly mocked: Answer; readonly isExample: boolean };

/** For each example of an error that the server was made to answer, whether it ever said the same. */
const isSaid = new Map<string, boolean>();

/** Fails if the answers differ in another way than documented. */
function note(kind: string, id: string, pair: Pair): void {
  if (pair.isExample && pair.real.status >= 400) {
    const said = wording(pair.mocked);
    isSaid.set(said, isSaid.get(said) === true || said === wording(pair.real));
  }
  for (const difference of differencesOf(pair)) {
    differences.set(kind, (differences.get(kind) ?? new Set()).add(difference));
    const texts = [pair.real, pair.mocked].map(({ text }) => text.slice(0, 500)).join('\n');
    expect(DOCUMENTED, `${id}, ${kind}: ${difference}\n${texts}`).toContainEqual([kind, difference]);
  }
}

function differencesOf({ real, mocked, isExample }: Pair): string[] {
  const expected = lookOf(real, server.url, isExample);
  const came = lookOf(mocked, mock.url, isExample);
  if (expected.status !== came.status) {
    return [`${came.status.startsWith('2') ? '2xx' : came.status} instead of ${expected.status}`];
  }
  return (['type', 'headers', 'body'] as const)
    .filter((part) => expected[part] !== came[part])
    .map((part) => `${part} ${came[part]} instead of ${expected[part]}`);
}

/** The table of docs/kit.md: the kind of a request, and what the mock does instead. */
const DOCUMENTED = (() => {
  const page = readFileSync(join(ROOT, 'docs/kit.md'), 'utf8');
  const [, table = ''] = /\| Request \| Server \| Mock \|\n\|---\|---\|---\|\n((?:\|.*\n)+)/.exec(page) ?? [];
  return table
    .trimEnd()
    .split('\n')
    .map((row) => row.split('|').map((cell) => cell.trim()))
    .map(([, kind = '', real = '', mocked = '']) => [kind.replaceAll('`', ''), `${mocked} instead of ${real}`]);
})();

const sample = <T>(values: readonly T[], count: number): T[] =>
  fc.sample(
    fc.shuffledSubarray([...values], {
      minLength: Math.min(values.length, count),
      maxLength: Math.min(values.length, count),
    }),
    {
      seed: SEED,
      numRuns: 1,
    },
  )[0] ?? [];

/** Every request of an operation that breaks one thing. */
function brokenRequests(operation: Operation, valid: Call): Asked[] {
  const places = operation.parameters.flatMap(({ name, in: place, schema }) =>
    sample(wrongTexts(schema), VALUES).map((text): Asked => {
      const inPlace = {
        query: { query: { [name]: text } },
        path: { path: { ...valid.path, [name]: text } },
        header: { headers: { [name]: text } },
      }[place];
      return { kind: `a wrong ${place === 'path' ? 'id' : `${place} parameter`}`, call: { ...valid, ...inPlace } };
    }),
  );
  return [
    ...places,
    { kind: 'an unknown query parameter', call: { ...valid, query: { nonsense: 1 } } },
    ...(operation.body === undefined ? [] : brokenBodies(operation, valid)),
  ];
}

function brokenBodies(operation: Operation, valid: Call): Asked[] {
  const body = valid.body as Record<string, unknown>;
  const broken = (kind: string, wrong: unknown, headers: Call['headers'] = {}): Asked => ({
    kind,
    call: { ...valid, body: wrong, headers },
  });
  return [
    ...bodyProperties(operation).flatMap(([name, schema]) =>
      sample(wrongValues(schema), VALUES).map((value) =>
        broken('a wrong value in the body', { ...body, [name]: value }),
      ),
    ),
    ...requiredProperties(operation).map((name) => {
      const { [name]: _, ...rest } = body;
      return broken('a missing value in the body', rest);
    }),
    broken('an unknown key in the body', { ...body, nonsense: 1 }),
    ...['{"name":', ',', '{}{}', '\u0000', new Uint8Array([0x22, 0xff, 0x22])].map((text) =>
      broken('a body that is not JSON', text),
    ),
    broken('no body', ''),
    broken('a body that is not an object', '[]'),
    broken('a body of another media type', 'name=x', { 'Content-Type': 'text/plain' }),
    broken('a body in an unknown coding', '{}', { 'Content-Encoding': 'zip' }),
  ];
}

const rightRequest = (operation: Operation, fresh: World): Call => ({
  ...validRequest(operation, fresh),
  // The account of the world has no credentials.
  ...(operation.id === 'updateAccount' && { body: { tenant_id: 'acme-2' } }),
});

describe.each(json)('$id', (operation) => {
  test('right', async () => {
    const prefer = ANSWERS[operation.id];
    const fresh = operation.method === 'get' ? world : await createWorld(server);
    if (operation.id === 'deleteIntegration') {
      const account = operations.find(({ id }) => id === 'deleteAccount') as Operation;
      await send(server.url, account, pathOf(account, fresh.ids(account)), { as: fresh.token });
    }
    const asked = { kind: 'a right request', call: rightRequest(operation, fresh) };
    await compare(operation, prefer === undefined ? asked : { ...asked, prefer });
  });

  test('each thing broken in turn', async () => {
    for (const asked of brokenRequests(operation, validRequest(operation, world))) {
      await compare(operation, asked);
    }
  });
});

/** Nobody answers at the URLs of the world's servers. */
const ANSWERS: Readonly<Record<string, string>> = {
  checkSharedServerTools: 'example=failed',
  listMcpServerTools: 'code=502',
};

/** The request as the mock answers it of its own accord, and as it does when it is asked for the status of the server. */
async function compareBoth(operation: Operation, kind: string, call: Call, status: number): Promise<void> {
  await compare(operation, { kind, call });
  await compare(operation, { kind: `${kind}, and Prefer`, call, prefer: `code=${status}` });
}

describe.each(secured.filter(({ raw }) => !raw))('$id', (operation) => {
  test('credentials', async () => {
    const valid = validRequest(operation, world);
    await compare(operation, { kind: 'no credentials', call: { ...valid, as: 'nobody' } });
    const headers = { Authorization: 'Bearer nobody', 'X-API-KEY': 'nobody', 'X-API-SECRET': 'nobody' };
    await compareBoth(operation, 'credentials that nobody has', { ...valid, as: 'nobody', headers }, 401);
    if (
      operation.object.security?.some((schemes) => Object.values(schemes).flat().length > 0) === true &&
      operation.object.responses[403] !== undefined
    ) {
      await compareBoth(
        operation,
        'credentials without the permission',
        { ...valid, as: withoutPower(operation) },
        403,
      );
    }
  });
});

/** Credentials of the world's organization with another permission than an operation requires. */
function withoutPower({ path, object }: Operation) {
  const required = JSON.stringify(object.security);
  return path.startsWith('/api/')
    ? powerless[required.includes('servers') ? 'approvals' : 'servers']
    : powerless[required.includes('accounts') ? 'approver' : 'holder'];
}

const UNKNOWN = '00000000-0000-4000-8000-000000000000';
const unknownIds: Readonly<Record<string, string>> = {
  mcpServerId: `mcp_${UNKNOWN}`,
  org_id: 'org_2zC2v0GqxbrfKq1rKazb3gFcPEq',
  toolName: 'nothing',
};

describe.each(json.filter(({ object }) => object.responses[404] !== undefined))('$id', (operation) => {
  test('an id that nothing has', async () => {
    const valid = validRequest(operation, world);
    for (const name of Object.keys(valid.path)) {
      const path = { ...valid.path, [name]: unknownIds[name] ?? UNKNOWN };
      await compareBoth(operation, 'an id that nothing has', { ...valid, path }, 404);
    }
  });
});

const conditional = json.filter(({ parameters }) => parameters.some(({ name }) => name === 'If-Match'));
test.each(conditional)('a stale If-Match: $id', async (operation) => {
  const call = { ...validRequest(operation, world), headers: { 'If-Match': '"999"' } };
  await compareBoth(operation, 'a stale If-Match', call, 412);
});

test('a conflict, a rule in words, and a body that is too large', async () => {
  const integration = operation('deleteIntegration');
  await compareBoth(integration, 'what is in use', validRequest(integration, world), 409);
  const account = operation('updateAccount');
  const call = { ...validRequest(account, world), body: { context: { api_key: 'k3y' } } };
  await compare(account, { kind: 'a value that only a rule in words refuses', call });
  const create = operation('createMcpServer');
  const large = { ...validRequest(create, world), body: `{"name":"${'x'.repeat(4 * 1024 * 1024)}"}` };
  await compare(create, { kind: 'a body that is too large', call: large });
});

test('more requests than the operator allows', async () => {
  const limited = await startTestServer({ env: { GATEHOUSE_RATE_LIMIT: '1' } });
  const list = operation('listMcpServers');
  const answers = await Promise.all([1, 2, 3].map(() => send(limited.url, list, list.path)));
  const real = answers.find(({ status }) => status === 429);
  await limited.stop();
  const mocked = await send(mock.url, list, list.path, { headers: { Prefer: 'code=429' } });
  expect(real).toBeDefined();
  note('too many requests', list.id, { real: real as Answer, mocked, isExample: true });
});

test.each([
  ['createMcpServer', { name: '', url: 'https://files.example.com/mcp', config: {} }, 400],
  ['createIntegration', { document_url: 'https://petstore.example.com/openapi.json' }, 400],
  ['createOrganization', {}, 422],
] as const)('the mistakes in the example of %s', async (id, body, status) => {
  const target = operation(id);
  const [real, mocked] = [
    await send(server.url, target, target.path, { body }),
    await send(mock.url, target, target.path, { headers: { Prefer: `code=${status}` }, body: exampleBody(target) }),
  ];
  expect(mocked.body).toEqual(real.body);
});

describe('paths and methods', () => {
  test.each(operations)('$method $path', async (target) => {
    const path = pathOf(target, validRequest(target, world).path);
    const known = operations.filter((other) => other.path === target.path).map(({ method }) => method);
    const method = (['put', 'patch'] as const).find((candidate) => !known.includes(candidate)) ?? 'put';
    await askBoth('a method that the path does not have', method, path, credentialHeaders(meantFor(target)));
  });

  test.each(json.filter(({ method }) => method === 'get'))('HEAD $path', async (target) => {
    const valid = validRequest(target, world);
    const status = ANSWERS[target.id] ?? '';
    const headers = { ...credentialHeaders(valid.as ?? 'nobody'), ...(status !== '' && { Prefer: status }) };
    await askBoth('HEAD', 'head', pathOf(target, valid.path), headers);
  });

  test.each([
    '/',
    '/nonsense',
    '/api/nonsense',
    '/integration/x/y/z',
    '/admin/api/v1/nonsense',
    '/api/mcp-servers/',
    '/api/mcp-servers/%zz',
  ])('GET %s', (path) => askBoth('an unknown path', 'get', path, {}));

  test.each(operations.filter(({ raw, path }) => raw && !path.startsWith('/mcp')))('$id', async (target) => {
    const kind = target.id.endsWith('SignIn') ? 'a sign-in without an OpenID provider' : 'a document or a probe';
    await askBoth(kind, 'get', pathOf(target, world.ids(target)), {});
  });

  test('strangers', async () => {
    const pair = credentialHeaders('team');
    await askBoth('a page of another origin', 'get', '/api/mcp-servers', {
      ...pair,
      Origin: 'https://evil.example.com',
    });
    await askBoth('a Host header that names another server', 'get', '/api/mcp-servers', {
      ...pair,
      Host: 'evil.example.com',
    });
  });
});

async function askBoth(kind: string, method: Method, path: string, headers: Record<string, string>): Promise<void> {
  const isExample = 'Prefer' in headers;
  const ask = (url: string) => askOnce(url, method, path, { headers });
  note(kind, `${method} ${path}`, { real: await ask(server.url), mocked: await ask(mock.url), isExample });
}

describe('/mcp', () => {
  const MESSAGES = {
    initialize: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
    'tools/list': {},
    'tools/call': { name: 'list_contacts', arguments: {} },
    ping: {},
    'no/such/method': {},
  };
  let token: string;
  const ask = async (kind: string, method: Method, headers: Record<string, string>, body?: unknown, at = token) => {
    const one = (url: string) => askOnce(url, method, `/mcp/${at}`, { headers, ...(body !== undefined && { body }) });
    const [real, mocked] = [await one(server.url), await one(mock.url)];
    note(kind, `${method} /mcp`, { real, mocked, isExample: false });
    return { real, mocked };
  };

  beforeAll(async () => {
    const body = { name: 'Contacts', url: contacts.url, approval_policy: 'auto_approve_all' };
    const { id } = (await call(server.url, 'createMcpServer', { body })).body.data;
    const path = { integrated_account_id: String(id).replace('mcp_', '') };
    token = (await call(server.url, 'createEndpoint', { path, body: { name: 'Contacts' } })).body.token;
  });

  test.each(Object.entries(MESSAGES))('%s, without a session', async (method, params) => {
    const { real, mocked } = await ask(`an MCP message`, 'post', {}, { jsonrpc: '2.0', id: 7, method, params });
    expect(mocked.body).toMatchObject({ id: 7 });
    expect(Object.keys(mocked.body)).toEqual(Object.keys(real.body));
  });

  test('HEAD', async () => {
    await ask('a method that the path does not have', 'head', {});
  });

  test('a notification', async () => {
    await ask('an MCP notification', 'post', {}, { jsonrpc: '2.0', method: 'notifications/initialized' });
  });

  test.each(['{"jsonrpc":', '', '[]', '7', '{"jsonrpc":"2.0","id":1}', '{"jsonrpc":"1.0","id":1,"method":"ping"}'])(
    'no message: %s',
    async (body) => {
      await ask('a body that is no MCP message', 'post', {}, body);
    },
  );

  test.each(['get', 'delete'] as const)('%s without a session, and with one that nobody has', async (method) => {
    await ask('no MCP session', method, {});
    await ask('an MCP session that nobody has', method, { 'Mcp-Session-Id': 'nobody' });
  });

  test('a message of a session that nobody has', async () => {
    await ask(
      'an MCP session that nobody has',
      'post',
      { 'Mcp-Session-Id': 'nobody' },
      { jsonrpc: '2.0', id: 1, method: 'ping' },
    );
  });

  test('a token of no endpoint', async () => {
    await ask('a token of no endpoint', 'post', {}, { jsonrpc: '2.0', id: 1, method: 'ping' }, 'f'.repeat(32));
    const one = (url: string) => askOnce(url, 'post', '/mcp', { body: { jsonrpc: '2.0', id: 1, method: 'ping' } });
    note('no bearer', 'post /mcp', { real: await one(server.url), mocked: await one(mock.url), isExample: false });
  });
});

test('the server says what the examples of errors say', () => {
  expect(isSaid.size).toBeGreaterThan(10);
  expect([...isSaid].flatMap(([said, everSaid]) => (everSaid ? [] : [said]))).toEqual([]);
});

test('there is no documented difference that no request has', () => {
  const found = [...differences].flatMap(([kind, noted]) => [...noted].map((difference) => [kind, difference]));
  expect(DOCUMENTED.toSorted()).toEqual(found.toSorted());
});
