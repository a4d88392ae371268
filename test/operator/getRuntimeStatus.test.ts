import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { raw, result, type Script, type Scripted, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import {
  callTool,
  change,
  create,
  created,
  remove,
  share,
  small,
  statusOf,
  unique,
} from '../support/shared-servers.ts';

/** Milliseconds: many times what is promised, for a machine that is busy. */
const SOON = 20_000;

let gateway: TestServer;
const started: Scripted[] = [];
beforeAll(async () => {
  gateway = await startTestServer();
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all(started.map(({ stop }) => stop()));
});

const now = () => new Date(gateway.clock.now).toISOString();
const status = async () => (await call(gateway.url, 'getRuntimeStatus')).body;
async function start(era: 'handshake' | 'stateless' = 'handshake', script: Script = {}, port = 0) {
  const server = await startScripted(era, script, port);
  started.push(server);
  return { server, mcpServer: { name: unique(), url: server.url } };
}
const listing = (...tools: unknown[]): Script => ({ 'tools/list': result({ tools }) });
const FINE = { name: 'fine', inputSchema: { type: 'object' } };

test('200: no server and no reload', async () => {
  const empty = await startTestServer();
  try {
    expect((await call(empty.url, 'getRuntimeStatus')).body).toEqual({
      lastStatus: null,
      lastMessage: null,
      lastError: null,
      lastReloadedAt: null,
      servers: [],
    });
  } finally {
    await empty.stop();
  }
});

describe('200: the last change of any server', () => {
  const last = async () => {
    const { servers, ...about } = await status();
    return about;
  };
  test('is shown with its time and any result, without refused requests', async () => {
    gateway.clock.now += 1000;
    const { mcpServer } = await start();
    const id = await created(gateway, mcpServer);
    const saved = { lastMessage: 'Saved and reloaded.', lastError: null };
    const at = now();
    expect(await last()).toEqual({ lastStatus: 'reloaded', ...saved, lastReloadedAt: at });

    gateway.clock.now += 1000;
    await create(gateway, mcpServer);
    await change(gateway, id, { mcpServer: { name: 'x' } });
    expect((await last()).lastReloadedAt).toBe(at);

    const failed = await change(gateway, id, { mcpServer: small({ command: 'no-such-command' }) });
    expect(await last()).toEqual({
      lastStatus: 'reload_failed',
      lastMessage: 'Reload failed; nothing was saved.',
      lastError: failed.body.reload.error,
      lastReloadedAt: now(),
    });

    await change(gateway, id, { mcpServer: { ...mcpServer, headers: { 'X-Key': `\${MISSING}` } } });
    expect(await last()).toMatchObject({ lastStatus: 'restart_required', lastError: null });
    await remove(gateway, id);
    expect(await last()).toMatchObject({ lastStatus: 'reloaded', ...saved });
  });
});

describe('200: a server', () => {
  test('lists the oldest first: connected, with tools and version of either era', async () => {
    gateway.clock.now += 1000;
    const ids: string[] = [];
    for (const era of ['handshake', 'stateless'] as const) {
      ids.push(await created(gateway, (await start(era)).mcpServer, { name: era }));
      gateway.clock.now += 1000;
    }
    const since = new Date(gateway.clock.now - 2000).toISOString();
    const servers = (await status()).servers.filter(({ id }: { id: string }) => ids.includes(id));
    expect(servers.map(({ id }: { id: string }) => id)).toEqual(ids);
    expect(servers[0]).toEqual({
      id: ids[0],
      slug: 'handshake',
      state: 'connected',
      since,
      lastError: null,
      toolCount: 2,
      protocolVersion: '2025-11-25',
      stderr: null,
      warnings: [],
    });
    expect(servers[1]).toMatchObject({ state: 'connected', toolCount: 2, protocolVersion: '2026-07-28' });
    await Promise.all(ids.map((id) => remove(gateway, id)));
  });

  test('shows a disabled server with its time', async () => {
    const { mcpServer } = await start();
    const id = await created(gateway, mcpServer);
    gateway.clock.now += 1000;
    await change(gateway, id, { enabled: false });
    expect(await statusOf(gateway, id)).toMatchObject({
      state: 'disabled',
      since: now(),
      lastError: null,
      toolCount: null,
      protocolVersion: null,
    });
  });

  test('shows an unreachable server with its time and last tools, and connected again', async () => {
    const { server, mcpServer } = await start();
    const id = await created(gateway, mcpServer);
    const { token } = await share(gateway, id);
    await server.stop();
    gateway.clock.now += 1000;
    expect(await callTool(gateway, token, 'act')).toContain('cannot be reached');
    await expect.poll(() => statusOf(gateway, id)).toMatchObject({ state: 'unreachable', since: now() });
    const told = await statusOf(gateway, id);
    expect(told.lastError).toContain('cannot be reached (ECONNREFUSED).');
    expect([told.toolCount, told.protocolVersion]).toEqual([2, null]);

    gateway.clock.now += 1000;
    await start('handshake', listing(FINE), Number(new URL(server.url).port));
    await expect
      .poll(() => statusOf(gateway, id), { timeout: SOON })
      .toMatchObject({
        state: 'connected',
        since: now(),
        lastError: null,
        toolCount: 1,
        protocolVersion: '2025-11-25',
      });
  });

  test('shows a server that is being connected', async () => {
    const { server, mcpServer } = await start('handshake', { 'tools/list': () => undefined });
    const { body } = await create(gateway, { ...mcpServer, timeoutSeconds: 0.3 });
    expect(await statusOf(gateway, body.data.id)).toMatchObject({ state: 'connecting', toolCount: null });
    Object.assign(server.script, listing(FINE));
    await expect
      .poll(() => statusOf(gateway, body.data.id), { timeout: SOON })
      .toMatchObject({ state: 'connected', lastError: null, toolCount: 1 });
  });

  test('shows a refusal of credentials without the credentials', async () => {
    const { server, mcpServer } = await start();
    const id = await created(gateway, { ...mcpServer, headers: { Authorization: 'Bearer hush-hush' } });
    const { token } = await share(gateway, id);
    for (const method of ['initialize', 'server/discover', 'tools/call', 'tools/list']) {
      server.script[method] = raw(401, 'text/plain', 'no');
    }
    expect(await callTool(gateway, token, 'act')).toContain('refused the credentials that it is sent (HTTP 401)');
    expect((await call(gateway.url, 'getRuntimeStatus')).text).not.toContain('hush-hush');
  });
});

describe('200: warnings', () => {
  const TOOLS = [
    FINE,
    { inputSchema: { type: 'object' } },
    { name: '', inputSchema: { type: 'object' } },
    { name: 7, inputSchema: { type: 'object' } },
    { name: 'text', inputSchema: { type: 'string' } },
    { name: 'listed', inputSchema: ['object'] },
    { name: 'true', inputSchema: true },
    FINE,
    null,
    { name: 'x'.repeat(1025), inputSchema: { type: 'object' } },
  ];
  const WARNINGS = [
    'tool 2 has no name',
    'tool 3 has no name',
    'tool 4 has no name',
    'tool 5 (text) has an input schema of no object',
    'tool 6 (listed) has an input schema of no object',
    'tool 7 (true) has an input schema of no object',
    'tool 8 (fine) has the name of one before it',
    'tool 9 has no name',
    `tool 10 (${'x'.repeat(64)}) has a name of more than 1024 characters`,
  ];
  test.each<[string, () => Promise<object> | object]>([
    ['over HTTP', async () => (await start('handshake', listing(...TOOLS))).mcpServer],
    ['of a process', () => small({ env: { TOOLS: JSON.stringify(TOOLS) } })],
  ])('names tools without a name or schema, and repeated ones, over %s', async (_, configure) => {
    const id = await created(gateway, await configure());
    expect(await statusOf(gateway, id)).toMatchObject({ state: 'connected', toolCount: 1, warnings: WARNINGS });
    await remove(gateway, id);
  });
});

describe('200: stderr', () => {
  test('shows the standard error of a process without secrets', async () => {
    const id = await created(gateway, small({ env: { KEY: 'hush-hush', COMPLAINT: 'the key is hush-hush!' } }));
    // The complaint is the value of a variable too.
    await expect.poll(async () => (await statusOf(gateway, id)).stderr).toBe('***');
    await remove(gateway, id);
  });

  test('shows the last 64 KB without a part of a secret', async () => {
    const SECRET = 'Tr0ub4dor-and-three';
    const complaining = { KEY: SECRET, COUNT: '20000' };
    const source = `
      process.stderr.write((process.env.KEY + '\\n').repeat(Number(process.env.COUNT)), () => process.stderr.write('last'));
      process.stdin.resume();`;
    const mcpServer = small({ args: ['-e', source], env: complaining, timeoutSeconds: 0.5 });
    const { body } = await create(gateway, mcpServer, {}, { headers: { Prefer: 'handling=lenient' } });
    const stderr = async () => (await statusOf(gateway, body.data.id)).stderr as string;
    await expect.poll(stderr, { timeout: SOON }).toMatch(/last$/);
    const said = await stderr();
    expect(Buffer.byteLength(said)).toBeLessThanOrEqual(64 * 1024);
    expect(said.length).toBeGreaterThan(8 * 1024);
    expect(said.replace(/last$/, '')).toMatch(/^[*\n]+$/);
    await remove(gateway, body.data.id);
  });
});
