import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { beginSession, type Headers } from '../support/mcp-client.ts';
import { type Minted, mintOver } from '../support/minted.ts';
import { beginEvents, raw, type Scripted, type Step, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let gateway: TestServer;
let server: Scripted;
let minted: Minted;
let session: Headers;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  server = await startScripted('handshake');
  minted = await mintOver(gateway, server.url);
  session = await beginSession({ gateway, token: minted.token });
});
afterAll(async () => {
  await gateway.stop();
  await server.stop();
});

/** The stream at the server, once it is open. */
let opened: Promise<ServerResponse>;
beforeEach(() => {
  opened = new Promise((resolve) => {
    server.script.GET = (response) => resolve(beginEvents(response));
  });
});

const listen = async (headers: Headers = {}, signal?: AbortSignal) => {
  const response = await fetch(minted.url, { headers: { ...session, ...headers }, ...(signal && { signal }) });
  return { response, reader: (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader() };
};
const CHANGED = 'id: 17\nevent: message\ndata: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n';
const ASKED = 'id: 18\nretry: 5\ndata: {"jsonrpc":"2.0","id":0,"method":"roots/list"}\n\n';

test.each([['text/event-stream'], ['*/*']])('passes on notifications unchanged and at once: %s', async (Accept) => {
  const { response, reader } = await listen({ Accept });
  expect([response.status, response.headers.get('content-type')]).toEqual([
    200,
    expect.stringMatching(/^text\/event-stream/),
  ]);
  expect(server.got('GET').at(-1)?.headers).toMatchObject({ accept: 'text/event-stream' });
  const stream = await opened;
  for (const event of [CHANGED, ASKED]) {
    stream.write(event);
    expect((await reader.read()).value).toBe(event);
  }
  stream.end();
  expect((await reader.read()).done).toBe(true);
});

test('200: the complete stream of a server that ends it', async () => {
  server.script.GET = (response) => beginEvents(response).end(CHANGED);
  const headers = { ...session, Accept: 'text/event-stream', 'Last-Event-ID': '16' };
  for (const id of ['openEndpointStream', 'openStreamWithBearer'] as const) {
    const as = id === 'openEndpointStream' ? 'nobody' : { apiToken: minted.token };
    const { status, text } = await call(gateway.url, id, { path: { token: minted.token }, as, headers });
    expect([status, text]).toEqual([200, CHANGED]);
    expect(server.got('GET').at(-1)?.headers['last-event-id']).toBe('16');
  }
});

test('ends at the server when the client leaves', async () => {
  const leaving = new AbortController();
  const { reader } = await listen({}, leaving.signal);
  const ended = once(await opened, 'close');
  leaving.abort();
  await expect(reader.read()).rejects.toThrow();
  await ended;
});

test('breaks for the client when the server is gone', async () => {
  const { reader } = await listen();
  (await opened).destroy();
  await expect(reader.read()).rejects.toThrow();
});

test.each<[string, Step, number]>([
  ['has no such stream', raw(405, 'text/plain', ''), 405],
  ['has forgotten the session', raw(404, 'text/plain', ''), 404],
  [
    'cannot go on from there',
    raw(400, 'application/json', '{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"?"}}'),
    400,
  ],
  ['refuses its own credentials', raw(401, 'text/plain', ''), 502],
  ['is broken', raw(500, 'text/html', '<h1>500</h1>'), 502],
  ['answers with a page', raw(200, 'text/html', '<h1>Welcome</h1>'), 502],
  ['is gone', (response) => response.destroy(), 502],
])('a server that %s', async (_, step, status) => {
  server.script.GET = step;
  for (const id of ['openEndpointStream', 'openStreamWithBearer'] as const) {
    const as = id === 'openEndpointStream' ? 'nobody' : { apiToken: minted.token };
    const answer = await call(gateway.url, id, { path: { token: minted.token }, as, headers: session });
    expect([answer.status, answer.headers.get('allow')]).toEqual([status, status === 405 ? 'POST' : null]);
    expect(answer.body).toMatchObject({ jsonrpc: '2.0', id: null });
  }
});
