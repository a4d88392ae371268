import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { MAX_IN_FLIGHT } from '../../src/gateway/in-flight.ts';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { type Minted, mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { decide, getRequest, listRequests, waitingRequest } from './support/approver.ts';
import { type Recorder, startRecorder } from './support/recorder.ts';

let gateway: TestServer;
let upstream: Recorder;
let minted: Minted;
afterEach(async () => {
  await gateway.stop();
  await upstream.stop();
});

async function start(env: Readonly<Record<string, string>> = {}): Promise<void> {
  gateway = await startTestServer({
    env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1', GATEHOUSE_APPROVAL_HOLD: '60', ...env },
  });
  upstream = await startRecorder('sessions');
  minted = await mintOver(gateway, upstream.url, { name: 'Files', approval_policy: 'require_approval_all' });
}

const EVENTS = 'application/json, text/event-stream';
const message = (more: object = {}, id: unknown = 1) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name: 'write', arguments: {}, ...more },
});
const post = (body: unknown, accept = EVENTS, signal?: AbortSignal): Promise<Response> =>
  fetch(minted.url, {
    method: 'POST',
    headers: { Accept: accept },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  });
const eventsOf = (text: string): Json[] =>
  [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data ?? '') as Json);
const statusOf = ({ result }: Json): string => result._meta['gatehouse/approval'].status;

describe.each([
  ['a stream', EVENTS],
  ['JSON', 'application/json'],
])('a client that reads %s is held', (kind, accept) => {
  const answerOf = async (response: Response): Promise<Json> =>
    kind === 'JSON' ? response.json() : eventsOf(await response.text()).at(-1);

  test('until the call is approved, and gets its result in the same answer', async () => {
    await start();
    const answering = post(message(), accept);
    const request = await waitingRequest(gateway);
    expect(request.client_waiting).toBe(true);
    await decide(gateway, request);
    const answer = await answerOf(await answering);
    expect([answer.id, answer.result.content[0].text]).toEqual([1, 'Written.']);
    expect(await getRequest(gateway, request.id)).toMatchObject({ status: 'used', client_waiting: false });
  });

  test('until the call is denied', async () => {
    await start();
    const answering = post(message(), accept);
    await decide(gateway, await waitingRequest(gateway), 'deny');
    const answer = await answerOf(await answering);
    expect([statusOf(answer), answer.result.content[0].text]).toEqual(['denied', 'A person has denied this call.']);
    expect(upstream.calls).toEqual([]);
  });

  test('until the request expires', async () => {
    await start({ GATEHOUSE_APPROVAL_TIMEOUT: '1' });
    const answer = await answerOf(await post(message(), accept));
    expect([statusOf(answer), answer.result.content[0].text]).toEqual([
      'expired',
      expect.stringContaining('No person has answered in time'),
    ]);
  });

  test('as long as GATEHOUSE_APPROVAL_HOLD says, and the request stays', async () => {
    await start({ GATEHOUSE_APPROVAL_HOLD: '1' });
    const answer = await answerOf(await post(message(), accept));
    expect(statusOf(answer)).toBe('pending');
    expect(await listRequests(gateway, { status: 'pending' })).toHaveLength(1);
  });

  test('until something has changed, and asks anew', async () => {
    await start({ GATEHOUSE_APPROVAL_HOLD: '2' });
    const answering = post(message(), accept);
    const request = await waitingRequest(gateway);
    const path = { mcpServerId: minted.serverId };
    await call(gateway.url, 'updateMcpServer', { path, body: { request_headers: { 'X-Other': '1' } } });
    expect((await decide(gateway, request)).status).toBe(409);
    expect(statusOf(await answerOf(await answering))).toBe('outdated');
    expect(upstream.calls).toEqual([]);
  });

  test('until the server stops', async () => {
    await start();
    const answering = post(message(), accept);
    await waitingRequest(gateway);
    void gateway.stop();
    expect(statusOf(await answerOf(await answering))).toBe('pending');
  });
});

test('a stream begins at once, and shows that the call goes on', async () => {
  await start();
  const response = await post(message({ _meta: { progressToken: 'p' } }));
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  await decide(gateway, await waitingRequest(gateway));
  const events = eventsOf(await response.text());
  expect(events.map(({ method, result }) => method ?? result.content[0].text)).toEqual([
    'notifications/progress',
    'Written.',
  ]);
  expect(events[0]?.params).toEqual({
    progressToken: 'p',
    progress: expect.any(Number),
    message: 'A person must approve this call.',
  });
  // What the server reports comes after it.
  expect(events[0]?.params.progress).toBeLessThan(0.001);
});

test('two identical calls that are held: the first runs, the other is told to call again', async () => {
  await start();
  const answers = Promise.all([post(message({}, 1)), post(message({}, 2))]);
  const request = await waitingRequest(gateway);
  while ((await gateway.deps.store.read.sql.selectFrom('approval_requests').select('id').execute()).length > 1) {
    await delay(5);
  }
  await delay(100);
  await decide(gateway, request);
  const texts = (await Promise.all((await answers).map((answer) => answer.text()))).map((text) =>
    eventsOf(text).at(-1),
  );
  expect(upstream.calls).toHaveLength(1);
  expect(texts.map(({ result }) => result.content[0].text).toSorted()).toEqual([
    expect.stringContaining('Another call with the same arguments has used the approval'),
    'Written.',
  ]);
});

test('a cancellation ends the hold; the request stays, and nothing runs without a new call', async () => {
  await start();
  const answering = post(message({}, 'mine'));
  const request = await waitingRequest(gateway);
  await post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'mine' } });
  expect(eventsOf(await (await answering).text())).toEqual([]);
  await decide(gateway, request);
  await delay(50);
  expect(upstream.calls).toEqual([]);
  expect(((await (await post(message())).json()) as Json).result.content[0].text).toBe('Written.');
});

test('the deletion of the endpoint ends the hold', async () => {
  await start();
  const answering = post(message());
  const request = await waitingRequest(gateway);
  const path = { integrated_account_id: minted.serverId.slice('mcp_'.length), id: minted.id };
  await call(gateway.url, 'deleteEndpoint', { path });
  // Its stream breaks off, or says before that the request is outdated.
  const text = await answering.then((answer) => answer.text()).catch(() => 'broken off');
  expect(text).toMatch(/^broken off$|"status":"outdated"/);
  expect([(await decide(gateway, request)).status, upstream.calls]).toEqual([409, []]);
});

test('a batch is held as a whole no longer than one call', async () => {
  await start({ GATEHOUSE_APPROVAL_HOLD: '1' });
  const bodies = [1, 2, 3].map((id) => message({ arguments: { id } }, id));
  const text = await (await post([...bodies, { jsonrpc: '2.0', id: 4, method: 'ping' }])).text();
  const events = eventsOf(text);
  expect(events.map(({ id }) => id)).toEqual([1, 2, 3, 4]);
  expect(events.slice(0, 3).map(statusOf)).toEqual(['pending', 'pending', 'pending']);
});

test('an approved call in a batch is answered in its place', async () => {
  await start();
  const answering = post([message({}, 1), { jsonrpc: '2.0', id: 2, method: 'ping' }]);
  await decide(gateway, await waitingRequest(gateway));
  const events = eventsOf(await (await answering).text());
  expect(events.map(({ id }) => id)).toEqual([1, 2]);
  expect(events[0]?.result.content[0].text).toBe('Written.');
});

test('held calls are not in flight: 256 of them leave room for others', async () => {
  await start();
  const gone = new AbortController();
  const held = Array.from({ length: 300 }, (_, id) =>
    post(message({ arguments: { id } }), EVENTS, gone.signal).catch(() => undefined),
  );
  await Promise.all(held);
  const ping = await post({ jsonrpc: '2.0', id: 1, method: 'ping' }, 'application/json');
  expect(ping.status).toBe(200);
  gone.abort();
  expect(MAX_IN_FLIGHT.held).toBe(1000);
});

test('an answer after the hold that fails is an error in the stream', async () => {
  await start();
  const answering = post(message());
  const request = await waitingRequest(gateway);
  upstream.tools = [];
  gateway.clock.now += 60_001;
  await decide(gateway, request);
  const events = eventsOf(await (await answering).text());
  expect(events.at(-1)?.error.message).toBe('Unknown tool: write');
});
