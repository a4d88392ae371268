import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askOnce } from '../support/ask-once.ts';
import { call } from '../support/client.ts';
import { type McpServer, startHandshakeServer } from '../support/mcp-servers.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { callTool, change, created, script, share, statusOf, stdio, unique } from '../support/shared-servers.ts';

let gateway: TestServer;
let echo: McpServer;
beforeAll(async () => {
  gateway = await startTestServer();
  echo = await startHandshakeServer([{ name: 'echo', call: ({ args }) => String(args.text) }]);
});
afterAll(async () => {
  await gateway.stop();
  await echo.stop();
});

const remote = (more: object = {}) => ({ name: unique(), url: echo.url, ...more });
const RELOADED = { status: 'reloaded', message: 'Saved and reloaded.', error: null };

test('seed 003: the literal request, with a real server behind it, on a gateway without credentials', async () => {
  const open = await startTestServer({ env: { GATEHOUSE_ADMIN_AUTH: 'none' } });
  try {
    const id = await created(open, remote());
    const mcpServer = {
      name: 'echo',
      transport: 'streamable_http',
      url: echo.url,
      command: 'unused',
      args: ['unused'],
      headers: {},
      env: {},
      cwd: 'unused',
      encoding: 'utf-8',
      timeoutSeconds: 123,
      sseReadTimeoutSeconds: 123,
      terminateOnClose: true,
      sessionKwargs: {},
    };
    const body = { name: 'Echo', enabled: true, mcpServer };
    const answer = await askOnce(open.url, 'patch', `/admin/api/v1/mcp-servers/${id}`, { body });
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        data: {
          id,
          slug: 'shared',
          name: 'Echo',
          enabled: true,
          mcpServer: { ...mcpServer, encodingErrorHandler: null },
          createdAt: '2026-11-20T09:00:00.000Z',
          updatedAt: '2026-11-20T09:00:00.000Z',
        },
        reload: RELOADED,
      },
    ]);
    expect(Object.keys(answer.body.data)).toEqual([
      'id',
      'slug',
      'name',
      'enabled',
      'mcpServer',
      'createdAt',
      'updatedAt',
    ]);
    const { token } = await share(open, id);
    expect(await callTool(open, token, 'echo', { text: 'through and through' })).toBe('through and through');
  } finally {
    await open.stop();
  }
});

describe('200', () => {
  test('replaces the old connection by the new one', async () => {
    const id = await created(gateway, stdio(unique()));
    const { token } = await share(gateway, id);
    const before = await callTool(gateway, token, 'pid');
    const { status, body } = await change(gateway, id, { mcpServer: stdio(unique(), { env: { WORD: 'new' } }) });
    expect([status, body.reload]).toEqual([200, RELOADED]);
    expect(await callTool(gateway, token, 'environment')).toContain('"WORD":"new"');
    expect(await callTool(gateway, token, 'pid')).not.toBe(before);
  });

  test('finishes a call in flight on the old connection', async () => {
    const id = await created(gateway, stdio(unique()));
    const { token } = await share(gateway, id);
    const slow = callTool(gateway, token, 'slow', { ms: 1500 });
    await change(gateway, id, { mcpServer: stdio(unique(), { env: { WORD: 'new' } }) });
    expect(await callTool(gateway, token, 'environment')).toContain('"WORD":"new"');
    expect(await slow).toBe('done');
  });

  test('a new name keeps the connection', async () => {
    const id = await created(gateway, stdio(unique()));
    const { token } = await share(gateway, id);
    const before = await callTool(gateway, token, 'pid');
    const { body } = await change(gateway, id, { name: 'Another' });
    expect([body.data.name, body.data.slug, body.reload]).toEqual(['Another', expect.any(String), RELOADED]);
    expect(await callTool(gateway, token, 'pid')).toBe(before);
  });

  test.each([
    ['nothing', {}],
    ['null', { name: null, enabled: null, mcpServer: null }],
  ])('touches nothing: %s', async (_, body) => {
    const id = await created(gateway, remote());
    const { headers } = await call(gateway.url, 'getSharedServer', { path: { mcp_id: id } });
    const answer = await change(gateway, id, body);
    expect(answer.body.reload).toEqual({ status: 'reloaded', message: 'No changes.', error: null });
    expect(answer.headers.get('etag')).toBe(headers.get('etag'));
  });

  test('touches nothing if nothing changes', async () => {
    const mcpServer = remote();
    const id = await created(gateway, mcpServer);
    expect((await change(gateway, id, { enabled: true, mcpServer })).body.reload.message).toBe('No changes.');
  });

  test('replaces the whole mcpServer', async () => {
    const id = await created(gateway, remote({ headers: { 'X-Team': 'a' }, timeoutSeconds: 9 }));
    const { body } = await change(gateway, id, { mcpServer: remote() });
    expect(body.data.mcpServer).toMatchObject({ headers: {}, timeoutSeconds: null });
  });

  test('does not use a disabled server, and uses it again when enabled', async () => {
    const id = await created(gateway, stdio(unique()));
    const { token } = await share(gateway, id);
    expect((await change(gateway, id, { enabled: false })).body.reload).toEqual(RELOADED);
    expect(await statusOf(gateway, id)).toMatchObject({ state: 'disabled', lastError: null });
    expect(await callTool(gateway, token, 'pid')).toContain('is switched off');
    expect((await change(gateway, id, { enabled: true })).body.reload).toEqual(RELOADED);
    expect(await callTool(gateway, token, 'echo', { text: 'back' })).toBe('back');
  });
});

describe('500 reload_failed', () => {
  const HTML = 'process.stdin.on("data", () => console.log("<h1>Welcome</h1>"))';
  test.each<[string, () => object, string]>([
    [
      'a command that does not exist',
      () => stdio(unique(), { command: 'no-such-command' }),
      'its command is not found',
    ],
    [
      'a process that exits',
      () => script(unique(), 'process.exit(3)'),
      'exited with code 3 before it had introduced itself',
    ],
    [
      'a folder that does not exist',
      () => stdio(unique(), { cwd: '/no/such/folder' }),
      'its folder `cwd` does not exist',
    ],
    [
      'what prints HTML',
      () => ({ ...script(unique(), HTML), timeoutSeconds: 1 }),
      'what it says are no JSON-RPC messages',
    ],
    [
      'nobody at the address',
      () => ({ name: unique(), url: 'http://127.0.0.1:9/mcp' }),
      'cannot be reached (ECONNREFUSED)',
    ],
  ])('saves nothing and keeps the connection: %s', async (_, broken, reason) => {
    const id = await created(gateway, stdio(unique()));
    const { token } = await share(gateway, id);
    const pid = await callTool(gateway, token, 'pid');
    const { body: before, headers } = await call(gateway.url, 'getSharedServer', { path: { mcp_id: id } });
    const { status, body } = await change(gateway, id, { mcpServer: broken() });
    expect(status).toBe(500);
    expect(body.error).toMatchObject({ code: 'reload_failed', details: { recovered: true } });
    expect(body.error.details.reason).toContain(reason);
    expect(body.reload).toEqual({
      status: 'reload_failed',
      message: 'Reload failed; nothing was saved.',
      error: body.error.details.reason,
    });
    expect(await callTool(gateway, token, 'pid')).toBe(pid);
    const after = await call(gateway.url, 'getSharedServer', { path: { mcp_id: id } });
    expect([after.body, after.headers.get('etag')]).toEqual([before, headers.get('etag')]);
    const { body: told } = await call(gateway.url, 'getRuntimeStatus');
    expect([told.lastStatus, told.lastError]).toEqual(['reload_failed', body.reload.error]);
  });
});
