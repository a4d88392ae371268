import { connect, createServer, type Server as NetServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { LIMITS } from '../../src/base/limits.ts';
import { call } from '../support/client.ts';
import { startFailing } from '../support/failing-servers.ts';
import { mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { listenOn } from '../support/sockets.ts';
import { startToolServer, type ToolServer, tool } from '../support/tool-server.ts';
import { createWorld } from '../support/world.ts';

const UNKNOWN = { state: 'unknown', since: null, last_error: null };

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' },
    limits: { ...LIMITS, serverHealthIntervalMs: 50, listIntervalMs: 0 },
  });
});
afterAll(() => server.stop());

let upstream: ToolServer;
beforeEach(async () => {
  upstream = await startToolServer([tool('read')]);
  return () => upstream.stop();
});

const register = async (body: object) =>
  (await call(server.url, 'createMcpServer', { body: { name: 'Files', ...body } })).body.data.id as string;
const healthOf = async (mcpServerId: string) =>
  (await call(server.url, 'getMcpServer', { path: { mcpServerId } })).body.data.health;
const listTools = (mcpServerId: string) => {
  server.clock.now += 1;
  return call(server.url, 'listMcpServerTools', { path: { mcpServerId } });
};
const becomes = (id: string, health: object) =>
  vi.waitFor(async () => expect(await healthOf(id)).toMatchObject(health), { timeout: 5000, interval: 20 });
const update = (mcpServerId: string, body: object) =>
  call(server.url, 'updateMcpServer', { path: { mcpServerId }, body });
const callTool = (token: string) => {
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'read', arguments: {} } };
  return call(server.url, 'sendToEndpoint', { path: { token }, as: 'nobody', body });
};

/** A way to a server that can be closed and opened again. */
async function startGate(to: string) {
  const { port: behind } = new URL(to);
  const open = (port = 0) =>
    listenOn(
      createServer((socket) => {
        const other = connect(Number(behind), '127.0.0.1');
        socket.on('error', () => other.destroy()).on('close', () => other.destroy());
        other.on('error', () => socket.destroy()).on('close', () => socket.destroy());
        socket.pipe(other).pipe(socket);
      }) satisfies NetServer,
      port,
    );
  let gate = await open();
  const { port } = gate;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    close: () => gate.stop(),
    open: async () => {
      gate = await open(port);
    },
  };
}

test('a server that was not used is unknown, and one that lists its tools is connected since then', async () => {
  const created = await call(server.url, 'createMcpServer', { body: { name: 'Files', url: upstream.url } });
  const id = created.body.data.id;
  expect(created.body.data.health).toEqual(UNKNOWN);
  expect(await healthOf(id)).toEqual(UNKNOWN);
  expect(upstream.lists).toBe(0);
  server.clock.now += 1000;
  await listTools(id);
  const since = server.clock.now;
  await becomes(id, { state: 'connected', since, last_error: null });
  server.clock.now += 1000;
  await listTools(id);
  expect(await healthOf(id)).toMatchObject({ since });
  const listed = await call(server.url, 'listMcpServers', { query: { limit: 100 } });
  const found = listed.body.data.servers.find((one: { id: string }) => one.id === id);
  expect(found.health).toEqual({ state: 'connected', since, last_error: null });
});

test.each(['stateless', 'handshake'] as const)(
  'a call finds out that a server of the era %s is gone, and that it is back',
  async (era) => {
    const behind = await startToolServer([tool('read')], era);
    const gate = await startGate(behind.url);
    const { serverId, token } = await mintOver(server, gate.url);
    expect((await callTool(token)).status).toBe(200);
    await becomes(serverId, { state: 'connected' });
    await gate.close();
    server.clock.now += 1000;
    const since = server.clock.now;
    expect((await callTool(token)).status).toBe(502);
    await becomes(serverId, {
      state: 'unreachable',
      since,
      last_error: expect.stringContaining("The MCP server 'Everything' cannot be reached"),
    });
    await gate.open();
    server.clock.now += 1000;
    await vi.waitFor(async () => expect((await callTool(token)).status).toBe(200));
    await becomes(serverId, { state: 'connected', since: since + 1000, last_error: null });
    await gate.close();
    await behind.stop();
  },
);

describe('a server that cannot be used tells why', () => {
  const KINDS: readonly [path: string, reason: string][] = [
    ['401', 'refused the credentials that it is sent (HTTP 401)'],
    ['html', 'does not speak the protocol'],
    ['500', 'HTTP 500'],
  ];
  test.each(KINDS)('%s', async (path, reason) => {
    const failing = await startFailing();
    const id = await register({
      url: `http://${failing.failing}/${path}`,
      request_headers: { 'X-Secret': 'swordfish' },
    });
    expect((await listTools(id)).status).toBe(502);
    await becomes(id, { state: 'unreachable', last_error: expect.stringContaining(reason) });
    expect(JSON.stringify(await healthOf(id))).not.toContain('swordfish');
    await failing.stop();
  });

  test.each(['SSE', 'WebSocket'])('over %s', async (transport) => {
    const failing = await startFailing();
    const id = await register({ url: `http://${failing.free}/mcp`, transport });
    await listTools(id);
    await becomes(id, { state: 'unreachable', last_error: expect.stringContaining('cannot be reached') });
    await failing.stop();
  });
});

test('another URL or other headers make it unknown until it is used so, another name does not', async () => {
  const id = await register({ url: upstream.url });
  await listTools(id);
  await becomes(id, { state: 'connected' });
  server.deps.runtime.drop(id.slice('mcp_'.length));
  await update(id, { name: 'Renamed', timeout_seconds: 5 });
  expect(await healthOf(id)).toMatchObject({ state: 'connected' });
  await update(id, { request_headers: { 'X-New': '1' } });
  expect(await healthOf(id)).toEqual(UNKNOWN);
  await listTools(id);
  await becomes(id, { state: 'connected' });
  server.deps.runtime.drop(id.slice('mcp_'.length));
  await update(id, { url: `${upstream.url}?other` });
  expect(await healthOf(id)).toEqual(UNKNOWN);
});

test('a server that is in use is tried at once at its new URL', async () => {
  const failing = await startFailing();
  const id = await register({ url: upstream.url });
  await listTools(id);
  await becomes(id, { state: 'connected' });
  server.clock.now += 1000;
  const moved = server.clock.now;
  expect((await update(id, { url: `http://${failing.free}/mcp` })).status).toBe(200);
  await becomes(id, { state: 'unreachable', since: moved });
  expect((await update(id, { url: upstream.url })).status).toBe(200);
  await becomes(id, { state: 'connected', last_error: null });
  await failing.stop();
});

test('the overview counts the servers of the organization, and lists those that cannot be used', async () => {
  const fresh = await createWorld(server);
  const owner = { pair: fresh.pair, token: fresh.token };
  const overview = async () => (await call(server.url, 'getOverview', { as: fresh.pair })).body.data.servers;
  const { unknown, ...before } = await overview();
  expect(before).toEqual({ connected: 0, unreachable: 0, failing: [] });
  const { token } = await mintOver(server, upstream.url, {}, owner);
  await callTool(token);
  const gone = await mintOver(server, 'http://127.0.0.1:9/mcp', { name: 'Gone' }, owner);
  const idle = await mintOver(server, 'http://127.0.0.1:9/mcp', { name: 'Idle' }, owner);
  await callTool(gone.token);
  await vi.waitFor(async () =>
    expect(await overview()).toEqual({
      connected: 1,
      unreachable: 1,
      unknown: unknown + 1,
      failing: [
        {
          id: gone.serverId,
          name: 'Gone',
          since: expect.any(Number),
          last_error: expect.stringContaining("'Gone' cannot be reached"),
        },
      ],
    }),
  );
  for (const mcpServerId of [gone.serverId, idle.serverId]) {
    await call(server.url, 'deleteMcpServer', { path: { mcpServerId }, as: fresh.pair });
  }
  expect(await overview()).toEqual({ connected: 1, unreachable: 0, unknown, failing: [] });
});
