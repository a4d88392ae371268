import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createAccount, documentOf } from '../support/accounts.ts';
import { mint, mintOver } from '../support/minted.ts';
import { result, type Scripted, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { listenOn } from '../support/sockets.ts';

const MIB = 1024 * 1024;
/** A share is 24 MiB of it, and a message 8 MiB at most. */
const BUDGET_MIB = 96;
/** More than a connection takes in on its way to a client that does not read; a page has at least one tool. */
const TOOLS = [{ name: 'tool', description: 'x'.repeat(7_000_000), inputSchema: { type: 'object' } }];
const LIST_BYTES = JSON.stringify(TOOLS).length;

let gateway: TestServer;
let server: Scripted;
beforeAll(async () => {
  gateway = await startTestServer({
    env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1', GATEHOUSE_MEMORY_BUDGET: `${BUDGET_MIB}MiB` },
    limits: { memoryPatienceMs: 300 },
  });
  server = await startScripted('handshake');
  server.script['tools/list'] = result({ tools: TOOLS });
});
afterAll(async () => {
  await gateway.stop();
  await server.stop();
});

const ofKind = (kind: string) => gateway.deps.budget.heldByKind().get(kind) ?? 0;
const answers = () => ofKind('answers');

beforeEach(async () => {
  await expect.poll(answers, { timeout: 10_000 }).toBe(0);
});

type Asking = { readonly answer: Promise<IncomingMessage | null>; readonly leave: () => void };

/** Asks for the list, and reads nothing but the head of the answer. */
function ask(token: string, accept = 'application/json'): Asking {
  const headers = { 'Content-Type': 'application/json', Accept: accept };
  const asking = request(`${gateway.url}/mcp/${token}`, { method: 'POST', headers, agent: false });
  asking.on('error', () => undefined).end(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }));
  const answer = once(asking, 'response').then(
    ([response]) => response as IncomingMessage,
    () => null,
  );
  return { answer, leave: () => asking.destroy() };
}

async function read(token: string, accept?: string): Promise<string> {
  const answer = await ask(token, accept).answer;
  expect(answer?.statusCode).toBe(200);
  return String(await buffer(answer as IncomingMessage));
}

const shownBy = (text: string): unknown => JSON.parse(text.replace('event: message\ndata: ', '')).result.tools;

test('clients that do not read a large list share its memory, which is released when they leave', async () => {
  const { token } = await mintOver(gateway, server.url);
  await read(token);
  for (let round = 0; round < 3; round++) {
    const all = Array.from({ length: 60 }, () => ask(token));
    const answered = await Promise.all(all.map(({ answer }) => answer));
    expect(new Set(answered.map((answer) => answer?.statusCode))).toEqual(new Set([200]));
    expect(answers()).toBe(LIST_BYTES);
    expect(shownBy(await read(token))).toEqual(TOOLS);
    for (const { leave } of all) {
      leave();
    }
    await expect.poll(answers, { timeout: 10_000 }).toBe(0);
  }
});

test.each(['application/json', 'text/event-stream'])('a large list arrives completely (%s)', async (accept) => {
  const { token } = await mintOver(gateway, server.url);
  expect(shownBy(await read(token, accept))).toEqual(TOOLS);
});

test('many unread large lists use at most three shares, and further ones are refused', async () => {
  const { serverId, token } = await mintOver(gateway, server.url);
  await read(token);
  const minted: { readonly token: string }[] = [];
  for (let count = 0; count < 16; count++) {
    // Each scope has a list of its own.
    minted.push(await mint(gateway, serverId, { methods: ['custom', ...Array(count).fill('read')] }));
  }
  const all = minted.map((each) => ask(each.token));
  const statuses = (await Promise.all(all.map(({ answer }) => answer))).map((answer) => answer?.statusCode);
  expect(new Set(statuses)).toEqual(new Set([200, 429]));
  expect(gateway.deps.budget.heldBytes()).toBeLessThanOrEqual(0.75 * BUDGET_MIB * MIB);
  for (const { leave } of all) {
    leave();
  }
  await expect.poll(answers, { timeout: 10_000 }).toBe(0);
  expect(shownBy(await read(token))).toEqual(TOOLS);
});

test('an unread page of a service is held once', async () => {
  const service = await listenOn(createServer((_request, response) => response.end('{}')));
  const operationOf = (index: number) => ({
    operationId: `read${index}`,
    summary: `Reads ${index}`,
    parameters: [{ name: 'q', in: 'query', schema: { type: 'string', enum: ['x'.repeat(100_000), `${index}`] } }],
    responses: { 200: { description: 'Done' } },
  });
  const document = {
    ...documentOf({}),
    servers: [{ url: `http://127.0.0.1:${service.port}` }],
    paths: Object.fromEntries(Array.from({ length: 70 }, (_, index) => [`/${index}`, { get: operationOf(index) }])),
  };
  const { accountId } = await createAccount(gateway, document, 'large');
  const { token } = await mint(gateway, `mcp_${accountId}`);
  const text = await read(token);
  expect(text.length).toBeGreaterThan(900_000);
  const all = Array.from({ length: 40 }, () => ask(token));
  const answered = await Promise.all(all.map(({ answer }) => answer));
  expect(new Set(answered.map((answer) => answer?.statusCode))).toEqual(new Set([200]));
  // A connection may have taken in all of it.
  expect(answers()).toBeLessThan(1_000_000);
  for (const { leave } of all) {
    leave();
  }
  await service.stop();
});
