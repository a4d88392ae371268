import { afterAll, beforeAll, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { GATEHOUSE_ADMIN_AUTH: 'none' } });
});
afterAll(() => server.stop());

const ask = (headers: Record<string, string>) => call(server.url, 'listOrganizations', { as: 'nobody', headers });

test('GATEHOUSE_ADMIN_AUTH=none: requests from this machine need no token', async () => {
  expect((await ask({})).status).toBe(200);
  expect((await ask({ 'Sec-Fetch-Site': 'same-origin' })).status).toBe(200);
});

test.each([
  ['Forwarded', 'for=192.0.2.1'],
  ['X-Forwarded-For', '192.0.2.1'],
  ['X-Forwarded-Host', 'x'],
  ['X-Real-IP', '192.0.2.1'],
  ['Via', '1.1 proxy'],
  ['X-Forwarded', 'for=192.0.2.1'],
  ['X-Forwarded-Proto', 'https'],
  ['Forwarded-For', '192.0.2.1'],
  ['X-Original-Forwarded-For', '192.0.2.1'],
  ['CF-Connecting-IP', '192.0.2.1'],
  ['CF-Ray', '1'],
  ['CDN-Loop', 'cloudflare'],
  ['True-Client-IP', '192.0.2.1'],
  ['X-Client-IP', '192.0.2.1'],
  ['Client-IP', '192.0.2.1'],
  ['X-Cluster-Client-IP', '192.0.2.1'],
  ['Fastly-Client-IP', '192.0.2.1'],
  ['Fly-Client-IP', '192.0.2.1'],
  ['WL-Proxy-Client-IP', '192.0.2.1'],
  ['X-Originating-IP', '192.0.2.1'],
  ['X-Remote-Addr', '192.0.2.1'],
  ['X-Envoy-External-Address', '192.0.2.1'],
  ['X-Azure-SocketIP', '192.0.2.1'],
  ['X-Amzn-Trace-Id', 'Root=1'],
  ['Sec-Fetch-Site', 'cross-site'],
  ['Sec-Fetch-Site', 'same-site'],
  ['Origin', 'https://evil.example.com'],
])('403: %s: %s', async (name, value) => {
  const answer = await ask({ [name]: value });
  expect([answer.status, answer.body.error.code]).toEqual([403, 'forbidden']);
});

test('serves programs on this machine with any other headers', async () => {
  const headers = {
    'User-Agent': 'curl/8',
    DNT: '1',
    'Upgrade-Insecure-Requests': '1',
    'X-Request-Id': 'x',
    TE: 'trailers',
  };
  expect((await ask({ ...headers, 'Sec-CH-UA-Platform': '"Linux"', 'Cache-Control': 'no-cache' })).status).toBe(200);
});

test('each start logs a warning', async () => {
  const lines: string[] = [];
  const log = { write: (line: string) => void lines.push(line) };
  const started = await startTestServer({ env: { GATEHOUSE_ADMIN_AUTH: 'none' }, log });
  const warnings = lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 40);
  expect(warnings.map(({ msg }) => msg)).toEqual([expect.stringContaining('GATEHOUSE_ADMIN_AUTH=none')]);
  await started.stop();
});

test('the Servers API still requires its key pair', async () => {
  expect((await call(server.url, 'listMcpServers', { as: 'nobody' })).status).toBe(401);
});
