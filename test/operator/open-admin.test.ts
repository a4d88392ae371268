import { afterAll, beforeAll, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { GATEHOUSE_ADMIN_AUTH: 'none' } });
});
afterAll(() => server.stop());

const ask = (headers: Record<string, string>) => call(server.url, 'listOrganizations', { as: 'nobody', headers });

test('GATEHOUSE_ADMIN_AUTH=none: nothing is asked of somebody at this machine', async () => {
  expect((await ask({})).status).toBe(200);
  expect((await ask({ 'Sec-Fetch-Site': 'same-origin' })).status).toBe(200);
});

test.each([
  ['Forwarded', 'for=192.0.2.1'],
  ['X-Forwarded-For', '192.0.2.1'],
  ['X-Forwarded-Host', 'x'],
  ['X-Real-IP', '192.0.2.1'],
  ['Via', '1.1 proxy'],
  ['Sec-Fetch-Site', 'cross-site'],
  ['Sec-Fetch-Site', 'same-site'],
  ['Origin', 'https://evil.example.com'],
])('403: %s: %s', async (name, value) => {
  const answer = await ask({ [name]: value });
  expect([answer.status, answer.body.error.code]).toEqual([403, 'forbidden']);
});

test('the Servers API still wants its key pair', async () => {
  expect((await call(server.url, 'listMcpServers', { as: 'nobody' })).status).toBe(401);
});
