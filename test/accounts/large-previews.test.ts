import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createAccount, documentOf } from '../support/accounts.ts';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startToolServer, type ToolServer, tool } from '../support/tool-server.ts';

const MIB = 1024 * 1024;
/** A share is 24 MiB of it, and a message 8 MiB at most. */
const BUDGET_MIB = 96;
const SUMMARY = 'x'.repeat(8000);
/** All together more than a connection takes in on its way to a client that does not read. */
const TOOLS = 900;

let gateway: TestServer;
let upstream: ToolServer;
let urls: string[];
let token: string;
beforeAll(async () => {
  gateway = await startTestServer({
    env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1', GATEHOUSE_MEMORY_BUDGET: `${BUDGET_MIB}MiB` },
    limits: { memoryPatienceMs: 200 },
  });
  const org = { org_id: gateway.organizationId };
  token = (await call(gateway.url, 'createApiToken', { path: org, body: { name: 'reader' } })).body.token;
  const operations = Array.from({ length: TOOLS }, (_, index) => [`/p${index}`, { get: { summary: SUMMARY } }]);
  const document = { ...documentOf({}), paths: Object.fromEntries(operations) };
  const { integrationId, accountId } = await createAccount(gateway, document, 'large');
  upstream = await startToolServer(
    Array.from({ length: TOOLS }, (_, index) => tool(`tool_${index}`, { description: SUMMARY })),
  );
  const { id } = (await call(gateway.url, 'createMcpServer', { body: { name: 'Large', url: upstream.url } })).body.data;
  expect((await call(gateway.url, 'listMcpServerTools', { path: { mcpServerId: id } })).body.data).toHaveLength(TOOLS);
  urls = [
    `/integration/${integrationId}/tools`,
    `/integrated-account/${accountId}/tools`,
    `/integrated-account/${id.replace('mcp_', '')}/tools`,
  ];
});
afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

const held = () => gateway.deps.budget.heldByKind().get('answers') ?? 0;
beforeEach(async () => {
  await expect.poll(held, { timeout: 10_000 }).toBe(0);
});

/** Asks, and reads nothing but the head of the answer. */
function ask(path: string, method = 'GET') {
  const asking = request(`${gateway.url}${path}`, {
    method,
    headers: { Authorization: `Bearer ${token}` },
    agent: false,
  });
  asking.on('error', () => undefined).end();
  const answer = once(asking, 'response').then(
    ([response]) => response as IncomingMessage,
    () => null,
  );
  return { answer, leave: () => asking.destroy() };
}

test('large previews arrive completely, with their length', async () => {
  for (const url of urls) {
    const answer = await ask(url).answer;
    expect([answer?.statusCode, answer?.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    const bytes = await buffer(answer as IncomingMessage);
    expect(bytes.length).toBe(Number(answer?.headers['content-length']));
    const { result } = JSON.parse(bytes.toString());
    expect(result).toHaveLength(TOOLS);
    expect(result.at(-1).description).toBe(SUMMARY);
    const head = await ask(url, 'HEAD').answer;
    expect([head?.statusCode, head?.headers['content-length']]).toEqual([200, String(bytes.length)]);
  }
});

test('unread previews use at most three shares, which are released when their clients leave', async () => {
  const all = Array.from({ length: 30 }, (_, index) => ask(urls[index % urls.length] as string));
  const statuses = (await Promise.all(all.map(({ answer }) => answer))).map((answer) => answer?.statusCode);
  expect(new Set(statuses)).toEqual(new Set([200, 429]));
  expect(gateway.deps.budget.heldBytes()).toBeLessThanOrEqual(0.75 * BUDGET_MIB * MIB);
  for (const { leave } of all) {
    leave();
  }
  await expect.poll(held, { timeout: 10_000 }).toBe(0);
});

test('previews are not made for clients that have left', async () => {
  for (let round = 0; round < 5; round++) {
    const all = Array.from({ length: 40 }, () => ask(urls[0] as string));
    await all[0]?.answer;
    for (const { leave } of all) {
      leave();
    }
  }
  await expect.poll(held, { timeout: 10_000 }).toBe(0);
  const answer = await ask(urls[0] as string).answer;
  expect(answer?.statusCode).toBe(200);
  answer?.resume();
});
