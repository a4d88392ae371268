import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentOf } from '../support/accounts.ts';
import { type Answer, call } from '../support/client.ts';
import { beginSession, post, requestOf, type Way } from '../support/mcp-client.ts';
import type { ServedTool } from '../support/mcp-servers.ts';
import { mint, mintOver } from '../support/minted.ts';
import { beginEvents, eventOf, json, type Script, type Scripted, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startSseServer } from '../support/sse-server.ts';
import { startWebSocketServer } from '../support/websocket-server.ts';

/** Milliseconds: many times what is promised, for a machine that is busy. */
const SOON = 20_000;
const STREAM = { Accept: 'application/json, text/event-stream' };
const WAYS: readonly Way[] = ['just calls', 'stateless'];

/** A server whose tool `act` never answers, behind an endpoint. */
type Place = {
  readonly token: string;
  readonly tool: string;
  readonly serverId?: string;
  /** Calls that have reached the server, and those of them that have ended without an answer. */
  readonly begun: () => number;
  readonly cancelled: () => number;
};

let gateway: TestServer;
const stops: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all(stops.map((stop) => stop()));
});

/** Over HTTP, in the handshake era, a server is told; in the stateless one, the connection ends. */
async function overHttp(era: 'handshake' | 'stateless', more: Script = {}): Promise<Place & { server: Scripted }> {
  let gone = 0;
  const server = await startScripted(era, {
    'tools/call': (response) => {
      response.once('close', () => {
        gone += 1;
      });
    },
    ...more,
  });
  stops.push(server.stop);
  const told = (): number =>
    server
      .got('notifications/cancelled')
      .filter(({ message }) => server.got('tools/call').some((got) => got.message.id === message.params.requestId))
      .length;
  return {
    server,
    ...(await mintOver(gateway, server.url)),
    tool: 'act',
    begun: () => server.got('tools/call').length,
    cancelled: () => (era === 'handshake' ? told() : gone),
  };
}

/** A handshake without a session, as servers without state answer it. */
const NO_SESSION: Script = {
  initialize: (response, got) => {
    const { protocolVersion } = got.message.params;
    json({ result: { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } } })(
      response,
      got,
    );
  },
};

async function overPipe(transport: 'SSE' | 'WebSocket'): Promise<Place> {
  let [begun, cancelled] = [0, 0];
  const act: ServedTool = {
    name: 'act',
    call: ({ signal }) =>
      new Promise<string>((resolve) => {
        begun += 1;
        signal.addEventListener('abort', () => {
          cancelled += 1;
          resolve('too late');
        });
      }),
  };
  const server = await (transport === 'SSE' ? startSseServer : startWebSocketServer)([act]);
  stops.push(server.stop);
  const minted = await mintOver(gateway, server.url, { transport });
  return { ...minted, tool: 'act', begun: () => begun, cancelled: () => cancelled };
}

async function overService(): Promise<Place> {
  let [begun, cancelled] = [0, 0];
  const service = createServer((_request, response) => {
    begun += 1;
    response.once('close', () => {
      cancelled += 1;
    });
  });
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  stops.push(async () => {
    service.closeAllConnections();
    service.close();
  });
  const base_url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  const document = documentOf({ 'GET /things': { tags: ['things'] } });
  const { body } = await call(gateway.url, 'createIntegration', { body: { name: 'slow', document, base_url } });
  const account = await call(gateway.url, 'createAccount', {
    body: { tenant_id: 'acme', environment_integration_id: body.id, authentication_method: 'none' },
  });
  const path = { integrated_account_id: account.body.id };
  const { token } = (await call(gateway.url, 'createEndpoint', { path, body: { name: 'Slow' } })).body;
  return { token, tool: 'list_all_slow_things', begun: () => begun, cancelled: () => cancelled };
}

const PLACES: Record<string, () => Promise<Place>> = {
  'a server with sessions': () => overHttp('handshake'),
  'a server without sessions': () => overHttp('handshake', NO_SESSION),
  'a stateless server': () => overHttp('stateless'),
  'a server over SSE': () => overPipe('SSE'),
  'a server over WebSocket': () => overPipe('WebSocket'),
  'an OpenAPI service': overService,
};

const send = ({ token }: Pick<Place, 'token'>, way: Way, id: unknown, tool: string, more = {}): Promise<Answer> => {
  const { body, headers } = requestOf(way, id, 'tools/call', { name: tool });
  return post({ gateway, token }, body, { ...headers, ...more });
};
const cancel = async ({ token }: Pick<Place, 'token'>, way: Way, requestId: unknown, more = {}): Promise<number> => {
  const { body, headers } = requestOf(way, undefined, 'notifications/cancelled', { requestId });
  return (await post({ gateway, token }, body, { ...headers, ...more })).status;
};

describe.each(Object.keys(PLACES))('%s', (name) => {
  test.each(WAYS)('is told that a client has cancelled its call (%s)', async (way) => {
    const place = (await PLACES[name]?.()) as Place;
    const calls = [send(place, way, 7, place.tool, STREAM), send(place, way, 'seven', place.tool)] as const;
    await expect.poll(place.begun, { timeout: SOON }).toBe(2);
    expect(await cancel(place, way, '7')).toBe(202);
    expect(await cancel(place, way, 7)).toBe(202);
    const streamed = await calls[0];
    // No response to the request (MCP, "Cancellation").
    expect([streamed.status, streamed.headers.get('content-type'), streamed.text]).toEqual([
      200,
      'text/event-stream',
      ': cancelled\n\n',
    ]);
    await expect.poll(place.cancelled, { timeout: SOON }).toBe(1);
    await cancel(place, way, 'seven');
    const { status, body } = await calls[1];
    expect([status, body.id, body.error.message]).toEqual([200, 'seven', 'The client has cancelled the request.']);
    await expect.poll(place.cancelled, { timeout: SOON }).toBe(2);
  });
});

test('two calls with one id: none is cancelled', async () => {
  const place = await overHttp('handshake');
  const calls = [1, 1, 2].map((id) => send(place, 'just calls', id, 'act', STREAM));
  await expect.poll(place.begun, { timeout: SOON }).toBe(3);
  await cancel(place, 'just calls', 1);
  await cancel(place, 'just calls', 2);
  await calls[2];
  await expect.poll(place.cancelled, { timeout: SOON }).toBe(1);
  await place.server.stop();
  expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([502, 502, 200]);
});

test('a call of a client of the other era with the same id goes on', async () => {
  const place = await overHttp('stateless');
  const calls = WAYS.map((way) => send(place, way, 1, 'act', STREAM));
  await expect.poll(place.begun, { timeout: SOON }).toBe(2);
  await cancel(place, 'just calls', 1);
  expect((await calls[0])?.text).toBe(': cancelled\n\n');
  await place.server.stop();
  expect((await calls[1])?.status).toBe(502);
});

test('a call of another endpoint with the same id goes on', async () => {
  const place = await overHttp('handshake');
  const other = await mint(gateway, String(place.serverId));
  const calls = [send(place, 'just calls', 1, 'act', STREAM), send(other, 'just calls', 1, 'act', STREAM)] as const;
  await expect.poll(place.begun, { timeout: SOON }).toBe(2);
  await cancel(other, 'just calls', 1);
  expect((await calls[1]).text).toBe(': cancelled\n\n');
  await expect.poll(place.cancelled, { timeout: SOON }).toBe(1);
  await place.server.stop();
  expect((await calls[0]).status).toBe(502);
});

test('a call in a session is cancelled by its server, under the id of the client', async () => {
  const place = await overHttp('handshake');
  const session = { ...(await beginSession({ gateway, token: place.token })), ...STREAM };
  const [own, other] = [send(place, 'just calls', 1, 'act', session), send(place, 'just calls', 1, 'act', STREAM)];
  await expect.poll(place.begun, { timeout: SOON }).toBe(2);
  await cancel(place, 'just calls', 1, session);
  expect(place.server.got('notifications/cancelled').at(-1)?.message.params.requestId).toBe(1);
  await cancel(place, 'just calls', 1);
  expect((await other).text).toBe(': cancelled\n\n');
  await place.server.stop();
  expect((await own).status).toBe(502);
});

test('an answer that has begun ends without its response', async () => {
  const NEWS = { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'Begun' } };
  const place = await overHttp('stateless', {
    'tools/call': (response) => void beginEvents(response).write(eventOf(NEWS)),
  });
  const { body, headers } = requestOf('stateless', 1, 'tools/call', { name: 'act' });
  const answer = await fetch(`${gateway.url}/mcp/${place.token}`, {
    method: 'POST',
    headers: { ...headers, ...STREAM, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  const reading = answer.text();
  await cancel(place, 'stateless', 1);
  expect(await reading).toBe(eventOf(NEWS));
});
