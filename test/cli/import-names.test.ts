import { describe, expect, onTestFinished, test } from 'vitest';
import { call } from '../support/client.ts';
import { startTestServer } from '../support/server.ts';
import { create, created, statusOf, stdio } from '../support/shared-servers.ts';
import { echo, gateway, importsIntoGateway, OFF, PROCESS, RELOADED } from './import-gateway.ts';
import { importing, outcomes, serverNamed, serversOf } from './mcp-json-files.ts';

importsIntoGateway();

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
      stdout: expect.stringContaining('failed 时间: its name has no ASCII letter or digit; set another name with'),
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
      'a [2J b: Ignored keys: x .\n',
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
      `failed clock: several disabled servers have its name: ${red}, ${blue}.`,
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
