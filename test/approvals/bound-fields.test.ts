import { createServer } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { documentOf } from '../support/accounts.ts';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { post } from '../support/mcp-client.ts';
import { type Minted, mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { listenOn } from '../support/sockets.ts';
import { decide, getRequest, waitingRequest } from './support/approver.ts';
import { startRecorder, WRITE } from './support/recorder.ts';

/** An endpoint with a call that waits, and everything that its approval is bound to. */
type Waiting = {
  readonly gateway: TestServer;
  readonly run: () => Promise<Json>;
  /** How many calls have come to the source. */
  readonly arrived: () => number;
  readonly changes: Readonly<Record<string, () => Promise<unknown>>>;
};

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

async function startGateway(): Promise<TestServer> {
  const gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  stops.push(gateway.stop);
  return gateway;
}

const runOf = (gateway: TestServer, token: string, name: string) => async (): Promise<Json> => {
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: { id: '1' } } };
  return (await post({ gateway, token }, body)).body.result;
};

async function overServer(): Promise<Waiting> {
  const gateway = await startGateway();
  const upstream = await startRecorder('sessions');
  const other = await startRecorder('sessions');
  stops.push(upstream.stop, other.stop);
  const options = { name: 'Files', approval_policy: 'require_approval_per_tool', tags: ['files'] };
  const minted: Minted = await mintOver(gateway, upstream.url, options);
  const path = { mcpServerId: minted.serverId };
  const patch = (body: object) => call(gateway.url, 'updateMcpServer', { path, body });
  const endpoint = { integrated_account_id: minted.serverId.slice('mcp_'.length), id: minted.id };
  const approve = (auto_approve: boolean, approval_hash = 'a'.repeat(64)) =>
    call(gateway.url, 'addToolApproval', { path, body: { tool_name: 'write', approval_hash, auto_approve } });
  return {
    gateway,
    run: runOf(gateway, minted.token, 'write'),
    arrived: () => upstream.calls.length + other.calls.length,
    changes: {
      'the policy': () => patch({ approval_policy: 'require_approval_all' }),
      'the URL': () => patch({ url: other.url }),
      'the headers': () => patch({ request_headers: { 'X-Tenant': 'other' } }),
      'the name of the server': () => patch({ name: 'Other files' }),
      'the scope': () => call(gateway.url, 'updateEndpoint', { path: endpoint, body: { config: { tags: ['files'] } } }),
      'a tool approval': () => approve(false),
      'the definition': async () => {
        upstream.tools = [{ ...WRITE, description: 'Deletes.' }];
        gateway.clock.now += 60_001;
      },
    },
  };
}

async function overIntegration(): Promise<Waiting> {
  const gateway = await startGateway();
  let arrived = 0;
  const service = createServer((_, response) => {
    arrived += 1;
    response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
  });
  const { port, stop } = await listenOn(service);
  stops.push(stop);
  const document = documentOf({ 'DELETE /contacts/{id}': {} });
  const base_url = `http://127.0.0.1:${port}`;
  const body = { name: 'crm', document, base_url, approval_policy: 'auto_approve_read_only' };
  const integration = (await call(gateway.url, 'createIntegration', { body })).body;
  const account = {
    tenant_id: 'acme',
    environment_integration_id: integration.id,
    authentication_method: 'api_key',
    context: { api_key: 'first' },
  };
  const accountId = (await call(gateway.url, 'createAccount', { body: account })).body.id as string;
  const path = { integrated_account_id: accountId };
  const { id, token } = (await call(gateway.url, 'createEndpoint', { path, body: { name: 'CRM' } })).body;
  const patch = (more: object) => call(gateway.url, 'updateIntegration', { path: { id: integration.id }, body: more });
  const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
  const [{ name }] = (await post({ gateway, token }, list)).body.result.tools;
  return {
    gateway,
    run: runOf(gateway, token, name),
    arrived: () => arrived,
    changes: {
      'the policy': () => patch({ approval_policy: 'require_approval_all' }),
      'the document': () => patch({ document: documentOf({ 'DELETE /contacts/{id}': {}, 'GET /contacts': {} }) }),
      'the base URL': () => patch({ base_url: `${base_url}/other` }),
      'the scope': () =>
        call(gateway.url, 'updateEndpoint', { path: { ...path, id }, body: { config: { methods: ['write'] } } }),
      'the credentials': () =>
        call(gateway.url, 'updateAccount', { path: { id: accountId }, body: { context: { api_key: 'second' } } }),
      'a server at the place of the service': () =>
        call(gateway.url, 'createMcpServer', {
          body: { name: 'Place', url: base_url, approval_policy: 'require_approval_per_tool' },
        }),
    },
  };
}

const SOURCES = { server: overServer, integration: overIntegration };
const CHANGES = {
  server: [
    'the policy',
    'the URL',
    'the headers',
    'the name of the server',
    'the scope',
    'a tool approval',
    'the definition',
  ],
  integration: [
    'the policy',
    'the document',
    'the base URL',
    'the scope',
    'the credentials',
    'a server at the place of the service',
  ],
} as const;

describe.each(['server', 'integration'] as const)('over an account of a %s', (kind) => {
  test('nothing changes: the approved call runs, once', async () => {
    const { gateway, run, arrived, changes } = await SOURCES[kind]();
    expect(Object.keys(changes)).toEqual(CHANGES[kind]);
    expect((await run()).isError).toBe(true);
    const request = await waitingRequest(gateway);
    await decide(gateway, request);
    expect((await run()).isError).not.toBe(true);
    expect([arrived(), (await getRequest(gateway, request.id)).status]).toEqual([1, 'used']);
    expect((await run()).isError).toBe(true);
    expect(arrived()).toBe(1);
  });

  test.each(CHANGES[kind])('%s changes between the request and the decision', async (change) => {
    const { gateway, run, arrived, changes } = await SOURCES[kind]();
    await run();
    const request = await waitingRequest(gateway);
    await changes[change]?.();
    await decide(gateway, request);
    expect((await run()).isError).toBe(true);
    expect(arrived()).toBe(0);
  });

  test.each(CHANGES[kind])('%s changes between the decision and the use', async (change) => {
    const { gateway, run, arrived, changes } = await SOURCES[kind]();
    await run();
    const request = await waitingRequest(gateway);
    expect((await decide(gateway, request)).status).toBe(200);
    await changes[change]?.();
    const again = await run();
    expect([again.isError, again._meta?.['gatehouse/approval'].status]).toEqual([true, 'pending']);
    expect([arrived(), (await getRequest(gateway, request.id)).status]).toEqual([0, 'outdated']);
  });
});
