import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Operation } from '../../src/contract/document.ts';
import type { OperationId } from '../../src/contract/operations.ts';
import type { RunningMock } from '../../src/mock/mock.ts';
import { startPostgres } from '../store/support/postgres.ts';
import { type Answer, type Call, call, credentialHeaders, operation, send } from '../support/client.ts';
import { startMock } from '../support/mock.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { createWorld, json, PETS, validRequest, type World } from '../support/world.ts';
import { lookOf, wording } from './support.ts';

/** What a server answers that is full, slow, broken or without its database; the mock shows it with `Prefer`. */
let mock: RunningMock;
beforeAll(async () => {
  mock = await startMock();
});
afterAll(() => mock.stop());

/** The operations with JSON, and the one of an endpoint that all clients use. */
const OPERATIONS = [...json, operation('sendToEndpoint')];
const MESSAGE = { jsonrpc: '2.0', id: 1, method: 'ping' };

/** For each example of a failure, whether a server has ever said the same. */
const isSaid = new Map<string, boolean>();

const pathOf = ({ path }: Operation, ids: Call['path']) =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(ids?.[name] ?? ''));

const requestOf = (target: Operation, world: World): Call => ({
  ...validRequest(target, world),
  ...(target.id === 'sendToEndpoint' && { as: 'nobody', body: MESSAGE }),
});

/** Holds the example of the mock to the answer of a server: status, media type, headers, members and wording. */
async function expectSame(target: Operation, world: World, real: Answer, example: string): Promise<void> {
  const valid = requestOf(target, world);
  const headers = { Prefer: `code=${real.status}, example=${example}` };
  const mocked = await send(mock.url, target, pathOf(target, valid.path), { ...valid, headers });
  expect(lookOf(mocked, mock.url, true), `${target.id}: ${real.text}`).toEqual(lookOf(real, '', true));
  const said = wording(mocked);
  isSaid.set(said, isSaid.get(said) === true || said === wording(real));
}

describe('an organization that has reached its quotas', () => {
  let server: TestServer;
  let world: World;
  beforeAll(async () => {
    server = await startTestServer({
      env: {
        GATEHOUSE_QUOTA_SERVERS: '1',
        GATEHOUSE_QUOTA_INTEGRATIONS: '1',
        GATEHOUSE_QUOTA_ACCOUNTS: '2',
        GATEHOUSE_QUOTA_ENDPOINTS: '1',
        GATEHOUSE_QUOTA_CREDENTIALS: '3',
        GATEHOUSE_QUOTA_TOOLS_MIB: '1',
      },
    });
    world = await createWorld(server);
  });
  afterAll(() => server.stop());

  const refused = async (id: OperationId, body?: object): Promise<void> => {
    const target = operation(id);
    const valid = validRequest(target, world);
    const real = await send(server.url, target, pathOf(target, valid.path), { ...valid, ...(body && { body }) });
    expect(real.status, real.text).toBe(409);
    await expectSame(target, world, real, id === 'addToolApproval' ? 'too_many' : 'quota_exceeded');
  };

  test.each(['createMcpServer', 'createAccount', 'createEndpoint', 'createApiToken', 'createApiKey'] as const)(
    '%s',
    (id) => refused(id),
  );

  test('createIntegration', () => refused('createIntegration', PETS));

  test('updateIntegration', async () => {
    const { document } = PETS;
    const description = randomBytes(1024 * 1024).toString('hex');
    await refused('updateIntegration', { document: { ...document, info: { ...document.info, description } } });
  });

  test('addToolApproval', async () => {
    const path = world.ids(operation('addToolApproval'));
    const approve = (name: number) =>
      call(server.url, 'addToolApproval', {
        as: world.pair,
        path,
        body: { tool_name: `tool-${name}`, approval_hash: 'a'.repeat(64), auto_approve: true },
      });
    for (let made = 1; made < 1000; made += 37) {
      await Promise.all(Array.from({ length: 37 }, (_, index) => approve(made + index)));
    }
    await refused('addToolApproval', { tool_name: 'one-more', approval_hash: 'a'.repeat(64), auto_approve: true });
  });
});

describe('a server that fails', () => {
  let server: TestServer;
  let world: World;
  let isBroken = false;
  beforeAll(async () => {
    server = await startTestServer({
      limits: { headerTimeoutMs: 500, requestTimeoutMs: 1000, connectionCheckMs: 100 },
      disturb: async () => {
        if (isBroken) {
          throw new TypeError('nobody has thought of this');
        }
      },
    });
    world = await createWorld(server);
  });
  afterAll(() => server.stop());

  test.each(OPERATIONS)('headers that are too large: $id', async (target) => {
    const valid = requestOf(target, world);
    const headers = { 'X-Large': 'x'.repeat(20 * 1024) };
    const real = await send(server.url, target, pathOf(target, valid.path), { ...valid, headers });
    expect(real.status, real.text).toBe(431);
    await expectSame(target, world, real, 'headers_too_large');
  });

  test.concurrent.each(OPERATIONS.filter(({ body }) => body !== undefined))(
    'a body that does not arrive: $id',
    async (target) => {
      const { path, as = 'nobody' } = requestOf(target, world);
      const outgoing = request(`${server.url}${pathOf(target, path)}`, {
        method: target.method,
        headers: { ...credentialHeaders(as), 'Content-Type': 'application/json', 'Content-Length': 100 },
      });
      outgoing.on('error', () => undefined);
      outgoing.write('{');
      const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
      const text = await textOf(incoming);
      outgoing.destroy();
      const headers = new Headers(incoming.headers as Record<string, string>);
      const real = { status: incoming.statusCode ?? 0, headers, text, body: JSON.parse(text) };
      expect(real.status, text).toBe(408);
      await expectSame(target, world, real, 'request_timeout');
    },
  );

  test.each(OPERATIONS)('an error that nobody has thought of: $id', async (target) => {
    const valid = requestOf(target, world);
    isBroken = true;
    const real = await send(server.url, target, pathOf(target, valid.path), valid).finally(() => {
      isBroken = false;
    });
    expect(real.status, real.text).toBe(500);
    await expectSame(target, world, real, 'internal_error');
  });
});

describe('a database that is down', () => {
  test('every operation that needs it', async () => {
    const postgres = await startPostgres();
    const server = await startTestServer({
      env: { GATEHOUSE_SECRET_KEY: randomBytes(32).toString('base64') },
      location: { kind: 'postgres', url: await postgres.createDatabase() },
      limits: { databaseWaitMs: 500 },
    });
    const world = await createWorld(server);
    // The world has called a tool: without this change, its endpoint is served from what is kept of it.
    const update = operation('updateEndpoint');
    await call(server.url, 'updateEndpoint', { path: world.ids(update), body: { name: 'Read anew' }, as: world.token });
    const answers: [Operation, Answer][] = [];
    await postgres.halt();
    for (const target of OPERATIONS) {
      const valid = requestOf(target, world);
      answers.push([target, await send(server.url, target, pathOf(target, valid.path), valid)]);
    }
    const readiness = await call(server.url, 'getReadiness', {});
    await postgres.resume();
    await server.stop();
    await postgres.stop();
    for (const [target, real] of answers) {
      expect(real.status, `${target.id}: ${real.text}`).toBe(503);
      await expectSame(target, world, real, 'unavailable');
    }
    expect(readiness.status, readiness.text).toBe(503);
    await expectSame(operation('getReadiness'), world, readiness, 'database_down');
  });
});

test('a server whose documentation is not built', async () => {
  const server = await startTestServer({ docs: { read: async () => null } });
  const world = await createWorld(server);
  const real = await call(server.url, 'getDocs', {});
  await server.stop();
  expect(real.status, real.text).toBe(503);
  await expectSame(operation('getDocs'), world, real, 'not_built');
});

test('the server says what the examples of failures say', () => {
  expect(isSaid.size).toBeGreaterThan(10);
  expect([...isSaid].flatMap(([said, everSaid]) => (everSaid ? [] : [said]))).toEqual([]);
});
