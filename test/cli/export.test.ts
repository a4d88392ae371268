import { readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { type McpServer, startHandshakeServer } from '../support/mcp-servers.ts';
import { startProgram } from '../support/process.ts';
import { API_TOKEN, OPERATOR_TOKEN, startTestServer, type TestServer } from '../support/server.ts';
import { callTool, create, created, share, statusOf, stdio } from '../support/shared-servers.ts';
import { listenOn } from '../support/sockets.ts';
import { exporting, importing, operatorOf, serverNamed, serversOf } from './mcp-json-files.ts';
import { run, temporaryFolder } from './support.ts';

let gateway: TestServer;
let echo: McpServer;
beforeAll(async () => {
  gateway = await startTestServer();
  echo = await startHandshakeServer([{ name: 'echo', call: ({ args }) => String(args.text) }]);
});
afterEach(async () => {
  for (const { id } of await serversOf(gateway)) {
    await call(gateway.url, 'deleteSharedServer', { path: { mcp_id: id } });
  }
});
afterAll(async () => {
  await gateway.stop();
  await echo.stop();
});

/** Stores a server that nothing is started for; later ones are listed later. */
async function store(mcpServer: object, more: object = {}): Promise<Json> {
  gateway.clock.now += 1000;
  const given = { transport: 'stdio', command: 'x', ...mcpServer };
  const { status, body, text } = await create(gateway, given, { enabled: false, ...more });
  expect(status, text).toBe(201);
  return body.data;
}

/** The entries of what is exported. */
async function entries(...options: string[]): Promise<Json> {
  const { code, stdout } = await exporting(gateway, ...options);
  expect(code).toBe(0);
  return JSON.parse(stdout).mcpServers;
}

const SECRET = 'Bearer hush-hush';
const SEARCH = {
  name: 'search',
  transport: 'streamable_http',
  url: 'https://mcp.example.com/mcp',
  command: null,
  headers: { Authorization: SECRET, 'X-Team': `\${TEAM}` },
  encoding: 'utf-8',
  timeoutSeconds: 30,
  sseReadTimeoutSeconds: 300,
  terminateOnClose: true,
};

test('the form: that of the clients, with ours beside it; oldest first', async () => {
  await store(SEARCH, { name: 'Company search' });
  await store({ name: 'clock', args: ['-v'], env: { LOG: 'debug' }, cwd: '/srv', encodingErrorHandler: 'ignore' });
  await store({ name: 'sse', transport: 'sse', url: 'https://example.com/', command: null });
  await store({ name: 'ws', transport: 'websocket', url: 'wss://example.com/', terminateOnClose: false });
  await store({ name: 'both', url: 'https://example.com/' });
  const { code, stdout, stderr } = await exporting(gateway, '--with-secrets');
  expect([code, stderr]).toEqual([
    0,
    'Set these variables on the gateway that imports this file:\n  TEAM  (search: headers.X-Team)\n',
  ]);
  const gatehouse = { name: 'Shared', enabled: false };
  const expected = {
    search: {
      type: 'http',
      url: 'https://mcp.example.com/mcp',
      headers: { Authorization: SECRET, 'X-Team': `\${TEAM}` },
      encoding: 'utf-8',
      timeoutSeconds: 30,
      sseReadTimeoutSeconds: 300,
      terminateOnClose: true,
      gatehouse: { name: 'Company search', enabled: false },
    },
    clock: {
      command: 'x',
      args: ['-v'],
      env: { LOG: 'debug' },
      cwd: '/srv',
      encodingErrorHandler: 'ignore',
      gatehouse,
    },
    sse: { type: 'sse', url: 'https://example.com/', gatehouse },
    ws: { type: 'ws', url: 'wss://example.com/', command: 'x', terminateOnClose: false, gatehouse },
    both: { type: 'stdio', url: 'https://example.com/', command: 'x', gatehouse },
  };
  expect(stdout).toBe(`${JSON.stringify({ mcpServers: expected }, null, 2)}\n`);
});

test('without secrets: each value of headers and env is a variable, and standard error lists them all', async () => {
  await store(SEARCH);
  await store({
    name: 'clock',
    args: ['--key=kept'],
    env: { KEY: 'hush-1', EMPTY: '', REF: `\${A}\${B}`, MIX: `hush-\${A}` },
  });
  const { stdout, stderr } = await exporting(gateway);
  const { search, clock } = JSON.parse(stdout).mcpServers;
  expect(search.headers).toEqual({ Authorization: `\${SEARCH_AUTHORIZATION}`, 'X-Team': `\${TEAM}` });
  expect(clock.env).toEqual({ KEY: `\${CLOCK_KEY}`, EMPTY: '', REF: `\${A}\${B}`, MIX: `\${CLOCK_MIX}` });
  expect(clock.args).toEqual(['--key=kept']);
  expect(stderr.split('\n')).toEqual([
    'Set these variables on the gateway that imports this file:',
    '  SEARCH_AUTHORIZATION  (search: headers.Authorization)',
    '  TEAM  (search: headers.X-Team)',
    '  CLOCK_KEY  (clock: env.KEY)',
    '  A  (clock: env.REF)',
    '  B  (clock: env.REF)',
    '  CLOCK_MIX  (clock: env.MIX)',
    '',
  ]);
  expect(`${stdout}${stderr}`).not.toContain('hush');
});

test('no two variables are the same, and none is one that is there or that nobody may have', async () => {
  const secrets = (...keys: string[]) => ({ env: Object.fromEntries(keys.map((key) => [key, 'hush'])) });
  await store({ name: 'a-b', ...secrets('C', 'c') });
  await store({ name: 'a', ...secrets('B_C', 'TAKEN') });
  await store({ name: 'A', ...secrets('B_C'), args: [`\${A_TAKEN}`] });
  await store({ name: '时间', ...secrets('PATH') }, { name: 'Time' });
  await store({ name: 'gatehouse', ...secrets('API_KEY') });
  await store({ name: 'database', ...secrets('URL') });
  await store({ name: '7zip', ...secrets('KEY') });
  const all = Object.values(await entries()).flatMap((entry) => Object.values((entry as Json).env));
  expect(all).toEqual(
    [
      ...['A_B_C', 'A_B_C_2', 'A_B_C_3', 'A_TAKEN_2', 'A_B_C_4', 'TIME_PATH'],
      ...['MCP_GATEHOUSE_API_KEY', 'MCP_DATABASE_URL', 'MCP_7ZIP_KEY'],
    ].map((name) => `\${${name}}`),
  );
});

describe('round trip', () => {
  const odd = { name: 'odd', args: [`\${env:A} $\${env:A} \${cwd} \${input:x} \${A:-b} \${1} $`], cwd: `\${userHome}` };

  /** Servers of every kind, and what is odd about some. */
  async function fill(): Promise<void> {
    await created(gateway, stdio('clock', { env: { WORD: 'hush-word' }, timeoutSeconds: 9.5 }), { name: 'Clock' });
    await created(gateway, { name: 'echo', url: echo.url, headers: { Authorization: SECRET } });
    await store(SEARCH, { name: 'Company search' });
    await store(odd);
    await store({ name: 'clock', env: { WORD: 'hush-old' } }, { name: 'Clock' });
    await store({ name: 'clock', env: { WORD: 'hush-older' } }, { name: 'Clock' });
    await store({ name: 'clock 2' });
    await store({ name: '时间', url: 'https://example.com/sse', transport: 'streamable_http' }, { name: 'Time' });
  }
  const COUNT = 8;

  test.each([[['--with-secrets']], [[]]])('to the same gateway, %j: all unchanged', async (options) => {
    await fill();
    const before = await serversOf(gateway);
    const exported = await exporting(gateway, ...options);
    const { code, stdout } = await importing(gateway, exported.stdout);
    expect([code, stdout.split('\n').at(-2)]).toEqual([0, `${COUNT} entries: ${COUNT} unchanged.`]);
    expect(await serversOf(gateway)).toEqual(before);
    expect(await exporting(gateway, ...options)).toEqual(exported);
  });

  test('to another gateway, with secrets: the same servers, and the same file from there', async () => {
    await fill();
    const other = await startTestServer();
    onTestFinished(other.stop);
    const { stdout } = await exporting(gateway, '--with-secrets');
    const imported = await importing(other, stdout);
    expect([imported.code, imported.stdout.split('\n').at(-2)]).toEqual([0, `${COUNT} entries: ${COUNT} created.`]);
    const again = await importing(other, stdout);
    expect([again.code, again.stdout.split('\n').at(-2)]).toEqual([0, `${COUNT} entries: ${COUNT} unchanged.`]);
    // Of servers that share a name, the clock of this one does not say which is older.
    const written = (text: string) => Object.values(JSON.parse(text).mcpServers).map((entry) => JSON.stringify(entry));
    const there = await exporting(other, '--with-secrets');
    expect(written(there.stdout).toSorted()).toEqual(written(stdout).toSorted());
  });

  test('to another gateway that has the variables, as a program, and after it was started again', async () => {
    await fill();
    const { stdout, stderr } = await exporting(gateway);
    const variables = [...stderr.matchAll(/^ {2}(\w+) {2}\(/gm)].map(([, name = '']) => name);
    expect(variables).toEqual(expect.arrayContaining(['CLOCK_WORD', 'ECHO_AUTHORIZATION', 'SEARCH_AUTHORIZATION']));
    const values = Object.fromEntries(variables.map((name) => [name, `value-of-${name}`]));
    const credentials = { GATEHOUSE_ADMIN_TOKEN: OPERATOR_TOKEN, GATEHOUSE_API_TOKEN: API_TOKEN };
    const env = { GATEHOUSE_DATA: await temporaryFolder(), ...credentials, ...values };

    const first = startProgram(env);
    onTestFinished(() => void first.child.kill());
    const there = { url: await first.ready };
    const imported = await importing(there, stdout);
    expect([imported.code, imported.stdout.split('\n').at(-2)]).toEqual([0, `${COUNT} entries: ${COUNT} created.`]);
    const clocks = (await serversOf(there)).filter(({ enabled, mcpServer }) => enabled && mcpServer.name === 'clock');
    expect(clocks.map(({ mcpServer }) => mcpServer.env)).toEqual([{ WORD: `\${CLOCK_WORD}` }]);
    expect(await statusOf(there, clocks[0].id)).toMatchObject({ state: 'connected', lastError: null });
    const [organization] = (await call(there.url, 'listOrganizations')).body;
    const { token } = await share({ ...there, organizationId: organization.id }, clocks[0].id);
    expect(await callTool(there, token, 'environment')).toContain('"WORD":"value-of-CLOCK_WORD"');
    first.child.kill('SIGTERM');
    expect(await first.exited).toBe(0);

    const second = startProgram(env);
    onTestFinished(() => void second.child.kill());
    const again = await importing({ url: await second.ready }, stdout);
    expect([again.code, again.stdout.split('\n').at(-2)]).toEqual([0, `${COUNT} entries: ${COUNT} unchanged.`]);
    second.child.kill('SIGTERM');
    expect(await second.exited).toBe(0);
  });

  test('an exported file that was edited changes what was edited, and keeps the secrets', async () => {
    await fill();
    const file = JSON.parse((await exporting(gateway)).stdout);
    file.mcpServers.echo.headers['X-Team'] = 'a';
    file.mcpServers.search.timeoutSeconds = undefined;
    const { code, stdout, stderr } = await importing(gateway, file);
    expect(code).toBe(0);
    const changed = stdout.split('\n').filter((line) => line.startsWith('updated '));
    expect(changed.toSorted()).toEqual([
      'updated echo: headers changed. Saved and reloaded.',
      'updated search: timeoutSeconds changed. Saved and reloaded.',
    ]);
    expect(stderr).toContain(
      'echo: Its headers.Authorization is unchanged: the file contains the variable that an export puts there.\n',
    );
    expect((await serverNamed(gateway, 'echo')).mcpServer.headers).toEqual({ Authorization: SECRET, 'X-Team': 'a' });
    expect((await serverNamed(gateway, 'search')).mcpServer.timeoutSeconds).toBeNull();
    expect(`${stdout}${stderr}`).not.toContain('hush');
  });
});

describe('--out', () => {
  test('writes a new file that only its owner can read, and prints nothing of it', async () => {
    await store(SEARCH);
    const file = join(await temporaryFolder(), 'servers.json');
    const { code, stdout, stderr } = await exporting(gateway, '--with-secrets', '--out', file);
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toContain('TEAM');
    expect(stderr).not.toContain('hush');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(file, 'utf8')).mcpServers.search.headers.Authorization).toBe(SECRET);
  });

  test('1: overwrites nothing', async () => {
    const file = join(await temporaryFolder(), 'servers.json');
    await writeFile(file, 'mine');
    expect(await exporting(gateway, '--out', file)).toEqual({
      code: 1,
      stdout: '',
      stderr: `${file} already exists, and an export does not overwrite files. Choose another name.\n`,
    });
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  test('1: a folder that is not there', async () => {
    expect(await exporting(gateway, '--out', '/no/such/servers.json')).toEqual({
      code: 1,
      stdout: '',
      stderr: '/no/such/servers.json cannot be written: ENOENT\n',
    });
  });
});

test('a gateway without servers: an empty file, which is nothing to import', async () => {
  const { code, stdout, stderr } = await exporting(gateway);
  expect([code, stdout, stderr]).toEqual([0, '{\n  "mcpServers": {}\n}\n', '']);
  expect(await importing(gateway, stdout)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('contains no servers'),
  });
});

test('what moves the cursor of a terminal is not printed', async () => {
  await store({ name: 'a\u001b[2J', args: [`\${A}`] });
  expect((await exporting(gateway)).stderr).toContain('  A  (a [2J: args.0)\n');
});

describe('what cannot be done', () => {
  test.each([
    [['file'], 'file: unknown argument'],
    [['--secrets'], '--secrets: unknown option'],
    [['--with-secret'], '--with-secret: unknown option: did you mean `--with-secrets`?'],
    [['--out'], "Option '--out <value>' argument missing"],
    [['--url', 'ftp://example.com'], '--url: must be an http or https URL'],
  ])('2: %j: %s', async (args, message) => {
    const { code, stdout, stderr } = await run(['export', ...args]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
    expect(stderr).toContain('See gatehouse export --help.');
  });

  test('1: nobody is there, or the token is wrong; no file is made', async () => {
    const { port, stop } = await listenOn(createServer());
    await stop();
    const file = join(await temporaryFolder(), 'servers.json');
    const url = `http://127.0.0.1:${port}`;
    expect(await exporting(gateway, '--url', url, '--out', file)).toEqual({
      code: 1,
      stdout: '',
      stderr: `${url} does not answer: connection refused (ECONNREFUSED). Is it running?\n`,
    });
    const env = { ...operatorOf(gateway), GATEHOUSE_ADMIN_TOKEN: 'w'.repeat(40) };
    expect(await run(['export', '--out', file], env)).toMatchObject({
      code: 1,
      stderr: `${gateway.url} refuses the operator token: GATEHOUSE_ADMIN_TOKEN belongs to another gateway.\n`,
    });
    expect(() => statSync(file)).toThrow('ENOENT');
  });
});
