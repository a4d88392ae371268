import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { connect, eraOf, post, requestOf, STATELESS_META, WAYS, type Way } from '../support/mcp-client.ts';
import { mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { created, share, unique } from '../support/shared-servers.ts';
import { startTaskServer, type TaskServer } from '../support/task-server.ts';

const EXTENSION = 'io.modelcontextprotocol/tasks';
const METHODS = ['tasks/list', 'tasks/get', 'tasks/result', 'tasks/cancel', 'tasks/update', 'Tasks/list', 'tasks/x'];

let gateway: TestServer;
const upstream = {} as Record<'handshake' | 'stateless', TaskServer>;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  upstream.handshake = await startTaskServer('handshake');
  upstream.stateless = await startTaskServer('stateless');
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all(Object.values(upstream).map((server) => server.stop()));
});

type Kind = 'shared' | 'scoped' | 'scoped and shared' | 'own';
async function mintOf(kind: Kind, server: TaskServer): Promise<string> {
  const config = kind.startsWith('scoped') ? { methods: ['read', 'custom'] } : {};
  if (!kind.endsWith('shared')) {
    return (await mintOver(gateway, server.url, { config })).token;
  }
  const id = await created(gateway, { name: unique(), transport: 'streamable_http', url: server.url });
  return (await share(gateway, id, config)).token;
}

/** The capabilities that an endpoint tells. */
async function capabilitiesOf(token: string, way: Way): Promise<Json> {
  const capabilities = { tasks: { requests: {} }, extensions: { [EXTENSION]: {} }, roots: {} };
  const asked =
    way === 'stateless'
      ? requestOf(way, 1, 'server/discover')
      : requestOf(way, 1, 'initialize', { protocolVersion: '2025-11-25', capabilities, clientInfo: {} });
  return (await post({ gateway, token }, asked.body, asked.headers)).body.result.capabilities;
}

/** Calls a tool, in every way that could begin a task. */
async function callForTask(token: string, way: Way, key = 'task'): Promise<Json> {
  const ask = await connect({ gateway, token }, way);
  if (way !== 'stateless') {
    return (await ask('tools/call', { name: 'act', arguments: { of: 'one' }, [key]: { ttl: 60_000 } })).body;
  }
  const { body, headers } = requestOf(way, 1, 'tools/call', { name: 'act', arguments: {}, [key]: {} });
  const _meta = {
    ...STATELESS_META,
    'io.modelcontextprotocol/clientCapabilities': { extensions: { [EXTENSION]: {}, other: {} } },
  };
  const params = { ...body.params, _meta };
  return (await post({ gateway, token }, { ...body, params }, headers)).body;
}

describe.each<Kind>(['shared', 'scoped', 'scoped and shared'])('an endpoint that is %s', (kind) => {
  test.each(WAYS)('serves no tasks to a client that %s', async (way) => {
    const server = upstream[eraOf(way)];
    const token = await mintOf(kind, server);
    const told = await capabilitiesOf(token, way);
    expect([told.tasks, told.extensions]).toEqual([undefined, kind === 'shared' ? {} : undefined]);
    const before = server.begun();
    for (const key of ['task', 'TASK']) {
      expect((await callForTask(token, way, key)).result.content).toEqual([{ type: 'text', text: 'Done.' }]);
      expect(Object.keys(server.got('tools/call').at(-1)?.message.params)).not.toContain(key);
    }
    expect(server.begun()).toEqual(before);

    const theirs = await mintOf('own', upstream.handshake);
    const begun: Json = await callForTask(theirs, 'own session');
    const ask = await connect({ gateway, token }, way);
    for (const method of METHODS) {
      const asked = server.got(method).length;
      const { body } = await ask(method, { taskId: begun.result.task.taskId });
      expect([method, body.error?.code, body.result]).toEqual([method, -32601, undefined]);
      expect(server.got(method).length).toBe(asked);
    }
  });
});

test.each<Way>(['just calls', 'stateless'])('no endpoint begins a task for a client that %s', async (way) => {
  const server = upstream[eraOf(way)];
  const before = server.begun();
  expect((await callForTask(await mintOf('own', server), way)).result.task).toBeUndefined();
  expect(server.begun()).toEqual(before);
});

test('removes tasks from subscriptions over a shared server', async () => {
  const token = await mintOf('shared', upstream.stateless);
  const ask = await connect({ gateway, token }, 'stateless');
  await ask('subscriptions/listen', { notifications: { toolsListChanged: true, taskIds: ['task-of-others'] } });
  const { params } = upstream.stateless.got('subscriptions/listen').at(-1)?.message ?? {};
  expect(params.notifications).toEqual({ toolsListChanged: true });
});

test('removes tasks from client capabilities for a shared server', async () => {
  await capabilitiesOf(await mintOf('shared', upstream.handshake), 'own session');
  const { params } = upstream.handshake.got('initialize').at(-1)?.message ?? {};
  expect(params.capabilities).toEqual({ extensions: {}, roots: {} });
});

test('serves tasks in a session over an own server without a scope', async () => {
  const token = await mintOf('own', upstream.handshake);
  expect((await capabilitiesOf(token, 'own session')).tasks).toEqual(expect.objectContaining({ list: {} }));
  const { taskId } = (await callForTask(token, 'own session')).result.task;
  const ask = await connect({ gateway, token }, 'own session');
  const { body } = await ask('tasks/result', { taskId });
  expect(body.result.content[0].text).toBe('{"of":"one"}');
});

test('does not accept a session that began under another scope', async () => {
  const { serverId, id, token } = await mintOver(gateway, upstream.handshake.url);
  const ask = await connect({ gateway, token }, 'own session');
  expect((await ask('tasks/list')).status).toBe(200);
  const path = { integrated_account_id: serverId.slice('mcp_'.length), id };
  const scopeTo = (config: object) => call(gateway.url, 'updateEndpoint', { path, body: { config } });
  expect((await scopeTo({ methods: ['custom'] })).status).toBe(200);
  expect((await ask('tools/call', { name: 'act' })).status).toBe(404);
  const narrow = await connect({ gateway, token }, 'own session');
  expect((await narrow('tools/call', { name: 'act' })).status).toBe(200);
  expect((await scopeTo({ methods: ['read'] })).status).toBe(200);
  expect((await narrow('tools/call', { name: 'act' })).status).toBe(404);
});
