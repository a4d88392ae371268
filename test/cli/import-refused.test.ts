import { createServer, type RequestListener } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ROOT } from '../support/process.ts';
import { startTestServer } from '../support/server.ts';
import { listenOn } from '../support/sockets.ts';
import { gateway, importsIntoGateway, OFF, RELOADED } from './import-gateway.ts';
import { answering, fileOf, operatorOf } from './mcp-json-files.ts';
import { run } from './support.ts';

importsIntoGateway();

describe('what cannot be done at all', () => {
  const file = { mcpServers: { one: OFF } };

  test.each([
    ['', 'is not valid JSON: it is empty|is not valid JSON: value expected in line 1, column 1'],
    ['# Gatehouse', 'is not valid JSON: invalid symbol in line 1, column 1'],
    ['{"mcpServers": {"a": {}', 'is not valid JSON: '],
    [
      '{"name": "gatehouse"}',
      'has no "mcpServers", "servers" or "mcp": {"servers"}, so it is not a configuration file',
    ],
    ['{"mcpServers": {}}', 'contains no servers'],
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
    expect(await failing({ GATEHOUSE_PUBLIC_URL: url })).toBe(
      `${url} does not answer: connection refused (ECONNREFUSED). Is it running?\n`,
    );
    expect(await failing({ GATEHOUSE_PORT: String(port) })).toBe(
      `${url} does not answer: connection refused (ECONNREFUSED). Is it running?\n`,
    );
    expect(await failing({ GATEHOUSE_HOST: '::1', GATEHOUSE_PORT: String(port) })).toMatch(
      new RegExp(`^http://\\[::1\\]:${port} does not answer: .+\\. Is it running\\?\n$`),
    );
    expect(await failing(operatorOf(gateway), '--url', `${url}/`)).toBe(
      `${url} does not answer: connection refused (ECONNREFUSED). Is it running?\n`,
    );
  });

  test('1: the token is wrong, or there is none', async () => {
    const wrong = 'w'.repeat(40);
    const { url } = gateway;
    const message = await failing({ ...operatorOf(gateway), GATEHOUSE_ADMIN_TOKEN: wrong });
    expect(message).toBe(`${url} refuses the operator token: GATEHOUSE_ADMIN_TOKEN belongs to another gateway.\n`);
    expect(await failing({ GATEHOUSE_PUBLIC_URL: url })).toBe(
      `${url} requires the operator token: set GATEHOUSE_ADMIN_TOKEN.\n`,
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
    expect(stderr).toBe(`The server at ${url} is not a Gatehouse with an Operator API. Check the URL.\n`);
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
