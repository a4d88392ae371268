import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../support/json.ts';
import { ROOT } from '../support/process.ts';
import { type Scripted, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { callTool, change, create, created, read, share, small, statusOf, unique } from '../support/shared-servers.ts';

let gateway: TestServer;
let server: Scripted;
let folder: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'gatehouse-')));
  server = await startScripted('handshake');
  gateway = await startTestServer({
    environment: {
      PATH: '/usr/bin:/bin',
      NODE: process.execPath,
      ROOT,
      FOLDER: folder,
      TOKEN: 'hush-hush',
      WORD: 'hush',
      EMPTY: '',
      SCHEME: 'ftp',
      LINES: 'first-line\r\nX-Second: line',
      GATEHOUSE_ADMIN_TOKEN: 'of-the-gateway',
      DATABASE_URL: 'postgres://of-the-gateway',
      UNRELATED: 'of-somebody-else',
      HTTPS_PROXY: 'http://proxy.example.com:3128',
      http_proxy: 'http://me:of-the-gateway@proxy.example.com',
      NODE_EXTRA_CA_CERTS: '/etc/ours.pem',
      npm_config_registry: 'https://packages.example.com',
      npm_config__auth: 'of-the-gateway',
    },
  });
});
afterAll(async () => {
  await gateway.stop();
  await server.stop();
  await rm(folder, { recursive: true });
});

const remote = (more: object = {}) => ({ name: unique(), url: server.url, ...more });
const mistakesOf = async (mcpServer: object): Promise<Json> => {
  const { status, body, text } = await create(gateway, mcpServer);
  expect(status, text).toBe(422);
  expect(text).not.toMatch(/hush-hush|first-line|of-the-gateway/);
  return body.error.fieldErrors;
};

describe('are replaced from the environment', () => {
  test('in command, args, env and cwd, unless escaped, and the process inherits no others', async () => {
    const mcpServer = small({
      command: `\${NODE}`,
      args: [`\${ROOT}/test/support/small-stdio-server.ts`, `\${EMPTY}`],
      env: { TWICE: `<\${WORD}\${WORD}>`, KEY: `\${TOKEN}`, LITERAL: `$\${TOKEN} $TOKEN \${}`, GIVEN: `\${EMPTY}` },
      cwd: `\${FOLDER}`,
    });
    const id = await created(gateway, mcpServer);
    const { token } = await share(gateway, id);
    expect(JSON.parse(await callTool(gateway, token, 'folder'))).toBe(folder);
    const environment = JSON.parse(await callTool(gateway, token, 'environment'));
    expect(environment).toMatchObject({
      TWICE: '<hushhush>',
      // What the gateway passes on of a secret.
      KEY: '[credential]',
      LITERAL: `\${TOKEN} $TOKEN \${}`,
      GIVEN: '',
      PATH: '/usr/bin:/bin',
      HTTPS_PROXY: 'http://proxy.example.com:3128',
      NODE_EXTRA_CA_CERTS: '/etc/ours.pem',
      npm_config_registry: 'https://packages.example.com',
    });
    expect(Object.keys(environment)).not.toContain('http_proxy');
    expect(JSON.stringify(environment)).not.toMatch(/of-the-gateway|of-somebody-else/);
    expect((await read(gateway, id)).body.mcpServer).toMatchObject(mcpServer);
  });

  test('in url and headers', async () => {
    const url = server.url.replace('http:', `\${EMPTY}http:`).replace('/mcp', `/\${TOKEN}`);
    const headers = { Authorization: `Bearer \${TOKEN}`, 'X-Literal': `$\${TOKEN}` };
    const id = await created(gateway, remote({ url, headers }));
    const [got] = server.got('tools/list');
    expect(got?.headers).toMatchObject({ authorization: 'Bearer hush-hush', 'x-literal': `\${TOKEN}` });
    expect((await read(gateway, id)).body.mcpServer).toMatchObject({ url, headers });
  });
});

describe('that this process does not have', () => {
  test('201 restart_required: names each, and stores the server without starting it', async () => {
    const mcpServer = small({
      command: `\${Z_MISSING}`,
      args: [`\${A_MISSING}\${TOKEN}`],
      env: { KEY: `\${Z_MISSING}` },
      cwd: `\${M_MISSING}`,
    });
    const { status, body } = await create(gateway, mcpServer);
    const lacks = 'the gateway has no variables A_MISSING, M_MISSING, Z_MISSING.';
    expect([status, body.reload]).toEqual([
      201,
      { status: 'restart_required', message: `Saved. Restart required to apply: ${lacks}`, error: null },
    ]);
    expect((await read(gateway, body.data.id)).body).toEqual(body.data);
    expect(await statusOf(gateway, body.data.id)).toMatchObject({
      state: 'unreachable',
      lastError: `It waits for a restart of the gateway: ${lacks}`,
      toolCount: null,
    });
    const { token } = await share(gateway, body.data.id);
    expect(await callTool(gateway, token, 'pid')).toContain('waits for a restart of the gateway');
  });

  test('contacts nothing, and keeps the connection in use', async () => {
    const id = await created(gateway, remote());
    const { token } = await share(gateway, id);
    const before = server.got('initialize').length;
    const { body } = await change(gateway, id, { mcpServer: remote({ headers: { 'X-Key': `\${MISSING}` } }) });
    expect(body.reload.message).toBe('Saved. Restart required to apply: the gateway has no variable MISSING.');
    expect(server.got('initialize').length).toBe(before);
    expect(await callTool(gateway, token, 'act')).toBe('act');
  });
});

describe('422', () => {
  test.each<[string, object]>([
    ['url', { url: `http://\${?}/mcp` }],
    ['headers.X-Key', { headers: { 'X-Key': `a \${?}` } }],
    ['command', small({ command: `\${?}` })],
    ['args.1', small({ args: ['a', `\${?}`] })],
    ['env.KEY', small({ env: { KEY: `\${?}` } })],
    ['cwd', small({ cwd: `/\${?}` })],
  ])('refuses variables of the gateway in %s', async (field, mcpServer) => {
    for (const name of ['GATEHOUSE_ADMIN_TOKEN', 'GATEHOUSE_X', 'DATABASE_URL']) {
      const refused = JSON.parse(JSON.stringify(remote(mcpServer)).replaceAll(`\${?}`, `\${${name}}`));
      expect(await mistakesOf(refused)).toEqual([
        {
          field: `body.mcpServer.${field}`,
          message: `the variable \${${name}} is the gateway's own and is given to nobody; name another one`,
          code: 'variable',
        },
      ]);
    }
  });

  test('refuses them beside missing ones and for disabled servers, and accepts similar names', async () => {
    const env = { A: `\${MISSING}`, B: `\${DATABASE_URL}` };
    const { status } = await create(gateway, small({ env }), { enabled: false });
    expect(status).toBe(422);
    expect((await mistakesOf(small({ env })))[0].field).toBe('body.mcpServer.env.B');
    expect((await create(gateway, small({ env: { A: `\${DATABASE_URL_2}`, B: `$\${DATABASE_URL}` } }))).status).toBe(
      201,
    );
  });

  test('refuses a value that no header can carry', async () => {
    expect(await mistakesOf(remote({ headers: { 'X-Key': `\${LINES}` } }))).toEqual([
      {
        field: 'body.mcpServer.headers.X-Key',
        message: 'must be a legal header value: visible Latin-1 characters, spaces and tabs, no line breaks',
        code: 'format',
      },
    ]);
  });

  test('refuses a value that removes a required setting', async () => {
    expect(await mistakesOf(remote({ url: `\${EMPTY}` }))).toEqual([
      { field: 'body.mcpServer.url', message: 'is required for the transport streamable_http', code: 'missing' },
    ]);
    expect(await mistakesOf(small({ command: `\${EMPTY}` }))).toEqual([
      { field: 'body.mcpServer.command', message: 'is required for the transport stdio', code: 'missing' },
    ]);
  });

  test('refuses a value that makes the URL invalid', async () => {
    for (const url of [`\${SCHEME}://127.0.0.1/mcp`, `http://\${TOKEN}@127.0.0.1/mcp`]) {
      expect(await mistakesOf(remote({ url }))).toEqual([
        {
          field: 'body.mcpServer.url',
          message: 'must be an absolute http, https, ws or wss URL without credentials (send those as headers)',
          code: 'format',
        },
      ]);
    }
  });
});
