import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { documentOf } from '../support/accounts.ts';
import { askOnce } from '../support/ask-once.ts';
import { call } from '../support/client.ts';
import { API_TOKEN, startTestServer, type TestServer } from '../support/server.ts';

/** A real service, and what it was asked. */
let asked: string[];
let answer: { status: number; body: string };
let service: Server;
let server: TestServer;
let accountId: string;
let integrationId: string;
beforeAll(async () => {
  service = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers['x-api-key']}`);
    response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(answer.body);
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const { port } = service.address() as AddressInfo;
  server = await startTestServer({
    env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' },
    limits: { accountStatusIntervalMs: 50 },
  });
  const document = documentOf({
    'GET /contacts/{id}': { tags: ['contacts'] },
    'DELETE /contacts/{id}': { tags: ['contacts'] },
    'GET /companies': { tags: ['companies'] },
  });
  const base_url = `http://127.0.0.1:${port}`;
  integrationId = (await call(server.url, 'createIntegration', { body: { name: 'crm', document, base_url } })).body.id;
  const account = {
    tenant_id: 'acme',
    environment_integration_id: integrationId,
    authentication_method: 'api_key',
    context: { api_key: 'k3y' },
  };
  accountId = (await call(server.url, 'createAccount', { body: account })).body.id;
});
afterAll(async () => {
  await server.stop();
  service.close();
});
beforeEach(() => {
  asked = [];
  answer = { status: 200, body: '{"id": 9007199254740993}' };
});

const mint = async (config: object = {}, more: object = {}) =>
  (
    await call(server.url, 'createEndpoint', {
      path: { integrated_account_id: accountId },
      body: { name: 'Pets', config, ...more },
    })
  ).body as {
    id: string;
    token: string;
    url: string;
  };
const send = (token: string, body: unknown, headers: Record<string, string> = {}) =>
  call(server.url, 'sendToEndpoint', { path: { token }, as: 'nobody', headers, body });
const rpc = (method: string, params: object = {}) => ({ jsonrpc: '2.0', id: 1, method, params });
const GET_CONTACT = 'get_single_crm_contact_by_id';
const ALL = ['delete_a_crm_contact_by_id', GET_CONTACT, 'list_all_crm_companies'];

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};
const stateless = (method: string, params: object = {}) => rpc(method, { ...params, _meta: META });
const STATELESS = { 'MCP-Protocol-Version': '2026-07-28' };

type AnyClient = {
  listTools: () => Promise<{ tools: { name: string }[] }>;
  callTool: (call: { name: string; arguments: Record<string, unknown> }) => Promise<unknown>;
  close: () => Promise<void>;
};
const INFO = { name: 'test', version: '1' };
const CLIENTS: [string, (url: URL) => Promise<AnyClient>][] = [
  [
    'the SDK v1 client',
    async (url) => {
      const client = new OldClient(INFO);
      await client.connect(new OldTransport(url) as never);
      return client as unknown as AnyClient;
    },
  ],
  ...(['legacy', 'auto'] as const).map((mode): [string, (url: URL) => Promise<AnyClient>] => [
    `the SDK v2 client, ${mode === 'auto' ? '2026-07-28' : 'with a handshake'}`,
    async (url) => {
      const client = new NewClient(INFO, mode === 'auto' ? { versionNegotiation: { mode } } : {});
      await client.connect(new NewTransport(url));
      return client as unknown as AnyClient;
    },
  ]),
];

describe.each(CLIENTS)('%s', (_, connect) => {
  test('lists and calls the tools in the scope', async () => {
    const { url } = await mint({ methods: ['read'] });
    const client = await connect(new URL(url));
    expect((await client.listTools()).tools.map(({ name }) => name).toSorted()).toEqual([
      GET_CONTACT,
      'list_all_crm_companies',
    ]);
    const result = await client.callTool({ name: GET_CONTACT, arguments: { id: 'a/b' } });
    expect(result).toMatchObject({ content: [{ type: 'text', text: '{"id": 9007199254740993}' }] });
    expect(asked).toEqual(['GET /contacts/a%2Fb k3y']);
    await expect(client.callTool({ name: 'delete_a_crm_contact_by_id', arguments: { id: '1' } })).rejects.toThrow(
      'Unknown tool',
    );
    expect(asked).toHaveLength(1);
    await client.close();
  });
});

describe('200', () => {
  test('a tool outside the scope does not exist', async () => {
    const { token } = await mint({ tags: ['companies'] });
    const ask = async (name: string) => (await send(token, rpc('tools/call', { name }))).body;
    const outside = await ask(GET_CONTACT);
    const nowhere = await ask('nobody_has_this');
    expect(outside.error).toEqual({ code: -32602, message: `Unknown tool: ${GET_CONTACT}` });
    expect(nowhere.error).toEqual({ code: -32602, message: 'Unknown tool: nobody_has_this' });
    expect(asked).toEqual([]);
  });

  test.each([
    [
      'initialize without id and jsonrpc',
      { method: 'initialize', params: { protocolVersion: '2024-11-05' } },
      { id: null },
    ],
    ['a version that nobody knows', rpc('initialize', { protocolVersion: '1999-01-01' }), { id: 1 }],
    ['ping', rpc('ping'), { id: 1, result: {} }],
    [
      'resources',
      rpc('resources/list'),
      { id: 1, error: { code: -32601, message: 'Method not found: this endpoint of Gatehouse does not serve it.' } },
    ],
    [
      'arguments that are no object',
      rpc('tools/call', { name: GET_CONTACT, arguments: [] }),
      { error: { code: -32602 } },
    ],
  ])('%s', async (_, body, expected) => {
    const { token } = await mint();
    const { status, body: got } = await send(token, body);
    expect(status).toBe(200);
    expect(got).toMatchObject(expected);
  });

  test.each([
    ['the path', (token: string) => [`/mcp/${token}`, API_TOKEN]],
    ['a header', (token: string) => ['/mcp', token]],
  ])('serves a client like the official Truto SDK with its token in %s', async (_, place) => {
    const [path, bearer] = place((await mint()).token);
    const answer = await askOnce(server.url, 'post', `/${path}?integrated_account_id=${accountId}`, {
      headers: { Authorization: `Bearer ${bearer}`, 'Content-Type': 'text/plain;charset=UTF-8' },
      body: { id: 7, method: 'tools/list' },
    });
    const { id, result } = answer.body as { id: number; result: { tools: { name: string }[] } };
    expect([id, result.tools.map(({ name }) => name).toSorted()]).toEqual([7, ALL]);
  });

  test('answers with one event to a client that reads only event streams', async () => {
    const { token } = await mint();
    const { text, headers } = await send(token, rpc('ping'), { Accept: 'text/event-stream' });
    expect(headers.get('content-type')).toContain('text/event-stream');
    expect(text).toBe('event: message\ndata: {"jsonrpc":"2.0","id":1,"result":{}}\n\n');
  });

  test('a failed call is an error result, and updates the account status', async () => {
    const { token } = await mint();
    const ask = async () =>
      (await send(token, rpc('tools/call', { name: GET_CONTACT, arguments: { id: '1' } }))).body.result;
    const status = async () => (await call(server.url, 'getAccount', { path: { id: accountId } })).body.status;
    answer = { status: 401, body: '{"error": "bad key"}' };
    const refused = await ask();
    expect([refused.isError, JSON.parse(refused.content[0].text)]).toEqual([
      true,
      expect.objectContaining({ statusCode: 401, truto_is_remote_error: true, raw_response: { error: 'bad key' } }),
    ]);
    await expect.poll(status).toBe('needs_reauth');
    answer = { status: 200, body: '{}' };
    await ask();
    await expect.poll(status).toBe('active');
    expect((await send(token, rpc('tools/call', { name: GET_CONTACT }))).body.result).toMatchObject({ isError: true });
  });

  test('a call that needs approval does not run, and names the policy', async () => {
    const policy = (approval_policy: string) =>
      call(server.url, 'updateIntegration', { path: { id: integrationId }, body: { approval_policy } });
    const { token } = await mint();
    const ask = async (name: string) =>
      (await send(token, rpc('tools/call', { name, arguments: { id: '1' } }))).body.result;
    await policy('auto_approve_read_only');
    expect((await ask(GET_CONTACT)).isError).toBeUndefined();
    expect(await ask('delete_a_crm_contact_by_id')).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining('auto_approve_read_only') }],
    });
    await policy('require_approval_all');
    expect((await ask(GET_CONTACT)).isError).toBe(true);
    expect(asked).toEqual(['GET /contacts/1 k3y']);
    await policy('auto_approve_all');
  });

  test('a change of scope or tools, and a deletion, apply to the next message', async () => {
    const { token, id } = await mint();
    const names = async () =>
      ((await send(token, rpc('tools/list'))).body.result.tools as { name: string }[])
        .map(({ name }) => name)
        .toSorted();
    expect(await names()).toEqual(ALL);
    const path = { integrated_account_id: accountId, id };
    await call(server.url, 'updateEndpoint', { path, body: { config: { methods: ['list'] } } });
    expect(await names()).toEqual(['list_all_crm_companies']);
    await call(server.url, 'updateIntegration', { path: { id: integrationId }, body: { name: 'sales' } });
    expect(await names()).toEqual(['list_all_sales_companies']);
    await call(server.url, 'updateIntegration', { path: { id: integrationId }, body: { name: 'crm' } });
    await call(server.url, 'deleteEndpoint', { path });
    expect((await send(token, rpc('tools/list'))).status).toBe(401);
  });
});

test('202: a notification gets no answer', async () => {
  const { token } = await mint();
  const { status, text } = await send(token, { jsonrpc: '2.0', method: 'notifications/initialized' });
  expect([status, text]).toEqual([202, '']);
});

test.each([
  ['no JSON', '{', -32700],
  ['no UTF-8', Buffer.from('{"method": "\xff"}', 'latin1'), -32700],
  ['an empty batch', [], -32600],
  ['a number', 1, -32600],
  ['another JSON-RPC', { ...rpc('ping'), jsonrpc: '1.0' }, -32600],
  ['no method', { jsonrpc: '2.0', id: 1 }, -32600],
  ['an id that is an object', { ...rpc('ping'), id: {} }, -32600],
])('400: %s', async (_, body, code) => {
  const { token } = await mint();
  const answered = await send(token, body);
  expect([answered.status, answered.body.error.code]).toEqual([400, code]);
});

describe('protocol version 2026-07-28', () => {
  test('200: server/discover', async () => {
    const { token } = await mint();
    const { body } = await send(token, stateless('server/discover'), { ...STATELESS, 'Mcp-Method': 'server/discover' });
    expect(body.result).toMatchObject({
      supportedVersions: ['2026-07-28'],
      capabilities: { tools: {} },
      resultType: 'complete',
    });
  });

  test.each([
    ['another name', { 'Mcp-Method': 'tools/call', 'Mcp-Name': 'list_all_crm_companies' }],
    ['no name', { 'Mcp-Method': 'tools/call' }],
    ['another method', { 'Mcp-Method': 'tools/list', 'Mcp-Name': GET_CONTACT }],
    ['another version', { 'MCP-Protocol-Version': '2025-11-25', 'Mcp-Method': 'tools/call', 'Mcp-Name': GET_CONTACT }],
  ])('400: headers with %s', async (_, headers) => {
    const { token } = await mint();
    const message = stateless('tools/call', { name: GET_CONTACT, arguments: { id: '1' } });
    const answered = await send(token, message, { ...STATELESS, ...(headers as Record<string, string>) });
    expect([answered.status, answered.body.error.code]).toEqual([400, -32020]);
    expect(asked).toEqual([]);
  });

  test('404: an unknown method', async () => {
    const { token } = await mint();
    const answered = await send(token, stateless('ping'), { ...STATELESS, 'Mcp-Method': 'ping' });
    expect([answered.status, answered.body.error.code]).toEqual([404, -32601]);
  });

  test('400: an unknown version, and an incomplete _meta', async () => {
    const { token } = await mint();
    const unknown = rpc('tools/list', { _meta: { ...META, 'io.modelcontextprotocol/protocolVersion': '2027-01-01' } });
    expect((await send(token, unknown)).body.error).toMatchObject({ code: -32022 });
    const { 'io.modelcontextprotocol/clientCapabilities': _, ...rest } = META;
    const headers = { ...STATELESS, 'Mcp-Method': 'tools/list' };
    expect((await send(token, rpc('tools/list', { _meta: rest }), headers)).body.error).toMatchObject({ code: -32602 });
  });
});

describe('the same 401 in every case', () => {
  const identical = { jsonrpc: '2.0', error: { code: -32001, message: expect.any(String) }, id: null };

  test('for an unknown, expired or deleted endpoint, and without the required API token', async () => {
    const expired = await mint({}, { expires_at: new Date(server.clock.now + 60_000).toISOString() });
    const secured = await mint({ require_api_token_auth: true });
    const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
    expect((await send(secured.token, rpc('ping'), bearer(API_TOKEN))).status).toBe(200);
    expect((await send(expired.token, rpc('ping'))).status).toBe(200);
    server.clock.now += 60_000;
    const answers = await Promise.all([
      send('0'.repeat(32), rpc('ping')),
      send(expired.token, rpc('ping')),
      send(secured.token, rpc('ping')),
      send(secured.token, rpc('ping'), bearer('wrong'.repeat(8))),
    ]);
    for (const { status, body, headers } of answers) {
      expect([status, body, headers.get('www-authenticate')]).toEqual([401, identical, 'Bearer error="invalid_token"']);
    }
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  });
});

test('405 with Allow, in JSON-RPC: GET and DELETE, because there are no sessions', async () => {
  const { token } = await mint();
  for (const method of ['get', 'delete'] as const) {
    const { status, headers, body } = await askOnce(server.url, method, `/mcp/${token}`);
    expect([status, headers.get('allow')]).toEqual([405, 'POST']);
    expect(body).toMatchObject({ jsonrpc: '2.0', id: null });
  }
});
