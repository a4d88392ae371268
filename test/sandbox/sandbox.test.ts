import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HANDSHAKE_VERSIONS } from '../../src/runtime/protocol.ts';
import { SANDBOX_CREDENTIALS, startSandbox } from '../../src/sandbox/sandbox.ts';
import { examples } from '../../src/sandbox/seeds.ts';
import type { RunningServer } from '../../src/server.ts';
import { reference } from '../../src/suite/checks/operator/shared-support.ts';
import { askOnce } from '../support/ask-once.ts';
import { call } from '../support/client.ts';
import { freePort } from '../support/mock.ts';
import { startProgram } from '../support/process.ts';

const {
  GATEHOUSE_API_TOKEN: apiToken,
  GATEHOUSE_API_KEY: apiKey,
  GATEHOUSE_API_SECRET: apiSecret,
} = SANDBOX_CREDENTIALS;
const TEAM = { apiKey, apiSecret };
const HOLDER = { apiToken };
const ACCOUNT = { integrated_account_id: '1ba1f401-7183-47c5-9e39-e8e257e3c795' };

/** A call of a tool at the endpoint with the fixed token. */
const listContacts = (url: string) =>
  call(url, 'sendToEndpoint', {
    path: { token: SANDBOX_CREDENTIALS.MCP_ENDPOINT_TOKEN },
    body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'list_contacts', arguments: {} } },
    as: 'nobody',
  });

test('a request that comes before the sandbox is full is answered when it is, and changes none of its ids', async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const starting = startSandbox({ GATEHOUSE_PORT: String(port) });
  const firstAnswer = async (refusals = 0): Promise<{ readonly status: number; readonly refusals: number }> => {
    const path = `/integrated-account/${ACCOUNT.integrated_account_id}/mcp`;
    const request = { headers: { Authorization: `Bearer ${apiToken}` }, body: { name: 'Early' } };
    const answer = await askOnce(url, 'post', path, request).catch(() => null);
    return answer === null ? turn().then(() => firstAnswer(refusals + 1)) : { status: answer.status, refusals };
  };
  const early = await Promise.all([firstAnswer(), firstAnswer(), firstAnswer()]);
  const sandbox = await starting;
  expect(early.map(({ status }) => status)).toEqual([201, 201, 201]);
  expect(early.every(({ refusals }) => refusals > 0)).toBe(true);
  expect((await listContacts(url)).body.result.content[0].text).toContain('Ada Lovelace');
  await sandbox.stop();
});

test('only its own objects have fixed ids, whatever is asked first', async () => {
  const sandbox = await startSandbox({ GATEHOUSE_PORT: '0' });
  const { url } = sandbox;
  await call(url, 'createMcpServer', { as: TEAM, body: { name: 'x' } });
  const server = await call(url, 'createMcpServer', { as: TEAM, body: { name: 'x', url: 'https://x.example.com' } });
  const endpoint = await call(url, 'createEndpoint', { as: HOLDER, path: ACCOUNT, body: { name: 'x' } });
  const operator = { Authorization: `Bearer ${SANDBOX_CREDENTIALS.GATEHOUSE_ADMIN_TOKEN}` };
  const organization = await call(url, 'createOrganization', { as: 'nobody', headers: operator, body: { name: 'x' } });
  const fixed = JSON.stringify([examples(''), SANDBOX_CREDENTIALS]);
  for (const { status, body } of [server, endpoint, organization]) {
    expect(status).toBe(201);
    expect(fixed).not.toContain(body.id ?? body.data.id);
  }
  expect(endpoint.body.token).not.toBe(SANDBOX_CREDENTIALS.MCP_ENDPOINT_TOKEN);
  await sandbox.stop();
});

test('a rate limit slows its own start, and keeps it from nothing', async () => {
  const sandbox = await startSandbox({ GATEHOUSE_PORT: '0', GATEHOUSE_RATE_LIMIT: '1' });
  expect((await listContacts(sandbox.url)).status).toBe(200);
  await sandbox.stop();
});

describe('what its clients are', () => {
  let sandbox: RunningServer;
  beforeAll(async () => {
    sandbox = await startSandbox({ GATEHOUSE_PORT: '0' });
  });
  afterAll(() => sandbox.stop());

  test.each(HANDSHAKE_VERSIONS)('its endpoint answers a client of %s in that version', async (protocolVersion) => {
    const { status, body } = await call(sandbox.url, 'sendToEndpoint', {
      path: { token: SANDBOX_CREDENTIALS.MCP_ENDPOINT_TOKEN },
      body: {
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: { protocolVersion, capabilities: {}, clientInfo: { name: 'old', version: '1' } },
      },
      as: 'nobody',
    });
    expect([status, body.result.protocolVersion]).toEqual([200, protocolVersion]);
  });

  test.each([
    ['http://localhost:5173', true],
    ['http://127.0.0.1:3000', true],
    ['http://[::1]:4321', true],
    ['https://localhost', true],
    ['http://localhost.evil.example', false],
    ['http://evil.example?http://localhost', false],
    ['http://evil-localhost', false],
    ['http://192.168.1.2:5173', false],
    ['null', false],
  ])('a page of %s may call it: %s', async (origin, isAllowed) => {
    const headers = { Origin: origin, 'X-API-KEY': apiKey, 'X-API-SECRET': apiSecret };
    const answer = await askOnce(sandbox.url, 'get', '/api/mcp-servers', { headers });
    expect([answer.status, answer.headers.get('Access-Control-Allow-Origin')]).toEqual(
      isAllowed ? [200, origin] : [403, null],
    );
    const preflight = await askOnce(sandbox.url, 'options', '/api/mcp-servers', {
      headers: { Origin: origin, 'Access-Control-Request-Method': 'POST' },
    });
    expect(preflight.status).toBe(isAllowed ? 204 : 403);
  });
});

describe('local processes of its operator, whose token everybody knows', () => {
  let sandbox: RunningServer;
  beforeAll(async () => {
    // What a shell may have set for the real server.
    sandbox = await startSandbox({ GATEHOUSE_PORT: '0', GATEHOUSE_ADMIN_TOKEN_FILE: '/not/there', HOME: '/root' });
  });
  afterAll(async () => {
    await sandbox.stop();
    rmSync(folder, { recursive: true });
  });

  const create = (config: Readonly<Record<string, unknown>>, prefer = {}) =>
    call(sandbox.url, 'createSharedServer', {
      body: { name: 'Local', mcpServer: { name: randomUUID(), transport: 'stdio', ...config } },
      as: 'nobody',
      headers: { Authorization: `Bearer ${SANDBOX_CREDENTIALS.GATEHOUSE_ADMIN_TOKEN}`, ...prefer },
    });

  test('the MCP server of contacts is one, and works', async () => {
    const created = await create({ command: 'sandbox-contacts' });
    expect([created.status, created.body.reload]).toEqual([
      201,
      { status: 'reloaded', message: 'Saved and reloaded.', error: null },
    ]);
    const tools = await call(sandbox.url, 'checkSharedServerTools', {
      path: { mcp_id: created.body.data.id },
      as: 'nobody',
      headers: { Authorization: `Bearer ${SANDBOX_CREDENTIALS.GATEHOUSE_ADMIN_TOKEN}` },
    });
    expect(tools.body.details.tools).toEqual(['create_contact', 'list_contacts']);
  });

  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-'));
  const trace = join(folder, 'started');
  const script = `require('fs').writeFileSync(${JSON.stringify(trace)}, '')`;
  test.each([
    ['another command', { command: process.execPath, args: ['-e', script] }],
    ['a shell', { command: 'sh', args: ['-c', `touch ${trace}`] }],
    ['a name that every object has', { command: 'constructor' }],
    ['its own command by its path', { command: 'bin/sandbox-contacts' }],
    ['its own command with arguments', { command: 'sandbox-contacts', args: ['--eval', script] }],
    [
      'its own command with variables',
      {
        command: 'sandbox-contacts',
        env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}` },
      },
    ],
    ['its own command in a folder', { command: 'sandbox-contacts', cwd: folder }],
  ])('%s is not started', async (_, config) => {
    const reason = 'this gateway starts only sandbox-contacts, without args, env and cwd.';
    const strict = await create(config);
    expect([strict.status, strict.body.reload.status]).toEqual([500, 'reload_failed']);
    expect(strict.body.reload.error).toContain(reason);
    const lenient = await create(config, { Prefer: 'handling=lenient' });
    expect([lenient.status, lenient.body.reload.status]).toEqual([201, 'reloaded']);
    expect(lenient.body.reload.error).toContain(reason);
    expect(existsSync(trace)).toBe(false);
  });

  test('a variable of its own environment is none of theirs', async () => {
    const { body } = await create({ command: reference('HOME') });
    expect([body.reload.status, body.reload.message]).toEqual(['restart_required', expect.stringContaining('HOME')]);
  });
});

test('on a busy port it says so, and holds nothing open', async () => {
  const sandbox = await startSandbox({ GATEHOUSE_PORT: '0' });
  const program = startProgram({ GATEHOUSE_PORT: new URL(sandbox.url).port }, ['src/cli/main.ts', 'sandbox']);
  expect(await program.exited).toBe(1);
  expect(program.output()).toMatch(
    /^listen EADDRINUSE: .*: another program listens there already\. Set GATEHOUSE_PORT to a free port\.\n$/,
  );
  await sandbox.stop();
});

test('the program logs each request in one line, and ends on SIGTERM', async () => {
  const program = startProgram({}, ['src/cli/main.ts', 'sandbox']);
  const url = await program.ready;
  await askOnce(url, 'get', '/healthz', { headers: { 'X-Request-Id': 'a-request-of-mine' } });
  await askOnce(url, 'get', '/secret-path', {});
  await expect.poll(() => program.output()).toContain('(no operation)');
  const [first, second, ...rest] = program
    .output()
    .slice(program.output().indexOf('Docs: '))
    .trim()
    .split('\n')
    .slice(2);
  expect(first).toMatch(/^\[\d\d:\d\d:\d\d\] INFO: GET \/healthz 200 \d+ ms a-request-of-mine$/);
  expect(second).toMatch(/^\[\d\d:\d\d:\d\d\] INFO: GET \(no operation\) 404 \d+ ms [\da-f]{8}$/);
  expect(rest).toEqual([]);
  program.child.kill('SIGTERM');
  expect(await program.exited).toBe(0);
});
