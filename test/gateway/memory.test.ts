import { once } from 'node:events';
import { type ClientRequest, createServer, type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createAccount, documentOf } from '../support/accounts.ts';
import { post } from '../support/mcp-client.ts';
import { type Minted, mint, mintOver } from '../support/minted.ts';
import { beginEvents, eventOf, result, type Scripted, type Step, startScripted, TOOLS } from '../support/scripted.ts';
import { API_KEY, API_SECRET, startTestServer, type TestServer } from '../support/server.ts';
import { type Listened, listenOn } from '../support/sockets.ts';
import { createWorld } from '../support/world.ts';

const MIB = 1024 * 1024;
/** A share is 4 MiB of it, and a message 1.33 MiB at most. */
const BUDGET_MIB = 16;

let gateway: TestServer;
let server: Scripted;
let minted: Minted;
/** Of another organization. */
let other: Minted;
beforeEach(async () => {
  gateway = await startTestServer({
    env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1', GATEHOUSE_MEMORY_BUDGET: `${BUDGET_MIB}MiB` },
    limits: { memoryPatienceMs: 300 },
  });
  server = await startScripted('handshake');
  minted = await mintOver(gateway, server.url);
  const { pair, token } = await createWorld(gateway);
  other = await mintOver(gateway, server.url, { approval_policy: undefined }, { pair, token });
});
afterEach(async () => {
  await gateway.stop();
  await server.stop();
});

const held = () => gateway.deps.budget.heldBytes();
const underWay = () => {
  const { lists, endpoints, connections, ...rest } = Object.fromEntries(gateway.deps.budget.heldByKind());
  return Object.values(rest).reduce((sum, bytes) => sum + bytes, 0);
};
const ping = ({ token }: Minted) => post({ gateway, token }, { jsonrpc: '2.0', id: 1, method: 'ping' });

type Sent = { readonly asking: ClientRequest; readonly answer: Promise<IncomingMessage | null> };
const begin = (path: string, headers: Readonly<Record<string, string | number>>): Sent => {
  const asking = request(`${gateway.url}${path}`, { method: 'POST', headers, agent: false });
  const answer = once(asking, 'response').then(
    ([response]) => response as IncomingMessage,
    () => null,
  );
  asking.on('error', () => undefined);
  return { asking, answer };
};
/** Begins requests that announce a body and send all of it but the last byte. */
const hold = (count: number, bytes: number, path: string, headers: Readonly<Record<string, string>> = {}): Sent[] =>
  Array.from({ length: count }, () => {
    const sent = begin(path, { 'Content-Type': 'application/json', 'Content-Length': bytes, ...headers });
    sent.asking.write(Buffer.alloc(bytes - 1, 0x20));
    return sent;
  });
const leave = (all: readonly Sent[]): void => {
  for (const { asking } of all) {
    asking.destroy();
  }
};
const statuses = async (all: readonly Sent[], withinMs = 1500) => {
  const answers = await Promise.all(
    all.map(({ answer }) =>
      Promise.race([answer, new Promise<null>((resolve) => setTimeout(resolve, withinMs, null))]),
    ),
  );
  return answers.map((answer) => answer?.statusCode ?? null);
};

beforeEach(async () => {
  await expect.poll(underWay, { timeout: 10_000 }).toBe(0);
});

describe('incomplete bodies', () => {
  const REST = { 'X-API-KEY': API_KEY, 'X-API-SECRET': API_SECRET };
  const places: [string, () => string, Readonly<Record<string, string>>][] = [
    ['of messages', () => `/mcp/${minted.token}`, {}],
    ['of the Servers API', () => '/api/mcp-servers', REST],
  ];

  test.each(places)('%s: use at most three shares, further ones get 429, and others are served', async (...place) => {
    const [, path, headers] = place;
    const all = hold(40, MIB, path(), headers);
    const answered = await statuses(all);
    expect(held()).toBeLessThanOrEqual(0.75 * BUDGET_MIB * MIB);
    expect(new Set(answered)).toEqual(new Set([null, 429]));
    const refused = (await all[answered.indexOf(429)]?.answer) as IncomingMessage;
    expect(refused.headers['retry-after']).toBe('1');
    expect((await ping(other)).status).toBe(200);
    leave(all);
    await expect.poll(underWay, { timeout: 10_000 }).toBe(0);
    expect((await ping(minted)).status).toBe(200);
  });

  test('are dropped when others within their share need the memory', async () => {
    const all = hold(11, MIB, `/mcp/${minted.token}`);
    await expect.poll(() => gateway.deps.budget.heldBytes(gateway.organizationId)).toBeGreaterThan(10 * MIB);
    const others = ['b', 'c', 'd'].map((holder) => gateway.deps.budget.hold(holder, 'bodies', 3.5 * MIB));
    const answered = await statuses(all);
    expect(answered).toContain(429);
    expect(answered).toContain(null);
    expect(gateway.deps.budget.heldBytes(gateway.organizationId)).toBeLessThanOrEqual(6 * MIB);
    for (const one of others) {
      one.release();
    }
    leave(all);
  });
});

test('a message without memory is a 503 with the code -32003, and served when there is memory again', async () => {
  const others = ['a', 'b', 'c', 'd'].map((holder) => gateway.deps.budget.hold(holder, 'bodies', 4 * MIB));
  const { status, headers, body } = await ping(minted);
  expect([status, headers.get('retry-after'), body.error.code]).toEqual([503, '1', -32003]);
  const rest = begin('/api/mcp-servers', { 'X-API-KEY': API_KEY, 'X-API-SECRET': API_SECRET });
  rest.asking.end('{}');
  const refused = (await rest.answer) as IncomingMessage;
  expect([refused.statusCode, refused.headers['retry-after']]).toEqual([503, '1']);
  expect(await json(refused)).toMatchObject({ status: 'error' });
  for (const one of others) {
    one.release();
  }
  expect((await ping(minted)).status).toBe(200);
});

describe('lists of tools', () => {
  const large = (bytes: number) => [{ name: 'large', description: 'x'.repeat(bytes), inputSchema: { type: 'object' } }];
  const list = ({ token }: Pick<Minted, 'token'>) =>
    post({ gateway, token }, { jsonrpc: '2.0', id: 1, method: 'tools/list' });
  const lists = () => gateway.deps.budget.heldByKind().get('lists') ?? 0;

  test('are held once per scope, however many endpoints show them', async () => {
    const bytes = 256 * 1024;
    server.script['tools/list'] = result({ tools: large(bytes) });
    const { serverId, token } = await mintOver(gateway, server.url);
    const before = lists();
    expect((await list({ token })).body.result.tools).toHaveLength(1);
    const one = lists() - before;
    expect(one).toBeGreaterThan(bytes);
    for (let count = 0; count < 20; count++) {
      expect((await list(await mint(gateway, serverId))).body.result.tools).toHaveLength(1);
    }
    expect(lists() - before).toBe(one);
    expect((await list(await mint(gateway, serverId, { methods: ['custom'] }))).body.result.tools).toHaveLength(1);
    expect(lists() - before).toBeGreaterThan(one + bytes);
    expect(lists() - before).toBeLessThan(one + 2 * bytes);
  });

  test('count with their parsed values, also while several are read', async () => {
    const values = 9000;
    const x = Array.from({ length: values }, () => ({}));
    const dense = ['a', 'b', 'c'].map((name) => ({ name, inputSchema: { type: 'object', x } }));
    server.script['tools/list'] = result({ tools: dense });
    const before = lists();
    const minted = await mintOver(gateway, server.url);
    expect((await list(minted)).body.result.tools).toHaveLength(3);
    expect(lists() - before).toBeGreaterThan(3 * values * 64);
    const all = await Promise.all(Array.from({ length: 6 }, () => mintOver(gateway, server.url)));
    const answers = await Promise.all(all.map(list));
    expect(held()).toBeLessThanOrEqual(BUDGET_MIB * MIB);
    expect(answers.filter(({ status }) => ![200, 429, 502].includes(status))).toEqual([]);
    expect((await list(minted)).body.result.tools).toHaveLength(3);
  });

  test('of one organization are released for each other, and for others', async () => {
    const bytes = MIB;
    server.script['tools/list'] = result({ tools: large(bytes) });
    const all: Minted[] = [];
    for (let count = 0; count < 6; count++) {
      const minted = await mintOver(gateway, server.url);
      expect((await list(minted)).status).toBe(200);
      expect(held()).toBeLessThanOrEqual(BUDGET_MIB * MIB);
      all.push(minted);
    }
    expect((await list(other)).status).toBe(200);
    // What gave way comes back when it is asked for.
    for (const minted of all) {
      expect((await list(minted)).body.result.tools).toHaveLength(1);
    }
  });

  test('beyond the maximum message size are a failure of their server', async () => {
    server.script['tools/list'] = result({ tools: large(2 * MIB) });
    const { status, body } = await list(await mintOver(gateway, server.url));
    expect([status, body.error.code]).toEqual([502, -32003]);
  });
});

describe('answers of servers', () => {
  const text = (bytes: number) => ({ content: [{ type: 'text', text: 'x'.repeat(bytes) }] });
  const asEvents: Step = (response, got) =>
    beginEvents(response).end(eventOf({ jsonrpc: '2.0', id: got.message.id, result: text(MIB) }));
  const ways: [string, Step][] = [
    ['in JSON', result(text(MIB))],
    ['as events', asEvents],
  ];

  test.each(ways)('that are not read (%s) use at most three shares, and others are served', async (_way, step) => {
    Object.assign(server.script, { 'tools/list': result({ tools: TOOLS }), 'tools/call': step });
    const { token } = await mintOver(gateway, server.url);
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'act' } });
    const all = Array.from({ length: 40 }, () => {
      const sent = begin(`/mcp/${token}`, { 'Content-Type': 'application/json' });
      sent.asking.end(body);
      return sent;
    });
    const answered = await statuses(all, 10_000);
    expect(answered).toContain(200);
    expect(held()).toBeLessThanOrEqual(0.75 * BUDGET_MIB * MIB);
    expect((await ping(other)).status).toBe(200);
    leave(all);
    await expect.poll(underWay, { timeout: 10_000 }).toBe(0);
  });
});

describe('answers of services', () => {
  const BYTES = 1.25 * MIB;
  let service: Listened;
  beforeAll(async () => {
    service = await listenOn(
      createServer((_request, response) => {
        response.setHeader('Content-Type', 'application/json');
        response.end(JSON.stringify('x'.repeat(BYTES)));
      }),
    );
  });
  afterAll(() => service.stop());

  test('that are not read use at most three shares, others are served, and all memory is released', async () => {
    const document = { ...documentOf({ 'GET /large': {} }), servers: [{ url: `http://127.0.0.1:${service.port}` }] };
    const { accountId } = await createAccount(gateway, document, 'large');
    const { token } = await mint(gateway, `mcp_${accountId}`);
    const tools = (await post({ gateway, token }, { jsonrpc: '2.0', id: 1, method: 'tools/list' })).body.result.tools;
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tools[0].name } });
    const all = Array.from({ length: 60 }, () => {
      const sent = begin(`/mcp/${token}`, { 'Content-Type': 'application/json' });
      sent.asking.end(body);
      return sent;
    });
    await Promise.race(all.map(({ answer }) => answer));
    expect(held()).toBeLessThanOrEqual(0.75 * BUDGET_MIB * MIB);
    expect((await ping(other)).status).toBe(200);
    await Promise.all(all.map(({ answer }) => answer));
    expect(held()).toBeLessThanOrEqual(0.75 * BUDGET_MIB * MIB);
    expect((await ping(other)).status).toBe(200);
    leave(all);
    await expect.poll(underWay, { timeout: 10_000 }).toBe(0);
    expect((await post({ gateway, token }, JSON.parse(body))).body.result.content[0].text).toHaveLength(BYTES + 2);
  });
});

test('lists of several organizations are released for each other, and each is served', async () => {
  const tools = [{ name: 'large', description: 'x'.repeat(MIB), inputSchema: { type: 'object' } }];
  server.script['tools/list'] = result({ tools });
  const tenants: Minted[] = [];
  for (let count = 0; count < 6; count++) {
    const { pair, token } = await createWorld(gateway);
    tenants.push(await mintOver(gateway, server.url, { approval_policy: undefined }, { pair, token }));
  }
  for (let round = 0; round < 3; round++) {
    const answers = await Promise.all(
      tenants.map(({ token }) => post({ gateway, token }, { jsonrpc: '2.0', id: 1, method: 'tools/list' })),
    );
    // What comes all at once may find no room, but never for long.
    expect(answers.map(({ status }) => status).filter((status) => ![200, 429, 503].includes(status))).toEqual([]);
    expect(held()).toBeLessThanOrEqual(BUDGET_MIB * MIB);
    for (const { token } of tenants) {
      const { body } = await post({ gateway, token }, { jsonrpc: '2.0', id: 1, method: 'tools/list' });
      expect(body.result.tools).toHaveLength(1);
    }
  }
});
