import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { startFront } from '../support/front.ts';
import type { Json } from '../support/json.ts';
import { connect, requestOf, type Way } from '../support/mcp-client.ts';
import { CLIENTS } from '../support/mcp-clients.ts';
import type { McpServer, ServedTool } from '../support/mcp-servers.ts';
import { mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { callTool } from '../support/shared-servers.ts';
import { type Listened, listenOn } from '../support/sockets.ts';
import { startSseServer } from '../support/sse-server.ts';
import { startWebSocketServer } from '../support/websocket-server.ts';

/** Milliseconds: many times what is promised, for a machine that is busy. */
const SOON = 20_000;
const MANY = 100;
const WAYS: readonly Way[] = ['just calls', 'stateless'];
const SDKS = CLIENTS.filter(({ name }) => name.startsWith('the SDK'));

let gateway: TestServer;
const started: { stop: () => Promise<void> }[] = [];
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all(started.map(({ stop }) => stop()));
});

/** A server of the SDK whose tools say its word; it is reached through a front that notes who comes. */
type Place = {
  readonly url: string;
  /** The heads of the requests that opened a pipe which is still open. */
  readonly pipes: () => string[];
  /** Calls of `hold` that are under way: they are answered when they are let go. */
  readonly held: () => number;
  readonly letGo: () => void;
  /** Calls of `hold` that were cancelled. */
  readonly cancelled: () => number;
};

async function startPlace(
  start: (tools: readonly ServedTool[]) => Promise<McpServer & Listened>,
  word = 'old',
): Promise<Place> {
  let [held, cancelled] = [0, 0];
  const { promise: free, resolve: letGo } = Promise.withResolvers<void>();
  const tools: readonly ServedTool[] = [
    { name: 'word', call: () => word },
    {
      name: 'hold',
      call: async ({ signal }) => {
        held += 1;
        const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        await Promise.race([free, aborted]);
        held -= 1;
        cancelled += signal.aborted ? 1 : 0;
        return word;
      },
    },
    {
      name: 'work',
      call: async ({ progress }) => {
        for (const percent of [0, 50, 100]) {
          await progress(percent, 'Working');
        }
        return word;
      },
    },
  ];
  const server = await start(tools);
  const front = await startFront(server.port);
  started.push(front, server);
  return {
    url: server.url.replace(String(server.port), String(front.port)),
    pipes: front.gets,
    held: () => held,
    letGo,
    cancelled: () => cancelled,
  };
}

const patch = (mcpServerId: string, body: object) =>
  call(gateway.url, 'updateMcpServer', { path: { mcpServerId }, body });
const REFUSED = 'its address is loopback. The operator can list it in GATEHOUSE_EGRESS_ALLOW.';

describe.each([
  ['SSE', startSseServer],
  ['WebSocket', startWebSocketServer],
] as const)('a server of an organization over %s', (transport, start) => {
  const begin = async (word?: string) => {
    const place = await startPlace(start, word);
    return { place, ...(await mintOver(gateway, place.url, { transport, name: 'Piped' })) };
  };
  /** Many calls that have reached the server, and what they will have been answered. */
  async function holding(place: Place, token: string): Promise<() => Promise<Set<string>>> {
    const calls = Promise.all(Array.from({ length: MANY }, () => callTool(gateway, token, 'hold')));
    calls.catch(() => undefined);
    await expect.poll(place.held, { timeout: SOON }).toBe(MANY);
    return async () => new Set(await calls);
  }

  test('lists and calls its tools in both eras over one pipe', async () => {
    const { place, serverId, token } = await begin();
    const { status, body } = await call(gateway.url, 'listMcpServerTools', { path: { mcpServerId: serverId } });
    expect([status, body.data.map(({ name }: Json) => name)]).toEqual([200, ['word', 'hold', 'work']]);
    for (const way of WAYS) {
      const ask = await connect({ gateway, token }, way);
      expect((await ask('tools/list')).body.result.tools).toHaveLength(3);
      expect((await ask('tools/call', { name: 'word' })).body.result.content[0].text).toBe('old');
    }
    expect(place.pipes()).toHaveLength(1);
  });

  test.each(SDKS)('$name lists, calls, gets progress, and cancels', async ({ connect: connectTo }) => {
    const { place, url, token } = await begin();
    const client = await connectTo({ url, headers: {} });
    expect(await client.list()).toEqual(['word', 'hold', 'work']);
    expect(await client.call('word')).toBe('old');
    const heard: number[] = [];
    expect(await client.call('work', { onProgress: ({ progress }) => void heard.push(progress) })).toBe('old');
    expect(heard).toEqual([0, 50, 100]);

    const leaving = new AbortController();
    const held = client.call('hold', { signal: leaving.signal });
    held.catch(() => undefined);
    await expect.poll(place.held, { timeout: SOON }).toBe(1);
    leaving.abort();
    await expect(held).rejects.toThrow();
    expect(await client.call('word')).toBe('old');
    await expect.poll(place.cancelled, { timeout: SOON }).toBe(1);
    await client.close();
    expect(await callTool(gateway, token, 'word')).toBe('old');
  });

  test.each(WAYS)('cancels only the call whose client leaves (%s)', async (way) => {
    const { place, url, token } = await begin();
    const { body, headers } = requestOf(way, 1, 'tools/call', { name: 'hold' });
    const leaving = new AbortController();
    const other = callTool(gateway, token, 'hold');
    const left = fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal: leaving.signal });
    left.catch(() => undefined);
    await expect.poll(place.held, { timeout: SOON }).toBe(2);
    leaving.abort();
    await expect.poll(place.held, { timeout: SOON }).toBe(1);
    place.letGo();
    expect([await other, place.cancelled()]).toEqual(['old', 1]);
  });

  test.each(WAYS)('simultaneous calls get their own progress and answers (%s)', async (way) => {
    const { token } = await begin();
    const ask = await connect({ gateway, token }, way);
    const accept = { Accept: 'application/json, text/event-stream' };
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        ask('tools/call', { name: 'work', ...(way === 'just calls' && { _meta: { progressToken: index } }) }, accept),
      ),
    );
    for (const [index, { text, body }] of answers.entries()) {
      const isStream = way === 'just calls';
      const told = [...text.matchAll(/^data: ?(.+)$/gm)].map(([, data]): Json => JSON.parse(data ?? ''));
      const answer = isStream ? told.pop() : body;
      expect(answer.result.content[0].text).toBe('old');
      expect(told.map(({ params }) => [params.progressToken, params.progress])).toEqual(
        isStream ? [0, 50, 100].map((progress) => [index, progress]) : [],
      );
    }
  });

  test('refuses an address that the egress policy refuses', async () => {
    const strict = await startTestServer();
    const place = await startPlace(start);
    const { serverId, token } = await mintOver(strict, place.url, { transport, name: 'Piped' });
    const listed = await call(strict.url, 'listMcpServerTools', { path: { mcpServerId: serverId } });
    expect([listed.status, listed.body.error]).toEqual([502, expect.stringContaining(REFUSED)]);
    const called = await (await connect({ gateway: strict, token }, 'just calls'))('tools/call', { name: 'word' });
    expect([called.status, called.body.error.code]).toEqual([502, -32003]);
    expect(called.body.error.message).toMatch(/^The MCP server 'Piped' /);
    expect(called.body.error.message).toContain(REFUSED);
    expect(place.pipes()).toEqual([]);
    await strict.stop();
  });

  test(`uses a new URL without failing ${MANY} calls in flight`, async () => {
    const { place, serverId, token } = await begin();
    const next = await startPlace(start, 'new');
    const answers = await holding(place, token);
    expect((await patch(serverId, { url: next.url })).status).toBe(200);
    expect(await callTool(gateway, token, 'word')).toBe('new');
    expect(place.pipes()).toHaveLength(1);
    place.letGo();
    expect(await answers()).toEqual(new Set(['old']));
    await expect.poll(place.pipes, { timeout: SOON }).toEqual([]);
    expect(place.cancelled()).toBe(0);
    expect(next.pipes()).toHaveLength(1);
  });

  test(`sends new headers without failing ${MANY} calls in flight`, async () => {
    const { place, serverId, token } = await begin();
    await patch(serverId, { request_headers: { 'X-Key': 'first' } });
    const answers = await holding(place, token);
    expect((await patch(serverId, { request_headers: { 'X-Key': 'second' } })).status).toBe(200);
    expect(await callTool(gateway, token, 'word')).toBe('old');
    const keys = () => place.pipes().map((head) => /^x-key: (\w+)\r$/im.exec(head)?.[1]);
    expect(keys()).toEqual(['first', 'second']);
    place.letGo();
    expect(await answers()).toEqual(new Set(['old']));
    await expect.poll(keys, { timeout: SOON }).toEqual(['second']);
  });

  test('keeps the connection after a change of name or description', async () => {
    const { place, serverId, token } = await begin();
    await callTool(gateway, token, 'word');
    const before = place.pipes();
    await patch(serverId, { description: 'Another' });
    expect(await callTool(gateway, token, 'word')).toBe('old');
    expect(place.pipes()).toEqual(before);
  });

  test('saves an unreachable URL, reports it to callers, and uses a corrected one', async () => {
    const { place, serverId, token } = await begin();
    await callTool(gateway, token, 'word');
    const gone = await listenOn(createServer());
    await gone.stop();
    const url = place.url.replace(/:\d+/, `:${gone.port}`);
    const { status, body } = await patch(serverId, { url });
    expect([status, body.data.url]).toEqual([200, url]);
    expect(await callTool(gateway, token, 'word')).toBe("The MCP server 'Piped' cannot be reached (ECONNREFUSED).");
    await expect.poll(place.pipes, { timeout: SOON }).toEqual([]);
    expect((await patch(serverId, { url: place.url })).status).toBe(200);
    expect(await callTool(gateway, token, 'word')).toBe('old');
  });

  test('ends the connection after a deletion', async () => {
    const { place, serverId, token } = await begin();
    await callTool(gateway, token, 'word');
    expect(place.pipes()).toHaveLength(1);
    expect((await call(gateway.url, 'deleteMcpServer', { path: { mcpServerId: serverId } })).status).toBe(200);
    await expect.poll(place.pipes, { timeout: SOON }).toEqual([]);
  });
});
