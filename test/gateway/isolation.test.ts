import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { askOnce } from '../support/ask-once.ts';
import { CLIENTS, type McpClient, type McpClientKind } from '../support/mcp-clients.ts';
import { type McpServer, type ServedTool, startHandshakeServer } from '../support/mcp-servers.ts';
import { type Minted, mint, mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { createWorld } from '../support/world.ts';

/** Calls that are made at once by all together; `npm run soak` asks for 10,000. */
const CALLS = Number(process.env.ISOLATION_CALLS ?? 1000);
/** Calls that each client has under way. */
const AT_ONCE = 8;
/** How long to wait for what a server is about to hear: far longer than it takes. */
const SOON = { timeout: 20_000 };

/** Who called in which session, by the words of the callers. */
let sessions: Map<unknown, Set<string | undefined>>;
let waiting: Map<unknown, (answer: string) => void>;
let cancelled: unknown[];
const TOOLS: readonly ServedTool[] = [
  {
    name: 'echo',
    call: async ({ args: { nonce, tenant, ms }, session, progress }) => {
      sessions.set(tenant, (sessions.get(tenant) ?? new Set()).add(session));
      await progress(1, `${nonce} began`);
      await (ms === 0 ? undefined : delay(Number(ms)));
      await progress(2, `${nonce} ends`);
      return String(nonce);
    },
  },
  {
    name: 'wait',
    call: ({ args: { nonce }, signal }) =>
      new Promise((resolve) => {
        waiting.set(nonce, resolve);
        signal.addEventListener('abort', () => cancelled.push(nonce));
      }),
  },
];
beforeEach(() => {
  sessions = new Map();
  waiting = new Map();
  cancelled = [];
});

let gateway: TestServer;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
});
afterAll(() => gateway.stop());

/** Every answer that a client got to many calls of its own, beside what it should have been. */
async function callMany(client: McpClient, tenant: string, who: string, hearsProgress: boolean, count: number) {
  const wrong: unknown[] = [];
  let made = 0;
  const lane = async (): Promise<void> => {
    while (made < count) {
      const nonce = `${who}, call ${++made}`;
      const told: unknown[] = [];
      // Slow and fast ones by turns: answers overtake each other.
      const args = { nonce, tenant, ms: made % 3 === 0 ? made % 7 : 0 };
      const onProgress = ({ message }: { message?: string | undefined }) => void told.push(message);
      const answer = await client.call('echo', { args, ...(hearsProgress && { onProgress }) });
      const expected = hearsProgress ? [`${nonce} began`, `${nonce} ends`] : [];
      if (answer !== nonce || JSON.stringify(told) !== JSON.stringify(expected)) {
        wrong.push({ nonce, answer, told });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return { made, wrong };
}

/** The Inspector, a process for each call, has no two calls under way. */
const KINDS = CLIENTS.filter(({ name }) => !name.includes('Inspector'));

describe('over one server with sessions', () => {
  let server: McpServer;
  let places: readonly (readonly [tenant: string, place: string, minted: Pick<Minted, 'url'>])[];
  beforeAll(async () => {
    server = await startHandshakeServer(TOOLS);
    const one = await mintOver(gateway, server.url);
    const other = await mintOver(gateway, server.url, {}, await createWorld(gateway));
    places = [
      ['one', 'its endpoint, first client', one],
      ['one', 'its endpoint, second client', one],
      ['one', 'its other endpoint', await mint(gateway, one.serverId)],
      ['another', 'an endpoint of its own', other],
    ];
  });
  afterAll(() => server.stop());

  test(`answers each of ${CALLS} simultaneous calls with equal ids and progress tokens to its caller`, {
    timeout: 30_000 + CALLS * 20,
  }, async () => {
    const callers = places.flatMap(([tenant, place, { url }]) =>
      KINDS.map(({ name, connect, hearsProgress }) => async () => {
        const client = await connect({ url, headers: {} });
        const count = Math.ceil(CALLS / (places.length * KINDS.length));
        const outcome = await callMany(client, tenant, `${tenant}, ${place}, ${name}`, hearsProgress, count);
        await client.close();
        return outcome;
      }),
    );
    const outcomes = await Promise.all(callers.map((run) => run()));
    expect(outcomes.flatMap(({ wrong }) => wrong)).toEqual([]);
    expect(outcomes.reduce((sum, { made }) => sum + made, 0)).toBeGreaterThanOrEqual(CALLS);
    const [one = new Set(), another = new Set()] = [sessions.get('one'), sessions.get('another')];
    expect([...one].filter((session) => another.has(session))).toEqual([]);
    // Two with a session of their own at each endpoint, and one for all others of the tenant.
    expect([one.size, another.size]).toEqual([2 * 3 + 1, 2 + 1]);
  });
});

describe.each([
  ['in streams', false],
  ['in JSON', true],
])('over a server that answers %s', (_, json) => {
  let server: McpServer;
  let place: { url: string; headers: Record<string, string> };
  beforeAll(async () => {
    server = await startHandshakeServer(TOOLS, { json });
    place = { url: (await mintOver(gateway, server.url)).url, headers: {} };
  });
  afterAll(() => server.stop());

  /** Three clients wait with equal ids; the first cancels, and the others are answered. */
  async function cancelOne({ connect }: McpClientKind): Promise<void> {
    const nonces = ['first', 'second', 'third'];
    const clients = await Promise.all(nonces.map(() => connect(place)));
    const leaving = new AbortController();
    const [left, ...others] = clients.map((client, index) =>
      client.call('wait', { args: { nonce: nonces[index] }, ...(index === 0 && { signal: leaving.signal }) }),
    );
    await expect.poll(() => waiting.size, SOON).toBe(3);
    leaving.abort();
    await expect(left).rejects.toThrow();
    await expect.poll(() => cancelled, SOON).toEqual(['first']);
    for (const nonce of nonces) {
      waiting.get(nonce)?.(`For the ${nonce}`);
    }
    expect(await Promise.all(others)).toEqual(['For the second', 'For the third']);
    expect(cancelled).toEqual(['first']);
    await Promise.all(clients.map((client) => client.close()));
  }

  test.each(KINDS)('$name cancels only its own call', cancelOne);

  test('a client without a session cannot cancel by an id that another client has too', async () => {
    const connect = CLIENTS.find(({ name }) => name === 'curl')?.connect;
    const clients = await Promise.all([connect?.(place), connect?.(place)]);
    const answers = ['one', 'other'].map((nonce, at) => clients[at]?.call('wait', { args: { nonce } }));
    await expect.poll(() => waiting.size, SOON).toBe(2);
    const body = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } };
    expect((await askOnce(place.url, 'post', '', { body })).status).toBe(202);
    for (const nonce of ['one', 'other']) {
      waiting.get(nonce)?.('Still here');
    }
    expect(await Promise.all(answers)).toEqual(['Still here', 'Still here']);
    expect(cancelled).toEqual([]);
  });
});
