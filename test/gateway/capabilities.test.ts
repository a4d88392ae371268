import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askOnce } from '../support/ask-once.ts';
import type { Json } from '../support/json.ts';
import { post, requestOf } from '../support/mcp-client.ts';
import { mintOver } from '../support/minted.ts';
import { beginEvents, eventOf, json, result, type Scripted, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/** All that servers say of themselves. */
const ALL = {
  tools: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
  prompts: { listChanged: true },
  completions: {},
  logging: {},
  experimental: { odd: {} },
  extensions: { 'io.modelcontextprotocol/ui': {} },
  tasks: { list: {} },
};
const SILENT = { tools: {}, resources: {}, prompts: {}, completions: {}, experimental: { odd: {} } };
const { tasks, ...WITHOUT_TASKS } = ALL;
const extensions = { 'io.modelcontextprotocol/ui': {} };

const SERVED = {
  'resources/list': result({ resources: [] }),
  'resources/subscribe': result({}),
  'prompts/list': result({ prompts: [] }),
  'completion/complete': result({ completion: { values: [] } }),
  'logging/setLevel': result({}),
  'tasks/list': result({ tasks: [] }),
};
type Kind = 'with sessions' | 'without sessions' | 'stateless';

let gateway: TestServer;
let servers: Record<Kind, Scripted>;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  const initialize = (session: object) => (response: Parameters<typeof beginEvents>[0], got: Json) => {
    const { protocolVersion } = got.message.params;
    const facts = { protocolVersion, capabilities: ALL, serverInfo: { name: 'all', version: '1' } };
    json({ result: facts }, 200, session as Record<string, string>)(response, got);
  };
  const GET = (response: Parameters<typeof beginEvents>[0]) =>
    void beginEvents(response).end(eventOf({ jsonrpc: '2.0', method: 'notifications/message', params: {} }));
  const discovered = { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: ALL };
  servers = {
    'with sessions': await startScripted('handshake', {
      ...SERVED,
      GET,
      initialize: initialize({ 'Mcp-Session-Id': 'of-the-server' }),
    }),
    'without sessions': await startScripted('handshake', { ...SERVED, GET, initialize: initialize({}) }),
    stateless: await startScripted('stateless', {
      ...SERVED,
      'server/discover': result(discovered),
      'subscriptions/listen': GET,
    }),
  };
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all(Object.values(servers).map(({ stop }) => stop()));
});

type Era = 'handshake' | 'stateless';
/** A client that is told the capabilities of an endpoint, and can ask. */
async function meet(era: Era, token: string) {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  const way = era === 'stateless' ? 'stateless' : 'just calls';
  const hello = era === 'stateless' ? requestOf(way, 0, 'server/discover') : requestOf(way, 0, 'initialize', params);
  const met = await post({ gateway, token }, hello.body, hello.headers);
  const id = met.headers.get('mcp-session-id');
  const session = id === null ? {} : { 'Mcp-Session-Id': id };
  const codeOf = async (method: string, given: Record<string, unknown> = {}): Promise<number | undefined> => {
    const { body, headers } = requestOf(way, 1, method, given);
    const answer = await post({ gateway, token }, body, {
      ...headers,
      ...session,
      Accept: 'application/json, text/event-stream',
    });
    return typeof answer.body === 'object' ? answer.body.error?.code : undefined;
  };
  const streamStatus = async (): Promise<number> => {
    const headers = { ...session, Accept: 'text/event-stream' };
    return (await askOnce(gateway.url, 'get', `/mcp/${token}`, { headers })).status;
  };
  return { capabilities: met.body.result.capabilities, codeOf, streamStatus };
}

/** Asks for everything that is told; returns the capabilities whose methods do not exist. */
async function missing({ capabilities, codeOf, streamStatus }: Awaited<ReturnType<typeof meet>>, era: Era) {
  const METHODS: Record<string, string> = {
    tools: 'tools/list',
    resources: 'resources/list',
    prompts: 'prompts/list',
    completions: 'completion/complete',
    tasks: 'tasks/list',
    ...(era === 'handshake' && { logging: 'logging/setLevel' }),
  };
  const found: string[] = [];
  for (const [name, told] of Object.entries<Json>(capabilities)) {
    if (METHODS[name] !== undefined && (await codeOf(METHODS[name])) === -32601) {
      found.push(name);
    }
    if (told.subscribe && era === 'handshake' && (await codeOf('resources/subscribe', { uri: 'x:y' })) === -32601) {
      found.push(`${name}.subscribe`);
    }
    const isHeard =
      era === 'handshake' ? (await streamStatus()) === 200 : (await codeOf('subscriptions/listen')) !== -32601;
    if ((told.listChanged || told.subscribe) && !isHeard) {
      found.push(`${name}.listChanged`);
    }
  }
  return found;
}

const OPEN = {};
const HOLDING = { approval_policy: 'require_approval_all' };
const SCOPED = { config: { methods: ['custom'] } };
const { experimental, ...NO_EXPERIMENTAL } = ALL;
const { logging: _, ...REST } = WITHOUT_TASKS;

describe.each<[Era, Kind, Readonly<Record<string, unknown>>, object]>([
  ['handshake', 'with sessions', OPEN, ALL],
  ['handshake', 'with sessions', HOLDING, NO_EXPERIMENTAL],
  ['handshake', 'with sessions', SCOPED, { tools: ALL.tools, logging: {} }],
  ['handshake', 'without sessions', OPEN, { ...SILENT, extensions, logging: {} }],
  ['handshake', 'without sessions', SCOPED, { tools: {}, logging: {} }],
  ['handshake', 'stateless', OPEN, { ...SILENT, extensions }],
  ['handshake', 'stateless', SCOPED, { tools: {} }],
  ['stateless', 'with sessions', OPEN, { ...SILENT, extensions }],
  ['stateless', 'with sessions', SCOPED, { tools: {} }],
  ['stateless', 'without sessions', OPEN, { ...SILENT, extensions }],
  ['stateless', 'stateless', OPEN, { ...REST, logging: {} }],
  ['stateless', 'stateless', HOLDING, { ...REST, logging: {}, experimental: undefined }],
  ['stateless', 'stateless', SCOPED, { tools: ALL.tools, logging: {} }],
])('a client of the era %s, a server %s, an endpoint %j', (era, kind, more, expected) => {
  test('is told what is served, and nothing else', async () => {
    const { token } = await mintOver(gateway, servers[kind].url, more);
    const client = await meet(era, token);
    expect(client.capabilities).toEqual(JSON.parse(JSON.stringify(expected)));
    expect(await missing(client, era)).toEqual([]);
  });
});

test('502: a question that cannot be carried is no fault of the server', async () => {
  servers.stateless.script['tools/call'] = result({ resultType: 'input_required', inputRequests: {} });
  const { token } = await mintOver(gateway, servers.stateless.url, { name: 'Asking' });
  const { body, headers } = requestOf('just calls', 1, 'tools/call', { name: 'act' });
  const answer = await post({ gateway, token }, body, headers);
  expect([answer.status, answer.body.error]).toEqual([
    502,
    {
      code: -32003,
      message:
        "Gatehouse cannot carry a question of the MCP server 'Asking' to a client of this protocol version. Use a client of 2026-07-28.",
    },
  ]);
});
