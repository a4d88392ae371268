import { createServer, type RequestListener } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { LIMITS } from '../../src/base/limits.ts';
import { call } from '../support/client.ts';
import { startFailing } from '../support/failing-servers.ts';
import { startHandshakeServer } from '../support/mcp-servers.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { listenOn } from '../support/sockets.ts';
import { startSseServer } from '../support/sse-server.ts';
import { startToolServer, type ToolServer, tool } from '../support/tool-server.ts';
import { startWebSocketServer } from '../support/websocket-server.ts';
import { createWorld } from '../support/world.ts';

let server: TestServer;
/** One that does not wait long for servers that never answer. */
let hasty: TestServer;
beforeAll(async () => {
  const env = { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' };
  server = await startTestServer({ env, limits: { ...LIMITS, maxConnectionsPerOrganization: 1 } });
  hasty = await startTestServer({ env, limits: { ...LIMITS, introductionTimeoutMs: 1000, probeTimeoutMs: 500 } });
});
afterAll(() => Promise.all([server.stop(), hasty.stop()]));

let upstream: ToolServer;
beforeEach(async () => {
  upstream = await startToolServer([tool('read'), tool('write')]);
  return () => upstream.stop();
});

const check = (body: object, more: Partial<Parameters<typeof call>[2]> = {}) =>
  call(server.url, 'checkMcpServer', { body, ...more });
const registered = async (): Promise<number> =>
  (await call(server.url, 'listMcpServers', { query: { limit: 1 } })).body.data.total_count;

test('200: what a server says of itself, and its tools; nothing is stored', async () => {
  const before = await registered();
  const events = (await call(server.url, 'listAuditEvents', {})).body.data;
  const answer = await check({ url: upstream.url });
  expect([answer.status, answer.body.data]).toEqual([
    200,
    {
      state: 'connected',
      error: null,
      server_info: { name: 'tools', title: null, version: '1' },
      protocol_version: '2026-07-28',
      tool_count: 2,
      tools: ['read', 'write'],
    },
  ]);
  expect(await registered()).toBe(before);
  expect((await call(server.url, 'listAuditEvents', {})).body.data).toEqual(events);
});

const TOOLS = [{ name: 'echo', call: () => ({ content: [] }) }] as never;
test.each([
  ['STREAMABLE_HTTP', startHandshakeServer],
  ['SSE', startSseServer],
  ['WebSocket', startWebSocketServer],
] as const)('200: over %s, in a version with a handshake', async (transport, start) => {
  const served = await start(TOOLS);
  const { data } = (await check({ url: served.url, transport })).body;
  expect(data).toMatchObject({ state: 'connected', tool_count: 1, tools: ['echo'] });
  expect(data.protocol_version).toMatch(/^202[45]-/);
  await served.stop();
});

test('200: it sends the headers', async () => {
  let sent: unknown;
  upstream.before = ({ headers }) => {
    sent = headers.authorization;
    return false;
  };
  await check({ url: upstream.url, request_headers: { Authorization: 'Bearer s3cret-value' } });
  expect(sent).toBe('Bearer s3cret-value');
});

test('200: the first 100 of many tools by name', async () => {
  upstream.tools = Array.from({ length: 150 }, (_, index) => tool(`tool-${index}`));
  const { data } = (await check({ url: upstream.url })).body;
  expect([data.tool_count, data.tools.length, data.tools[99]]).toEqual([150, 100, 'tool-99']);
});

test('200: texts that the server says of itself are cut, and others left out', async () => {
  const answers: Record<string, object> = {
    initialize: {
      result: {
        protocolVersion: '2025-11-25',
        capabilities: { tools: {} },
        serverInfo: { name: 'n'.repeat(300), title: '\u202e<b>', version: 7, description: 'more' },
      },
    },
    'tools/list': { result: { tools: [] } },
  };
  const served = await listenOn(
    createServer(async (request, response) => {
      const { id, method } = JSON.parse(Buffer.concat(await request.toArray()).toString() || '{}');
      const answer = answers[method] ?? { error: { code: -32601, message: 'Method not found' } };
      response
        .writeHead(id === undefined ? 202 : 200, { 'Content-Type': 'application/json' })
        .end(id === undefined ? '' : JSON.stringify({ jsonrpc: '2.0', id, ...answer }));
    }),
  );
  const { data } = (await check({ url: `http://127.0.0.1:${served.port}/mcp` })).body;
  expect(data).toMatchObject({ state: 'connected', protocol_version: '2025-11-25', tool_count: 0, tools: [] });
  expect(data.server_info).toEqual({ name: 'n'.repeat(256), title: '\u202e<b>', version: null });
  await served.stop();
});

describe('200: a server that cannot be used, with the sentence of a registered one', () => {
  const KINDS: readonly [path: string, transport: string, reason: string][] = [
    ['401', 'STREAMABLE_HTTP', 'refused the credentials that it is sent (HTTP 401)'],
    ['403', 'SSE', 'refused the credentials that it is sent (HTTP 403)'],
    ['html', 'STREAMABLE_HTTP', 'does not speak the protocol'],
    ['html', 'WebSocket', 'does not speak MCP over WebSocket'],
    ['503', 'STREAMABLE_HTTP', 'answered with HTTP 503'],
    ['hang', 'STREAMABLE_HTTP', ' s.'],
    ['hang', 'SSE', ' s.'],
  ];
  test.each(KINDS)('%s over %s', async (path, transport, reason) => {
    const failing = await startFailing();
    const fields = {
      url: `http://${failing.failing}/${path}`,
      transport,
      request_headers: { 'X-Secret': 'swordfish-value' },
    };
    const asked = path === 'hang' ? hasty : server;
    const answer = await call(asked.url, 'checkMcpServer', { body: fields });
    expect(answer.status).toBe(200);
    expect(answer.body.data).toEqual({
      state: 'unreachable',
      error: expect.stringContaining(reason),
      server_info: null,
      protocol_version: null,
      tool_count: null,
      tools: [],
    });
    expect(answer.text).not.toContain('swordfish');
    expect(answer.body.data.error).toBe(await sentenceOfRegistered(asked, fields));
    await failing.stop();
  });
});

/** What the list of tools says of such a server once it is registered, under the name of its host. */
async function sentenceOfRegistered({ url }: Pick<TestServer, 'url'>, fields: { readonly url: string }) {
  const body = { ...fields, name: new URL(fields.url).host };
  const { id: mcpServerId } = (await call(url, 'createMcpServer', { body })).body.data;
  return (await call(url, 'listMcpServerTools', { path: { mcpServerId } })).body.error;
}

test('200: an address that is refused is refused as for a registered server, and nobody is asked', async () => {
  const strict = await startTestServer();
  let knocks = 0;
  const inside = await listenOn(createServer(() => knocks++));
  for (const url of [
    `http://127.0.0.1:${inside.port}/mcp`,
    `http://[::1]:${inside.port}/mcp`,
    `http://localhost:${inside.port}/mcp`,
    'http://10.0.0.1/mcp',
    'http://169.254.169.254/latest/meta-data',
  ]) {
    const { status, body } = await call(strict.url, 'checkMcpServer', { body: { url } });
    expect([status, body.data.state]).toEqual([200, 'unreachable']);
    expect(body.data.error).toBe(await sentenceOfRegistered(strict, { url }));
  }
  expect(knocks).toBe(0);
  await inside.stop();
  await strict.stop();
});

describe('200: a hostile server', () => {
  const json = (listener: (send: (text: string) => boolean) => void): RequestListener => {
    return (request, response) => {
      request.resume();
      response.writeHead(200, { 'Content-Type': 'application/json' });
      listener((text) => response.write(text));
      response.end();
    };
  };
  const KINDS: readonly [kind: string, listener: RequestListener][] = [
    [
      'whose answer has no end',
      (request, response) => {
        request.resume();
        response.writeHead(200, { 'Content-Type': 'application/json' });
        const more = () => {
          let isRoom = true;
          while (isRoom && !response.closed) {
            isRoom = response.write(' '.repeat(65_536));
          }
        };
        response.on('drain', more);
        more();
      },
    ],
    ['that nests without an end', json((send) => send('['.repeat(1_000_000)))],
    [
      'that says too much of itself',
      json((send) =>
        send(
          JSON.stringify({
            jsonrpc: '2.0',
            id: 1,
            result: { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'n'.repeat(20_000) } },
          }),
        ),
      ),
    ],
  ];
  test.each(KINDS)('%s', async (_, listener) => {
    const hostile = await listenOn(createServer(listener));
    const url = `http://127.0.0.1:${hostile.port}/mcp`;
    const { status, body } = await call(hasty.url, 'checkMcpServer', { body: { url } });
    expect([status, body.data.state, body.data.tools]).toEqual([200, 'unreachable', []]);
    await vi.waitFor(() => expect(hostile.open()).toBe(0), { timeout: 10_000 });
    await hostile.stop();
  });
});

test('a check ends no connection that is in use, and leaves none behind', async () => {
  const { id } = (await call(server.url, 'createMcpServer', { body: { name: 'Files', url: upstream.url } })).body.data;
  await call(server.url, 'listMcpServerTools', { path: { mcpServerId: id } });
  const uuid = id.slice('mcp_'.length);
  expect(server.deps.runtime.isConnectedTo(uuid)).toBe(true);
  const other = await startWebSocketServer(TOOLS);
  expect((await check({ url: other.url, transport: 'WebSocket' })).body.data.state).toBe('connected');
  expect(server.deps.runtime.isConnectedTo(uuid)).toBe(true);
  await vi.waitFor(() => expect(other.open()).toBe(0));
  await other.stop();
});

test('429: more than 4 checks of one organization at a time; other organizations go on', async () => {
  const held = Promise.withResolvers<boolean>();
  let waiting = 0;
  upstream.before = () => {
    waiting += 1;
    return held.promise;
  };
  const checking = Array.from({ length: 4 }, () => check({ url: upstream.url }));
  await vi.waitFor(() => expect(waiting).toBeGreaterThanOrEqual(4));
  const refused = await check({ url: upstream.url });
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5']);
  const other = await startToolServer([tool('read')]);
  const { pair } = await createWorld(server);
  expect((await check({ url: other.url }, { as: pair })).body.data.state).toBe('connected');
  held.resolve(false);
  expect((await Promise.all(checking)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  upstream.before = () => false;
  expect((await check({ url: upstream.url })).body.data.state).toBe('connected');
  await other.stop();
});

test('400: a scheme that the transport does not dial, headers that are too large, an unknown key', async () => {
  const wrong = [
    [{ url: 'ws://files.example.com/mcp' }, 'url'],
    [{ url: 'https://files.example.com', name: 'Files' }, 'name'],
    [{ transport: 'SSE' }, 'url'],
    [
      {
        url: 'https://files.example.com',
        request_headers: Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`x-${i}`, 'v'.repeat(8000)])),
      },
      'request_headers',
    ],
  ] as const;
  for (const [body, word] of wrong) {
    const { status, body: said } = await check(body);
    expect([status, said.error]).toEqual([400, expect.stringContaining(word)]);
  }
});
