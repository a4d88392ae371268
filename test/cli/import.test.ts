import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { dirname, join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { type McpServer, startHandshakeServer } from '../support/mcp-servers.ts';
import { ROOT } from '../support/process.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { create, created, statusOf, stdio } from '../support/shared-servers.ts';
import { listenOn } from '../support/sockets.ts';
import { startSseServer } from '../support/sse-server.ts';
import { startWebSocketServer } from '../support/websocket-server.ts';
import { fileOf, importing, operatorOf, outcomes, serverNamed, serversOf } from './mcp-json-files.ts';
import { run } from './support.ts';

const TOOLS = [{ name: 'echo', call: ({ args }: { args: Json }) => String(args.text) }];
const RELOADED = 'Saved and reloaded.';
/** An entry of a server of the SDK as a local process. */
const PROCESS = { command: process.execPath, args: stdio('').args };
/** One that nothing is started for. */
const OFF = { command: 'no-such-command', disabled: true };

let gateway: TestServer;
let echo: McpServer;
beforeAll(async () => {
  gateway = await startTestServer();
  echo = await startHandshakeServer(TOOLS);
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

const audited = async (): Promise<Json> => (await call(gateway.url, 'listAuditEvents')).body;
const stateOf = async (name: string): Promise<string> =>
  (await statusOf(gateway, (await serverNamed(gateway, name)).id)).state;

describe('every form, with real servers behind it', () => {
  test('Claude and Cursor: processes and URLs; again: unchanged', async () => {
    const file = { mcpServers: { clock: PROCESS, echo: { url: echo.url, headers: { 'X-Team': 'a' } } } };
    const first = await importing(gateway, file);
    expect(first).toEqual({
      code: 0,
      stdout: `created clock: ${RELOADED}\ncreated echo: ${RELOADED}\n2 entries: 2 created.\n`,
      stderr: '',
    });
    expect([await stateOf('clock'), await stateOf('echo')]).toEqual(['connected', 'connected']);
    expect(await serverNamed(gateway, 'echo')).toMatchObject({
      name: 'echo',
      slug: 'echo',
      enabled: true,
      mcpServer: { transport: 'streamable_http', url: echo.url, headers: { 'X-Team': 'a' }, command: null },
    });

    const before = await serversOf(gateway);
    const events = await audited();
    gateway.clock.now += 1000;
    expect(await importing(gateway, file)).toEqual({
      code: 0,
      stdout: 'unchanged clock\nunchanged echo\n2 entries: 2 unchanged.\n',
      stderr: '',
    });
    expect([await serversOf(gateway), await audited()]).toEqual([before, events]);
  });

  test('VS Code, in comments and with inputs: http, sse, ws and stdio', async () => {
    const [sse, websocket] = [await startSseServer(TOOLS), await startWebSocketServer(TOOLS)];
    onTestFinished(async () => {
      await sse.stop();
      await websocket.stop();
    });
    const file = `{
      // the team's
      "inputs": [{ "type": "promptString", "id": "echo-key", "description": "The key", "password": true }],
      "servers": {
        "http": { "type": "http", "url": "${echo.url}" },
        "sse": { "type": "sse", "url": "${sse.url}" },
        "ws": { "type": "ws", "url": "${websocket.url}" },
        "stdio": { "type": "stdio", "command": ${JSON.stringify(PROCESS.command)}, "args": ${JSON.stringify(PROCESS.args)} },
        "asking": { "type": "http", "url": "${echo.url}", "headers": { "Authorization": "Bearer \${input:echo-key}" } },
        "editing": { "type": "stdio", "command": "x", "args": ["\${workspaceFolder}"], "envFile": ".env" },
      },
    }`;
    const { code, stdout, stderr } = await importing(gateway, file);
    expect(stdout.split('\n')).toEqual([
      ...['http', 'sse', 'ws', 'stdio'].map((name) => `created ${name}: ${RELOADED}`),
      'created asking: Saved. Restart required to apply: this process has no variable ECHO_KEY.',
      `skipped editing: it uses \${workspaceFolder}, which only an editor can replace.`,
      '6 entries: 5 created, 1 skipped.',
      '',
    ]);
    expect([code, stderr.split('\n')]).toEqual([
      0,
      ['asking: Set the variable ECHO_KEY for the gateway (The key).', 'editing: Not taken over: envFile.', ''],
    ]);
    for (const name of ['http', 'sse', 'ws', 'stdio']) {
      expect(await stateOf(name)).toBe('connected');
    }
    expect(outcomes(await importing(gateway, file)).slice(0, 5)).toEqual(
      ['http', 'sse', 'ws', 'stdio', 'asking'].map((name) => `unchanged ${name}`),
    );
  });

  test('settings.json of VS Code', async () => {
    const { code } = await importing(gateway, { 'window.zoomLevel': 1, mcp: { servers: { one: OFF } } });
    expect([code, (await serverNamed(gateway, 'one')).enabled]).toEqual([0, false]);
  });

  test('ours, with all that it can say', async () => {
    const own = {
      encoding: 'windows-1252',
      encodingErrorHandler: 'ignore',
      timeoutSeconds: 9,
      sseReadTimeoutSeconds: 300,
      terminateOnClose: false,
    };
    const gatehouse = { name: 'Clock of the team', enabled: true };
    const { code } = await importing(gateway, { mcpServers: { clock: { ...PROCESS, ...own, gatehouse } } });
    expect(code).toBe(0);
    expect(await serverNamed(gateway, 'clock')).toMatchObject({
      ...gatehouse,
      slug: 'clock-of-the-team',
      mcpServer: own,
    });
  });
});

describe('changes', () => {
  test('what differs is changed and named, the rest is not; what the file does not say stays', async () => {
    const more = { timeoutSeconds: 9, encoding: 'utf-8' };
    const id = await created(gateway, stdio('clock', more), { name: 'Clock of the team' });
    await created(gateway, { name: 'other', url: echo.url });
    const file = { mcpServers: { clock: { ...PROCESS, env: { WORD: 'new' }, cwd: '/' } } };
    const { code, stdout } = await importing(gateway, file);
    expect([code, stdout]).toEqual([0, `updated clock: env, cwd changed. ${RELOADED}\n1 entry: 1 updated.\n`]);
    expect(await serverNamed(gateway, 'clock')).toMatchObject({
      id,
      name: 'Clock of the team',
      enabled: true,
      mcpServer: { ...stdio('clock', more), env: { WORD: 'new' }, cwd: '/' },
    });
    expect((await serversOf(gateway)).map(({ mcpServer }) => mcpServer.name).toSorted()).toEqual(['clock', 'other']);
    expect(outcomes(await importing(gateway, file))).toEqual(['unchanged clock']);
  });

  test('an entry of ours resets what it leaves out, and renames', async () => {
    await created(gateway, stdio('clock', { timeoutSeconds: 9, encoding: 'utf-8' }), { name: 'Clock of the team' });
    const file = { mcpServers: { clock: { ...PROCESS, encoding: 'utf-8', gatehouse: { name: 'Clock' } } } };
    expect(outcomes(await importing(gateway, file))).toEqual([
      `updated clock: name, timeoutSeconds changed. ${RELOADED}`,
    ]);
    expect(await serverNamed(gateway, 'clock')).toMatchObject({ name: 'Clock', mcpServer: { timeoutSeconds: null } });
  });

  test('disabled and enabled follow the file where it says so', async () => {
    const says = async (more: object) =>
      outcomes(await importing(gateway, { mcpServers: { clock: { ...PROCESS, ...more } } }));
    expect(await says({ disabled: true })).toEqual([`created clock: ${RELOADED}`]);
    expect(await stateOf('clock')).toBe('disabled');
    expect(await says({})).toEqual(['unchanged clock']);
    expect(await says({ disabled: false })).toEqual([`updated clock: enabled changed. ${RELOADED}`]);
    expect(await stateOf('clock')).toBe('connected');
    expect(await says({ enabled: true })).toEqual(['unchanged clock']);
    expect(await says({ enabled: false })).toEqual([`updated clock: enabled changed. ${RELOADED}`]);
  });

  test('texts that mean the same to the gateway are the same', async () => {
    const args = [`$\${env:A}`, `\${env:B}`, `\${cwd}`];
    await create(gateway, { name: 'one', transport: 'stdio', command: 'x', args }, { enabled: false });
    const file = { mcpServers: { one: { command: 'x', args: [`$\${env:A}`, `$\${env:B}`, `\${env:cwd}`] } } };
    expect(outcomes(await importing(gateway, file))).toEqual(['unchanged one']);
  });

  test('--dry-run says what would happen, and changes nothing', async () => {
    await created(gateway, stdio('clock'));
    await created(gateway, { name: 'echo', url: echo.url });
    const before = [await serversOf(gateway), await audited()];
    const file = {
      mcpServers: {
        clock: { ...PROCESS, env: { WORD: 'hush-hush' }, disabled: true },
        echo: { url: echo.url },
        fresh: { command: 'no-such-command' },
        editing: { command: `\${userHome}/x` },
        broken: {},
      },
    };
    expect(await importing(gateway, file, '--dry-run')).toEqual({
      code: 1,
      stdout: [
        'would update clock: enabled, env would change.',
        'unchanged echo',
        'would create fresh',
        `skipped editing: it uses \${userHome}, which only an editor can replace.`,
        'failed broken: it has neither a command nor a url.',
        '5 entries: 1 would update, 1 unchanged, 1 would create, 1 skipped, 1 failed.',
        '',
      ].join('\n'),
      stderr: '',
    });
    expect([await serversOf(gateway), await audited()]).toEqual(before);
    expect((await importing(gateway, { mcpServers: { fresh: OFF } }, '--dry-run')).code).toBe(0);
    expect([await serversOf(gateway), await audited()]).toEqual(before);
  });
});

describe('what fails does so alone', () => {
  const failing = {
    gone: { command: 'no-such-command' },
    ends: { command: process.execPath, args: ['-e', 'process.exit(3)'] },
    wrong: { url: 'ftp://example.com/' },
    badName: { command: 'x', env: { 'A-B': 'hush-hush' } },
    own: { command: 'x', args: [`\${env:DATABASE_URL}`] },
    空: { command: 'x' },
    list: [],
  };

  test('each says why, the others are done, and the status is 1', async () => {
    const { code, stdout } = await importing(gateway, { mcpServers: { ...failing, clock: PROCESS } });
    const lines = stdout.split('\n');
    expect(code).toBe(1);
    expect(lines.map((line) => line.split(':')[0])).toEqual([
      ...Object.keys(failing).map((name) => `failed ${name}`),
      'created clock',
      '8 entries',
      '',
    ]);
    const REFUSED = 'Request failed validation.';
    expect(lines.slice(0, 7)).toEqual([
      expect.stringMatching(
        /^failed gone: Reload failed; nothing was saved\. The MCP server 'gone' cannot be started: /,
      ),
      "failed ends: Reload failed; nothing was saved. The MCP server 'ends' exited with code 3 before it had introduced itself.",
      expect.stringMatching(new RegExp(`^failed wrong: ${REFUSED} url must be an absolute http`)),
      expect.stringMatching(new RegExp(`^failed badName: ${REFUSED} env.A-B the name must match pattern`)),
      expect.stringMatching(
        new RegExp(`^failed own: ${REFUSED} args.0 the variable \\$\\{DATABASE_URL\\} is the gateway's own`),
      ),
      'failed 空: its name has no letter or digit of ASCII; give it one with "gatehouse": {"name": "…"}.',
      'failed list: it must be an object.',
    ]);
    expect((await serversOf(gateway)).map(({ mcpServer }) => mcpServer.name)).toEqual(['clock']);
  });

  test('--lenient saves what does not come up', async () => {
    const { code, stdout } = await importing(gateway, { mcpServers: { ends: failing.ends } }, '--lenient');
    expect([code, stdout]).toEqual([
      0,
      `created ends: ${RELOADED} Server unreachable; retrying. The MCP server 'ends' exited with code 3 before it had introduced itself.\n1 entry: 1 created.\n`,
    ]);
    const change = { mcpServers: { ends: { ...failing.ends, env: { A: 'b' } } } };
    expect(await importing(gateway, change)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('failed ends: '),
    });
    expect(await importing(gateway, change, '--lenient')).toMatchObject({ code: 0 });
  });

  test('a change that fails leaves the server as it was', async () => {
    await created(gateway, stdio('ends'));
    const before = await serversOf(gateway);
    const { code, stdout } = await importing(gateway, { mcpServers: { ends: failing.ends } });
    expect([code, stdout.split('.')[0]]).toEqual([1, 'failed ends: Reload failed; nothing was saved']);
    expect(await serversOf(gateway)).toEqual(before);
    expect(await stateOf('ends')).toBe('connected');
  });

  test('a gateway that goes away in between fails what is left, entry by entry', async () => {
    const url = await answering((request, response) => {
      if (request.method === 'GET') {
        response.setHeader('Content-Type', 'application/json').end('[]');
      } else {
        request.socket.destroy();
      }
    });
    const { code, stdout } = await importing({ url }, { mcpServers: { a: OFF, b: OFF } });
    const gone = `${url} cannot be reached: (?:UND_ERR_SOCKET|ECONNRESET)`;
    expect(code).toBe(1);
    expect(stdout).toMatch(new RegExp(`^failed a: ${gone}\nfailed b: ${gone}\n2 entries: 2 failed\\.\n$`));
  });
});

describe('names', () => {
  test('two entries that differ in case only are two servers', async () => {
    const file = { mcpServers: { Echo: { url: echo.url }, echo: { url: echo.url, headers: { A: 'b' } } } };
    expect(outcomes(await importing(gateway, file))).toEqual([
      `created Echo: ${RELOADED}`,
      `created echo: ${RELOADED}`,
    ]);
    expect((await serversOf(gateway)).map(({ slug }) => slug).toSorted()).toEqual(['echo', 'echo-2']);
    expect(outcomes(await importing(gateway, file))).toEqual(['unchanged Echo', 'unchanged echo']);
  });

  test('one of which no slug can be made wants another beside it', async () => {
    expect(await importing(gateway, { mcpServers: { 时间: { url: echo.url } } })).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('failed 时间: its name has no letter or digit of ASCII; give it one with'),
    });
    const file = { mcpServers: { 时间: { url: echo.url, gatehouse: { name: 'Time 时间' } } } };
    expect(await importing(gateway, file)).toMatchObject({ code: 0 });
    expect(await serverNamed(gateway, '时间')).toMatchObject({ slug: 'time', name: 'Time 时间' });
    expect(outcomes(await importing(gateway, file))).toEqual(['unchanged 时间']);
    // The name is that of the server by now.
    expect(outcomes(await importing(gateway, { mcpServers: { 时间: { url: echo.url } } }))).toEqual(['unchanged 时间']);
  });

  test('what moves the cursor of a terminal is not printed', async () => {
    const { stdout, stderr } = await importing(gateway, { mcpServers: { 'a\u001b[2J\nb': { ...OFF, 'x\u0007': 1 } } });
    expect([stdout, stderr]).toEqual([
      `created a [2J b: ${RELOADED}\n1 entry: 1 created.\n`,
      'a [2J b: Not taken over: x .\n',
    ]);
  });

  test('of servers that share one, that which serves is meant; else that of the display name; else nobody knows', async () => {
    const off = async (name: string, command: string) =>
      (await create(gateway, { name: 'clock', transport: 'stdio', command }, { name, enabled: false })).body.data.id;
    const red = await off('Red', 'red');
    gateway.clock.now += 1000;
    const blue = await off('Blue', 'blue');
    const entry = (command: string, more: object = {}) => ({
      mcpServers: { clock: { command, disabled: true, ...more } },
    });
    expect(outcomes(await importing(gateway, entry('green')))).toEqual([
      `failed clock: several servers have its name and are not enabled: ${red}, ${blue}.`,
    ]);
    expect(outcomes(await importing(gateway, entry('blue')))).toEqual(['unchanged clock']);
    expect(outcomes(await importing(gateway, entry('green', { gatehouse: { name: 'Red' } })))).toEqual([
      `updated clock: command changed. ${RELOADED}`,
    ]);
    expect((await serversOf(gateway)).map(({ id, mcpServer }) => [id, mcpServer.command])).toEqual([
      [red, 'green'],
      [blue, 'blue'],
    ]);
    const serving = await created(gateway, stdio('clock'), { name: 'Serving' });
    const file = { mcpServers: { clock: { ...PROCESS, env: { WORD: 'new' } } } };
    expect(outcomes(await importing(gateway, file))).toEqual([`updated clock: env changed. ${RELOADED}`]);
    const { body } = await call(gateway.url, 'getSharedServer', { path: { mcp_id: serving } });
    expect(body.mcpServer.env).toEqual({ WORD: 'new' });
  });

  test('what serves belongs to the entry that wants it to serve, whichever is first', async () => {
    const id = await created(gateway, stdio('clock'));
    const off = { command: 'old', gatehouse: { name: 'Old', enabled: false, mcpServerName: 'clock' } };
    const file = { mcpServers: { 'clock 2': off, clock: PROCESS } };
    expect(outcomes(await importing(gateway, file))).toEqual([`created clock 2: ${RELOADED}`, 'unchanged clock']);
    expect(await statusOf(gateway, id)).toMatchObject({ state: 'connected' });
    expect(outcomes(await importing(gateway, file))).toEqual(['unchanged clock 2', 'unchanged clock']);
  });

  test('two entries of one name that both want to serve: the second fails', async () => {
    const gatehouse = { mcpServerName: 'echo' };
    const file = { mcpServers: { echo: { url: echo.url }, again: { url: echo.url, gatehouse } } };
    expect(outcomes(await importing(gateway, file))).toEqual([
      `created echo: ${RELOADED}`,
      expect.stringMatching(/^failed again: The enabled MCP server \S+ has the mcpServer\.name 'echo' already\.$/),
    ]);
  });

  test('200 entries', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `server ${index}`);
    const file = { mcpServers: Object.fromEntries(names.map((name) => [name, OFF])) };
    const first = await importing(gateway, file);
    expect([first.code, first.stderr]).toEqual([0, '']);
    expect(outcomes(first)).toEqual(names.map((name) => `created ${name}: ${RELOADED}`));
    const second = await importing(gateway, file);
    expect(second.stdout.endsWith('\n200 entries: 200 unchanged.\n')).toBe(true);
    expect(await serversOf(gateway)).toHaveLength(200);
  });

  test('a gateway that limits the rate is waited for', async () => {
    const slow = await startTestServer({ env: { GATEHOUSE_RATE_LIMIT: '4' } });
    onTestFinished(slow.stop);
    const names = Array.from({ length: 6 }, (_, index) => `server-${index}`);
    const { code, stdout } = await importing(slow, {
      mcpServers: Object.fromEntries(names.map((name) => [name, OFF])),
    });
    expect([code, stdout.split('\n').at(-2)]).toEqual([0, '6 entries: 6 created.']);
  });
});

test('no secret of the file is printed, whatever becomes of the entry', async () => {
  const secret = (name: string) => `hush-${name}-hush`;
  const leaking = `process.stderr.write(process.env.KEY + process.argv.join()); process.exit(1)`;
  const file = {
    mcpServers: {
      made: { url: echo.url, headers: { Authorization: `Bearer ${secret('a')}` } },
      changed: { ...PROCESS, env: { KEY: secret('b') } },
      refused: { url: echo.url, headers: { Authorization: `${secret('c')}\n` } },
      leaking: { command: process.execPath, args: ['-e', leaking, secret('d')], env: { KEY: secret('e') } },
      defaulted: { ...OFF, env: { KEY: `\${KEY:-${secret('f')}}` } },
      shaped: { command: 'x', env: { KEY: [secret('g')] } },
      listed: [secret('h')],
      unreachable: { url: `http://127.0.0.1:1/${secret('i`)}?key=${secret(`j')}` },
      userinfo: { url: `https://user:${secret('k')}@example.com/` },
      extra: { ...OFF, token: secret('l') },
      editing: { ...OFF, args: [`\${workspaceFolder}`, secret('m')] },
    },
    inputs: [{ id: 'x', default: secret('n') }],
  };
  await created(gateway, stdio('changed'));
  for (const options of [['--dry-run'], [], ['--lenient'], []]) {
    const { stdout, stderr } = await importing(gateway, file, ...options);
    expect(`${stdout}${stderr}`).not.toContain('hush');
    expect(stdout).toContain('11 entries: ');
  }
  const { stderr } = await importing(gateway, `{"mcpServers": {"a": ${secret('o')}}}`);
  expect(stderr).toContain('invalid symbol in line 1');
  expect(stderr).not.toContain('hush');
});

/** A server of HTTP that is no Gatehouse. */
async function answering(listener: RequestListener): Promise<string> {
  const { port, stop } = await listenOn(createServer(listener));
  onTestFinished(stop);
  return `http://127.0.0.1:${port}`;
}

describe('what cannot be done at all', () => {
  const file = { mcpServers: { one: OFF } };

  test.each([
    ['', 'is no JSON: it is empty|is no JSON: value expected in line 1, column 1'],
    ['# Gatehouse', 'is no JSON: invalid symbol in line 1, column 1'],
    ['{"mcpServers": {"a": {}', 'is no JSON: '],
    [
      '{"name": "gatehouse"}',
      'has no "mcpServers", "servers" or "mcp": {"servers"}, and is no configuration of an MCP',
    ],
    ['{"mcpServers": {}}', 'names no servers'],
  ])('2: a file that is none: %j', async (content, message) => {
    const path = await fileOf(content);
    const { code, stdout, stderr } = await run(['import', path], operatorOf(gateway));
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.startsWith(`${path} `)).toBe(true);
    expect(stderr).toMatch(
      new RegExp(`(?:${message.replaceAll(/[{}]/g, '\\$&')})[^\n]*\nSee gatehouse import --help\\.\n$`),
    );
  });

  test.each([
    ['/no/such/mcp.json', 'ENOENT'],
    [ROOT, 'EISDIR'],
  ])('2: %s cannot be read: %s', async (path, reason) => {
    expect(await run(['import', path], operatorOf(gateway))).toEqual({
      code: 2,
      stdout: '',
      stderr: `${path} cannot be read: ${reason}\nSee gatehouse import --help.\n`,
    });
  });

  test.each([
    [[], 'FILE: missing'],
    [['a', 'b'], 'b: unknown argument'],
    [['a', '--dryrun'], '--dryrun: unknown option: did you mean `--dry-run`?'],
    [['a', '--url', 'localhost:8080'], '--url: must be an http or https URL without credentials, query or fragment'],
    [['a', '--url', 'https://user:hush-hush@example.com'], '--url: must be an http or https URL without credentials'],
    [['a', '--url', ''], '--url: must be an http or https URL'],
  ])('2: %j: %s', async (args, message) => {
    const { code, stdout, stderr } = await run(['import', ...args]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
    expect(stderr).toContain('See gatehouse import --help.');
    expect(stderr).not.toContain('hush');
  });

  test('2: a wrong environment names every mistake', async () => {
    const { code, stderr } = await run(['import', await fileOf(file)], {
      GATEHOUSE_PROT: '1',
      GATEHOUSE_ADMIN_TOKEN: 'hush-hush',
    });
    expect(code).toBe(2);
    expect(stderr).toContain('GATEHOUSE_PROT: unknown variable: did you mean `GATEHOUSE_PORT`?');
    expect(stderr).toContain('GATEHOUSE_ADMIN_TOKEN: must have 32 characters or more');
    expect(stderr).not.toContain('hush');
  });

  const failing = async (env: Record<string, string>, ...options: string[]) => {
    const { code, stdout, stderr } = await run(['import', await fileOf(file), ...options], env);
    expect([code, stdout]).toEqual([1, '']);
    return stderr;
  };

  test('1: nobody is there', async () => {
    const { port, stop } = await listenOn(createServer());
    await stop();
    const url = `http://127.0.0.1:${port}`;
    expect(await failing({ GATEHOUSE_PUBLIC_URL: url })).toBe(`${url} cannot be reached: ECONNREFUSED\n`);
    expect(await failing({ GATEHOUSE_PORT: String(port) })).toBe(`${url} cannot be reached: ECONNREFUSED\n`);
    expect(await failing({ GATEHOUSE_HOST: '::1', GATEHOUSE_PORT: String(port) })).toMatch(
      new RegExp(`^http://\\[::1\\]:${port} cannot be reached: \\w+\n$`),
    );
    expect(await failing(operatorOf(gateway), '--url', `${url}/`)).toBe(`${url} cannot be reached: ECONNREFUSED\n`);
  });

  test('1: the token is wrong, or there is none', async () => {
    const wrong = 'w'.repeat(40);
    const { url } = gateway;
    const message = await failing({ ...operatorOf(gateway), GATEHOUSE_ADMIN_TOKEN: wrong });
    expect(message).toBe(`${url} refuses the operator token: GATEHOUSE_ADMIN_TOKEN is that of another gateway.\n`);
    expect(await failing({ GATEHOUSE_PUBLIC_URL: url })).toBe(
      `${url} wants the operator token: set GATEHOUSE_ADMIN_TOKEN.\n`,
    );
  });

  test.each<[string, RequestListener]>([
    ['a page', (_, response) => response.setHeader('Content-Type', 'text/html').end('<html>')],
    ['an empty page', (_, response) => response.end()],
    ['another API', (_, response) => response.end('{"data": []}')],
    ['no page', (_, response) => response.writeHead(404).end('not here')],
    ['an error of another API', (_, response) => response.writeHead(500).end('{"error": "hush"}')],
    ['a way elsewhere', (_, response) => response.writeHead(308, { Location: '/elsewhere' }).end()],
  ])('1: what answers is no Gatehouse but %s', async (_, listener) => {
    const url = await answering(listener);
    const stderr = await failing({ ...operatorOf(gateway), GATEHOUSE_PUBLIC_URL: url });
    expect(stderr).toBe(`What answers at ${url} is no Gatehouse with an Operator API.\n`);
  });

  test('1: the gateway refuses, in its own words', async () => {
    const refusing = await answering((_, response) => {
      response.writeHead(403).end('{"error": {"code": "forbidden", "message": "Not from here."}}');
    });
    expect(await failing({ ...operatorOf(gateway), GATEHOUSE_PUBLIC_URL: refusing })).toBe('Not from here.\n');
  });
});

test('a gateway that is open needs no token', async () => {
  const open = await startTestServer({ env: { GATEHOUSE_ADMIN_AUTH: 'none' } });
  onTestFinished(open.stop);
  const { port } = new URL(open.url);
  const { code, stdout } = await run(['import', await fileOf({ mcpServers: { one: OFF } })], {
    GATEHOUSE_ADMIN_AUTH: 'none',
    GATEHOUSE_PORT: port,
  });
  expect([code, stdout]).toEqual([0, `created one: ${RELOADED}\n1 entry: 1 created.\n`]);
});

test('the commands of the README', async () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const section = readme.split(/^## /m).find((part) => part.startsWith('Bring your mcp.json')) ?? '';
  const file = await fileOf({ mcpServers: { clock: PROCESS } });
  const places: Record<string, string> = {
    '~/.cursor/mcp.json': file,
    'servers.json': join(dirname(file), 'servers.json'),
    'https://another.example.com': gateway.url,
  };
  const commands = [...section.matchAll(/^gatehouse (.+)$/gm)].map(([, command = '']) => command.split(' '));
  const outputs: string[] = [];
  for (const command of commands) {
    const { code, stdout } = await run(
      command.map((word) => places[word] ?? word),
      operatorOf(gateway),
    );
    expect(code).toBe(0);
    outputs.push(stdout.split('\n')[0] ?? '');
  }
  expect(outputs).toEqual(['would create clock', `created clock: ${RELOADED}`, '', 'unchanged clock']);
});

test('as a program: standard input, and the status', async () => {
  const piping = async (content: string): Promise<[number, string, string]> => {
    const child = spawn(process.execPath, ['-r', './bin/preload.cjs', 'src/cli/main.ts', 'import', '-'], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, ...operatorOf(gateway) },
    });
    child.stdin.end(content);
    const [stdout, stderr, [code]] = await Promise.all([
      textOf(child.stdout),
      textOf(child.stderr),
      once(child, 'exit'),
    ]);
    return [code, stdout, stderr];
  };
  const file = JSON.stringify({ mcpServers: { clock: PROCESS, broken: {} } });
  expect(await piping(file)).toEqual([
    1,
    `created clock: ${RELOADED}\nfailed broken: it has neither a command nor a url.\n2 entries: 1 created, 1 failed.\n`,
    '',
  ]);
  expect(await stateOf('clock')).toBe('connected');
  expect(await piping('{"mcpServers": {}}')).toEqual([
    2,
    '',
    'standard input names no servers\nSee gatehouse import --help.\n',
  ]);
});

test('a change of one entry does not touch the process of another', async () => {
  await importing(gateway, { mcpServers: { a: PROCESS, b: PROCESS } });
  const before = await statusOf(gateway, (await serverNamed(gateway, 'a')).id);
  await importing(gateway, { mcpServers: { a: PROCESS, b: { ...PROCESS, env: { WORD: 'new' } } } });
  expect(await statusOf(gateway, (await serverNamed(gateway, 'a')).id)).toEqual(before);
});
