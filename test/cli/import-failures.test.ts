import { describe, expect, test } from 'vitest';
import { created, stdio } from '../support/shared-servers.ts';
import { echo, gateway, importsIntoGateway, OFF, PROCESS, RELOADED, stateOf } from './import-gateway.ts';
import { answering, importing, serversOf } from './mcp-json-files.ts';

importsIntoGateway();

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
      'failed 空: its name has no ASCII letter or digit; set another name with "gatehouse": {"name": "…"}.',
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
    const gone = `${url} does not answer: the connection was closed before an answer \\((?:UND_ERR_SOCKET|ECONNRESET)\\)\\. Is it running\\?`;
    expect(code).toBe(1);
    expect(stdout).toMatch(new RegExp(`^failed a: ${gone}\nfailed b: ${gone}\n2 entries: 2 failed\\.\n$`));
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
