import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { LIMITS } from '../../src/base/limits.ts';
import { watchConnections } from '../../src/http/connections.ts';
import { call } from '../support/client.ts';
import { mintOver } from '../support/minted.ts';
import { type RawClient, rawClient } from '../support/raw-client.ts';
import { beginEvents, eventOf, json, type Scripted, startScripted } from '../support/scripted.ts';
import { API_KEY, API_SECRET, startTestServer, type TestServer } from '../support/server.ts';

/** A twentieth of the real ones. */
const limits = {
  headerTimeoutMs: 500,
  requestTimeoutMs: 1_500,
  answerTimeoutMs: 1_000,
  keepAliveMs: 250,
  connectionCheckMs: 100,
  lingerMs: 100,
};
const PATIENCE = { timeout: 20_000, interval: 50 };

let gateway: TestServer;
let scripted: Scripted;
let token: string;
const clients: RawClient[] = [];

const client = async (sent: string, options?: { readonly reads: boolean }): Promise<RawClient> => {
  const made = await rawClient(gateway.url, sent, options);
  clients.push(made);
  return made;
};
const get = (path: string, headers = ''): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`;
const rpc = (method: string): string =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { name: 'look', arguments: {} } });
const post = (body: string, length = body.length): string =>
  `POST /mcp/${token} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n` +
  `Accept: text/event-stream, application/json\r\nContent-Length: ${length}\r\n\r\n${body}`;
const answersOf = ({ text }: RawClient): string[] => text().match(/HTTP\/1\.1 \d{3}/g) ?? [];

beforeAll(async () => {
  gateway = await startTestServer({ limits, env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  scripted = await startScripted('stateless');
  token = (await mintOver(gateway, scripted.url)).token;
});
afterAll(async () => {
  for (const { socket } of clients) {
    socket.resetAndDestroy();
  }
  await gateway.stop();
  await scripted.stop();
});

describe.concurrent('an incomplete request', () => {
  test.for<[string, string]>([
    ['half a header', 'GET /docs HTTP/1.1\r\nHost: loc'],
    ['nothing', ''],
    ['empty lines', '\r\n\r\n'],
    [
      'half a body',
      `POST /api/mcp-servers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nX-API-KEY: ${API_KEY}\r\nX-API-SECRET: ${API_SECRET}\r\nContent-Length: 100\r\n\r\n{`,
    ],
    [
      'half a chunk',
      `POST /api/mcp-servers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nX-API-KEY: ${API_KEY}\r\nX-API-SECRET: ${API_SECRET}\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{`,
    ],
  ])('is answered with 408, and its connection ends: %s', async ([, sent], { expect }) => {
    const { text, isGone } = await client(sent);
    await expect.poll(isGone, PATIENCE).toBe(true);
    expect(text()).toMatch(/^HTTP\/1\.1 408 [\s\S]*"message":|"error":/);
    expect(text()).toMatch(/^Connection: close\r$/m);
  });

  test('is answered with 408 at an endpoint too', async ({ expect }) => {
    const { text, isGone } = await client(post('{', 100));
    await expect.poll(isGone, PATIENCE).toBe(true);
    expect(text()).toMatch(/^HTTP\/1\.1 408 [\s\S]*"jsonrpc":"2.0"/);
  });

  test('ends its connection even if the operation reads no body and has answered', async ({ expect }) => {
    const { text, isGone, socket } = await client(get('/healthz', 'Content-Length: 100000\r\n'));
    const trickle = setInterval(() => socket.write('x'), 50);
    await expect.poll(isGone, PATIENCE).toBe(true);
    clearInterval(trickle);
    expect(text()).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe.concurrent('a connection without a request', () => {
  test('ends after an answer', async ({ expect }) => {
    const { isGone } = await client(get('/healthz'));
    await expect.poll(isGone, PATIENCE).toBe(true);
  });

  test('ends after an answer, even if it sends empty lines', async ({ expect }) => {
    const { isGone, socket } = await client(get('/healthz'));
    const trickle = setInterval(() => socket.write('\r\n'), 50);
    await expect.poll(isGone, PATIENCE).toBe(true);
    clearInterval(trickle);
  });
});

describe.concurrent('an answer', () => {
  test('arrives completely even if the request body is not read, and its connection ends', async ({ expect }) => {
    const { text, isGone, socket } = await client(
      'POST /api/mcp-servers HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000000\r\n\r\n',
    );
    // Closed with these unread, the system would take the answer back.
    for (let sent = 0; sent < 20; sent++) {
      socket.write('x'.repeat(100_000));
    }
    await expect.poll(isGone, PATIENCE).toBe(true);
    expect(text()).toMatch(/^HTTP\/1\.1 401 [\s\S]*key pair/);
  });

  test('does not leave the connection half open if the request is invalid', async ({ expect }) => {
    const { text, isGone } = await client('NONSENSE\r\n\r\n');
    await expect.poll(isGone, PATIENCE).toBe(true);
    expect(text()).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe('an answer that the client does not take', () => {
  test('ends its connection: /docs, several times', async () => {
    const { socket, isGone } = await client(get('/docs', 'Accept-Encoding: identity\r\n').repeat(9), { reads: false });
    // Bytes that the client sends are not bytes that it takes.
    const trickle = setInterval(() => socket.write(get('/healthz')), 200);
    await expect.poll(isGone, PATIENCE).toBe(true);
    clearInterval(trickle);
  });

  test('ends its connection: a stream of events, and the server is told', async () => {
    const gone = new Promise<void>((resolve) => {
      scripted.script['tools/call'] = (response) => {
        beginEvents(response).once('close', resolve);
        const event = eventOf({
          jsonrpc: '2.0',
          method: 'notifications/message',
          params: { data: 'x'.repeat(60_000) },
        });
        const write = () => {
          while (response.write(event)) {
            // Until its buffers are full.
          }
        };
        response.on('drain', write);
        write();
      };
    });
    const { isGone } = await client(post(rpc('tools/call')), { reads: false });
    await expect.poll(isGone, PATIENCE).toBe(true);
    await gone;
  });

  test('arrives completely if the client takes it slowly', async () => {
    const text = 'x'.repeat(12_000_000);
    scripted.script['tools/call'] = json({ result: { content: [{ type: 'text', text }] } });
    const { socket } = await client(post(rpc('tools/call')), { reads: false });
    let taken = 0;
    let wanted = 0;
    socket.on('data', (data) => {
      taken += data.length;
      if (taken >= wanted) {
        socket.pause();
      }
    });
    const start = performance.now();
    while (taken < text.length) {
      wanted += 2_000_000;
      socket.resume();
      await wait(500);
      expect(performance.now() - start).toBeLessThan(30_000);
    }
    expect(performance.now() - start).toBeGreaterThan(2 * limits.answerTimeoutMs);
  });

  test('does not end a stream of events without waiting data', async () => {
    let end = () => undefined as unknown;
    scripted.script['tools/call'] = (response, { message }) => {
      beginEvents(response).write(eventOf({ jsonrpc: '2.0', method: 'notifications/message', params: {} }));
      end = () => response.end(eventOf({ jsonrpc: '2.0', id: message.id, result: { content: [] } }));
    };
    const { text, isEnded } = await client(post(rpc('tools/call')));
    await expect.poll(text, PATIENCE).toContain('notifications/message');
    await wait(2 * limits.answerTimeoutMs);
    expect(isEnded()).toBe(false);
    end();
    await expect.poll(text, PATIENCE).toContain('"content":[]');
  });
});

describe('pipelined requests', () => {
  test('run one after another, and are answered in order', async () => {
    const answers: (() => void)[] = [];
    scripted.script['tools/call'] = (response, got) =>
      answers.push(() => json({ result: { content: [] } })(response, got));
    const made = await client(post(rpc('tools/call')).repeat(3) + get('/healthz'));
    for (const count of [1, 2, 3]) {
      await expect.poll(() => answers.length, PATIENCE).toBe(count);
      await wait(200);
      expect([answers.length, answersOf(made).length]).toEqual([count, count - 1]);
      answers[count - 1]?.();
    }
    await expect.poll(() => answersOf(made).length, PATIENCE).toBe(4);
    expect(made.text()).toContain('{"status":"ok"}');
  });

  test('are all answered with bodies in many pieces', async () => {
    scripted.script['tools/call'] = json({ result: { content: [] } });
    const made = await client('');
    const all = (post(rpc('tools/call')) + get('/healthz')).repeat(16);
    for (let at = 0; at < all.length; at += 331) {
      made.socket.write(all.slice(at, at + 331));
      await wait(1);
    }
    await expect.poll(() => answersOf(made).length, PATIENCE).toBe(32);
    expect(made.isEnded()).toBe(false);
  });

  test('do not run if the connection ends with the answer before them', async () => {
    const made = await client(get('/healthz', 'Connection: close\r\n') + get('/readyz'));
    await expect.poll(made.isGone, PATIENCE).toBe(true);
    expect(answersOf(made)).toHaveLength(1);
  });

  test('end the connection if there are thousands, and do not delay others', async () => {
    scripted.script['tools/call'] = () => undefined;
    const before = scripted.got('tools/call').length;
    const { isGone } = await client(post(rpc('tools/call')) + get('/docs').repeat(2000), { reads: false });
    await expect.poll(isGone, PATIENCE).toBe(true);
    expect(scripted.got('tools/call').length - before).toBeLessThanOrEqual(1);
    expect((await call(gateway.url, 'getHealth')).status).toBe(200);
  });
});

test('the remaining data of a closed connection is not parsed', async () => {
  let parsed = 0;
  const server = createServer().on('request', () => (parsed += 1));
  const options = { limits: LIMITS, perAddress: null, descriptors: null, onTight: vi.fn(), onManyEnded: vi.fn() };
  const connections = watchConnections(server, options);
  server.on(
    'request',
    connections.inOrder(() => undefined),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { isGone, socket } = await rawClient(`http://127.0.0.1:${port}`, get('/').repeat(1000));
  await expect.poll(isGone, PATIENCE).toBe(true);
  // As many as may wait, and those with which it was noticed.
  expect(parsed).toBeLessThan(40);
  socket.destroy();
  connections.close();
  server.close();
});

test('GATEHOUSE_CONNECTIONS_PER_ADDRESS: closes further connections of an address until another one has ended', async () => {
  const limited = await startTestServer({ env: { GATEHOUSE_CONNECTIONS_PER_ADDRESS: '2' } });
  const [first, second] = [await rawClient(limited.url, ''), await rawClient(limited.url, '')];
  const third = await rawClient(limited.url, get('/healthz'));
  await expect.poll(third.isGone, PATIENCE).toBe(true);
  expect(third.text()).toBe('');
  first.socket.resetAndDestroy();
  const ask = async () => {
    const again = await rawClient(limited.url, get('/healthz', 'Connection: close\r\n'));
    await expect.poll(again.isGone, PATIENCE).toBe(true);
    return again.text();
  };
  await expect.poll(ask, PATIENCE).toContain('200 OK');
  second.socket.resetAndDestroy();
  await limited.stop();
});
