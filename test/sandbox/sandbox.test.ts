import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { SANDBOX_CREDENTIALS, startSandbox } from '../../src/sandbox/sandbox.ts';
import { examples } from '../../src/sandbox/seeds.ts';
import { askOnce } from '../support/ask-once.ts';
import { call } from '../support/client.ts';
import { freePort } from '../support/mock.ts';

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
