import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { type Ask, connect, requestOf, type Way } from '../support/mcp-client.ts';
import { compiledOnce, isAlive } from '../support/process.ts';
import { beginEvents, eventOf, raw, result, type Script, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { created, remove, share, small, statusOf, stdio, unique } from '../support/shared-servers.ts';

const MIB = 1024 * 1024;
/** Milliseconds: many times what is promised, for a machine that is busy. */
const SOON = 20_000;
const WAYS: readonly Way[] = ['just calls', 'stateless'];
const FLOOD = 100_000;

let gateway: TestServer;
const started: { stop: () => Promise<void> }[] = [];
beforeAll(async () => {
  gateway = await startTestServer();
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all(started.map(({ stop }) => stop()));
});

const odd = (more: object = {}) =>
  stdio(unique(), { args: compiledOnce('test/support/odd-stdio-server.ts'), timeoutSeconds: 5, ...more });
async function scripted(script: Script = {}) {
  const server = await startScripted('handshake', script);
  started.push(server);
  return { name: unique(), url: server.url, timeoutSeconds: 5 };
}
type Shared = { readonly id: string; readonly slug: string; readonly url: string; readonly ask: Ask };
async function shared(mcpServer: object, way: Way = 'just calls'): Promise<Shared> {
  const slug = unique();
  const id = await created(gateway, mcpServer, { name: slug });
  const { token, url } = await share(gateway, id);
  return { id, slug, url, ask: await connect({ gateway, token }, way) };
}
const tell = (text: unknown) => result({ content: [{ type: 'text', text }] });
const tool = (name: string, description = '') => ({ name, description, inputSchema: { type: 'object' } });
const textOf = ({ body }: { body: Json }): string => body.result.content[0].text;

describe('a list of tools of 5 MB', () => {
  const LONG = 500;
  const names = Array.from({ length: LONG }, (_, index) => `long-${index}`);
  test.each<[string, () => object | Promise<object>]>([
    [
      'over HTTP',
      () => scripted({ 'tools/list': result({ tools: names.map((name) => tool(name, 'x'.repeat(10_000))) }) }),
    ],
    ['of a process', () => odd({ env: { LONG: String(LONG) } })],
  ])('is listed over %s, and served by an endpoint', async (_, configure) => {
    const { id, ask } = await shared(await configure());
    expect((await statusOf(gateway, id)).toolCount).toBeGreaterThanOrEqual(LONG);
    const listed: Json[] = [];
    let cursor: string | undefined;
    do {
      const { status, body } = await ask('tools/list', cursor === undefined ? {} : { cursor });
      expect(status).toBe(200);
      listed.push(...body.result.tools);
      cursor = body.result.nextCursor;
    } while (cursor !== undefined);
    expect(JSON.stringify(listed).length).toBeGreaterThan(5_000_000);
    expect(listed.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
    expect(listed.at(-1).description).toHaveLength(10_000);
    const { body: checked } = await call(gateway.url, 'checkSharedServerTools', { path: { mcp_id: id } });
    expect([checked.ok, checked.error]).toEqual([true, null]);
    expect((await ask('tools/call', { name: 'long-7' })).status).toBe(200);
    await remove(gateway, id);
  });
});

describe('an invalid answer to a call', () => {
  const WRONG: Script = {
    'tools/call': (response, got) => {
      const steps: Script = {
        nonsense: raw(200, 'application/json', '{"jsonrpc":"2.0","id":7,"result":{'),
        half: () => {
          response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '100' });
          response.write('{"jsonrpc":"2.0","id":', () => response.destroy());
        },
        event: () => void beginEvents(response).end('data: {"jsonrpc":"2.0","id":\n\n'),
      };
      (steps[got.message.params.name] ?? tell('fine'))(response, got);
    },
    'tools/list': result({ tools: ['pid', 'nonsense', 'half', 'event'].map((name) => tool(name)) }),
  };
  const NO_MESSAGE = 'does not speak the protocol: it answered with something that is no JSON-RPC message.';
  const CARRIED_OUT = 'what it was asked may have been carried out.';
  const PROCESS = () => odd({ timeoutSeconds: 1 });
  test.each<[string, string, () => object | Promise<object>, string]>([
    ['no JSON, over HTTP', 'nonsense', () => scripted(WRONG), NO_MESSAGE],
    ['an event that is no JSON', 'event', () => scripted(WRONG), NO_MESSAGE],
    ['half of it, over HTTP', 'half', () => scripted(WRONG), 'broke off'],
    ['no JSON, of a process', 'nonsense', PROCESS, `sent nothing for 1 s; ${CARRIED_OUT}`],
    ['half of it, of a process', 'half', PROCESS, `exited with code 0; ${CARRIED_OUT}`],
  ])('fails the call and not the next one: %s', async (_, name, configure, reason) => {
    const mcpServer = await configure();
    for (const way of WAYS) {
      const { id, slug, ask } = await shared(mcpServer, way);
      await ask('tools/list');
      const { status, body } = await ask('tools/call', { name });
      expect([status, body.error.code, body.id]).toEqual([502, -32003, expect.any(Number)]);
      expect(body.error.message).toMatch(new RegExp(`^The MCP server '${slug}' `));
      expect(body.error.message).toContain(reason);
      expect(textOf(await ask('tools/call', { name: 'pid' }))).toMatch(/^(?:fine|\d+)$/);
      await remove(gateway, id);
    }
  });

  test('100 MB without a line end: ends the process, and releases the memory', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const { id, slug, ask } = await shared(odd({ timeoutSeconds: 60 }));
    const pid = Number(textOf(await ask('tools/call', { name: 'pid' })));
    collect();
    const before = process.memoryUsage.rss();
    const { status, body } = await ask('tools/call', { name: 'endless' });
    expect([status, body.error]).toEqual([
      502,
      {
        code: -32003,
        message: `The MCP server '${slug}' does not speak the protocol: one line of its output is longer than 33554432 characters.`,
      },
    ]);
    await expect.poll(() => isAlive(pid), { timeout: SOON }).toBe(false);
    expect(Number(textOf(await ask('tools/call', { name: 'pid' })))).not.toBe(pid);
    const grown = (): number => {
      collect();
      return process.memoryUsage.rss() - before;
    };
    await expect.poll(grown, { timeout: SOON }).toBeLessThan(100 * MIB);
    await remove(gateway, id);
  });
});

describe(`${FLOOD} progress notifications for a slow client`, () => {
  const flood: Script = {
    'tools/list': result({ tools: [tool('flood'), tool('pid')] }),
    'tools/call': (response, got) => {
      const { name, _meta } = got.message.params;
      if (name !== 'flood') {
        tell('fine')(response, got);
        return;
      }
      beginEvents(response);
      const { progressToken } = _meta;
      const answer = { jsonrpc: '2.0', id: got.message.id, result: { content: [{ type: 'text', text: 'done' }] } };
      let progress = 0;
      const more = (): void => {
        while (progress < FLOOD) {
          const params = { progressToken, progress: progress++ };
          if (!response.write(eventOf({ jsonrpc: '2.0', method: 'notifications/progress', params }))) {
            return;
          }
        }
        response.end(eventOf(answer));
      };
      response.on('drain', more);
      more();
    },
  };
  test.each<[string, Way, () => object | Promise<object>]>([
    ['over HTTP', 'just calls', () => scripted(flood)],
    ['of a process', 'just calls', () => odd()],
    ['of a process', 'stateless', () => odd()],
  ])('%s (%s): others are served, and the answer arrives', async (_, way, configure) => {
    const { id, url, ask } = await shared(await configure(), way);
    await ask('tools/list');
    const { body, headers } = requestOf(way, 1, 'tools/call', { name: 'flood' });
    const params = body.params as Json;
    const flooded = { ...body, params: { ...params, _meta: { ...params._meta, progressToken: 'slow' } } };
    const accept = { Accept: 'application/json, text/event-stream', 'Content-Type': 'application/json' };
    const asking = request(url, { method: 'POST', headers: { ...headers, ...accept } });
    asking.end(JSON.stringify(flooded));
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    await delay(500);
    expect((await ask('tools/call', { name: 'pid' })).status).toBe(200);
    expect((await call(gateway.url, 'getHealth')).status).toBe(200);

    response.setEncoding('utf8');
    let events = '';
    for await (const text of response) {
      events += text;
    }
    const messages = [...events.matchAll(/^data: ?(.+)$/gm)].map(([, data]): Json => JSON.parse(data ?? ''));
    const answer = messages.pop();
    expect([answer.id, answer.result.content[0].text]).toEqual([1, expect.stringMatching(/^(?:done|\d+)$/)]);
    // Some may be left out; those that come are this call's own, in their order.
    expect(messages.length).toBeGreaterThan(0);
    expect(messages.filter(({ params: told }) => told.progressToken !== 'slow')).toEqual([]);
    const told = messages.map(({ params: { progress } }): number => progress);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    await remove(gateway, id);
  });
});

describe('tools without a name, and with an input schema of no object', () => {
  const TOOLS = [
    { inputSchema: { type: 'object' } },
    { name: '', inputSchema: { type: 'object' } },
    { name: 'text', inputSchema: { type: 'string' } },
    { name: 'listed', inputSchema: [] },
    tool('fine'),
  ];
  test.each<[string, () => object | Promise<object>]>([
    ['over HTTP', () => scripted({ 'tools/list': result({ tools: TOOLS }) })],
    ['of a process', () => small({ env: { TOOLS: JSON.stringify(TOOLS) } })],
  ])('%s: are not listed and cannot be called', async (_, configure) => {
    const mcpServer = await configure();
    for (const way of WAYS) {
      const { id, ask } = await shared(mcpServer, way);
      const { body } = await ask('tools/list');
      expect(body.result.tools.map(({ name }: Json) => name)).toEqual(['fine']);
      expect((await ask('tools/call', { name: 'text' })).body.error.message).toContain('Unknown tool');
      expect((await ask('tools/call', { name: 'fine' })).body.result.content).toHaveLength(1);
      await remove(gateway, id);
    }
  });
});
