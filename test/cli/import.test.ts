import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { ROOT } from '../support/process.ts';
import { create, created, statusOf, stdio } from '../support/shared-servers.ts';
import { startSseServer } from '../support/sse-server.ts';
import { startWebSocketServer } from '../support/websocket-server.ts';
import { echo, gateway, importsIntoGateway, OFF, PROCESS, RELOADED, stateOf, TOOLS } from './import-gateway.ts';
import { fileOf, importing, operatorOf, outcomes, serverNamed, serversOf } from './mcp-json-files.ts';
import { run } from './support.ts';

importsIntoGateway();

const audited = async (): Promise<Json> => (await call(gateway.url, 'listAuditEvents')).body;
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
      'created asking: Saved. Restart required to apply: the gateway has no variable ECHO_KEY.',
      `skipped editing: it uses \${workspaceFolder}, which only an editor can replace.`,
      '6 entries: 5 created, 1 skipped.',
      '',
    ]);
    expect([code, stderr.split('\n')]).toEqual([
      0,
      ['asking: Set the variable ECHO_KEY for the gateway (The key).', 'editing: Ignored keys: envFile.', ''],
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

test('the commands of docs/operating.md', async () => {
  const page = readFileSync(join(ROOT, 'docs/operating.md'), 'utf8');
  const section = page.split(/^## /m).find((part) => part.startsWith('Import your mcp.json')) ?? '';
  const file = await fileOf({ mcpServers: { clock: PROCESS } });
  const places: Record<string, string> = {
    '~/.cursor/mcp.json': file,
    'servers.json': join(dirname(file), 'servers.json'),
    'https://another.example.com': gateway.url,
  };
  const commands = [...section.matchAll(/^npx mcp-gatehouse (.+)$/gm)].map(([, command = '']) => command.split(' '));
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
    'standard input contains no servers\nSee gatehouse import --help.\n',
  ]);
});

test('a change of one entry does not touch the process of another', async () => {
  await importing(gateway, { mcpServers: { a: PROCESS, b: PROCESS } });
  const before = await statusOf(gateway, (await serverNamed(gateway, 'a')).id);
  await importing(gateway, { mcpServers: { a: PROCESS, b: { ...PROCESS, env: { WORD: 'new' } } } });
  expect(await statusOf(gateway, (await serverNamed(gateway, 'a')).id)).toEqual(before);
});
