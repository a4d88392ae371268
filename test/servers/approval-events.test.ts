import { setTimeout as delay } from 'node:timers/promises';
import { createParser } from 'eventsource-parser';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { decide, getRequest } from '../approvals/support/approver.ts';
import { type Recorder, startRecorder } from '../approvals/support/recorder.ts';
import { call, credentialHeaders } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { post } from '../support/mcp-client.ts';
import { type Minted, mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { cookieIn } from '../support/world.ts';

let server: TestServer;
let upstream: Recorder;
let minted: Minted;
beforeAll(async () => {
  server = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  upstream = await startRecorder('sessions');
  minted = await mintOver(server, upstream.url, { name: 'Files', approval_policy: 'require_approval_all' });
});
beforeEach(() => {
  server.clock.now += 600_000;
});
afterAll(async () => {
  await server.stop();
  await upstream.stop();
});

type Pair = { readonly apiKey: string; readonly apiSecret: string; readonly id: string };
const pairFor = async (org_id = server.organizationId, permissions = ['approvals']): Promise<Pair> =>
  (await call(server.url, 'createApiKey', { path: { org_id }, body: { name: 'Watcher', permissions } })).body;
const revoke = ({ id }: Pair, org_id = server.organizationId) =>
  call(server.url, 'deleteApiKey', { path: { org_id, id } });

const run = async (args: object): Promise<Json> => {
  server.clock.now += 1;
  const params = { name: 'write', arguments: args };
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params };
  return (await post({ gateway: server, token: minted.token }, body)).body.result;
};
const asked = async (args: object): Promise<Json> =>
  getRequest(server, (await run(args))._meta['gatehouse/approval'].id);

type Event = { readonly id: string; readonly event: string; readonly data: Json };
type Stream = { readonly status: number; readonly events: Event[]; isOver: boolean; readonly close: () => void };

/** Opens a stream and reads it. Resolves when it has begun. */
async function open(as: Parameters<typeof credentialHeaders>[0], lastEventId?: string): Promise<Stream> {
  const ending = new AbortController();
  const headers = { ...credentialHeaders(as), ...(lastEventId !== undefined && { 'Last-Event-ID': lastEventId }) };
  const response = await fetch(`${server.url}/api/approval-requests/events`, { headers, signal: ending.signal });
  const stream: Stream = { status: response.status, events: [], isOver: false, close: () => ending.abort() };
  const parser = createParser({
    onEvent: ({ id = '', event = '', data }) => stream.events.push({ id, event, data: JSON.parse(data) }),
  });
  const decoder = new TextDecoder();
  const read = async () => {
    for await (const chunk of response.body ?? []) {
      parser.feed(decoder.decode(chunk, { stream: true }));
    }
  };
  read()
    .catch(() => undefined)
    .finally(() => {
      stream.isOver = true;
    });
  return stream;
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) {
    await delay(5);
  }
}

const told = (stream: Stream, id: string) => stream.events.filter(({ data }) => data.id === id);
const namesOf = (stream: Stream, id: string) => told(stream, id).map(({ event }) => event);

test('a session opens a stream, which is told nothing more once the person has signed out', async () => {
  const { apiKey: api_key, apiSecret: api_secret } = await pairFor();
  const session = cookieIn(await call(server.url, 'createSession', { as: 'nobody', body: { api_key, api_secret } }));
  const stream = await open({ session });
  expect(stream.status).toBe(200);
  const first = await asked({ before: true });
  await until(() => told(stream, first.id).length > 0);
  await call(server.url, 'deleteSession', { as: { session } });
  const second = await asked({ after: true });
  await until(() => stream.isOver);
  expect(told(stream, second.id)).toEqual([]);
  expect((await open({ session })).status).toBe(401);
});

test('200: everything that happens, in its order, as webhooks get it, until the pair is revoked', async () => {
  const pair = await pairFor();
  const streaming = call(server.url, 'streamApprovalEvents', { as: pair });
  const beside = await open(pair);
  const used = await asked({ used: true });
  await decide(server, used);
  await run({ used: true });
  const denied = await asked({ denied: true });
  await decide(server, denied, 'deny', { reason: 'No.' });
  const expired = await asked({ expired: true });
  server.clock.now += 300_000;
  // The next identical call stores that it has expired.
  await run({ expired: true });
  const outdated = await asked({ outdated: true });
  const path = { mcpServerId: minted.serverId };
  await call(server.url, 'updateMcpServer', { path, body: { timeout_seconds: 61 } });
  await decide(server, outdated);
  await until(() => namesOf(beside, outdated.id).includes('outdated'));
  expect(namesOf(beside, used.id)).toEqual(['requested', 'decided', 'used']);
  expect(namesOf(beside, denied.id)).toEqual(['requested', 'decided']);
  expect(namesOf(beside, expired.id)).toEqual(['requested', 'expired']);
  expect(namesOf(beside, outdated.id)).toEqual(['requested', 'outdated']);
  const { definition, arguments: args, client_waiting, unseen_rounds, ...facts } = used;
  expect(told(beside, used.id)[0]).toEqual({
    id: expect.stringMatching(/^evt_/),
    event: 'requested',
    data: { ...facts, url: `${server.url}/console/approvals/${used.id}` },
  });
  expect(told(beside, denied.id)[1]?.data).toMatchObject({ status: 'denied', decisions: [{ reason: 'No.' }] });
  await revoke(pair);
  const after = await asked({ after: 'the pair' });
  await until(() => beside.isOver);
  expect(told(beside, after.id)).toEqual([]);
  const { status, text } = await streaming;
  expect([status, text.match(/^event: .*$/gm)]).toEqual([200, beside.events.map(({ event }) => `event: ${event}`)]);
});

test('200: a stream goes on after its last event, and misses nothing', async () => {
  const first = await open('team');
  const before = await asked({ before: true });
  await until(() => told(first, before.id).length === 1);
  first.close();
  const meanwhile = [await asked({ meanwhile: 1 }), await asked({ meanwhile: 2 })];
  const second = await open('team', first.events.at(-1)?.id);
  const later = await asked({ later: true });
  await until(() => told(second, later.id).length === 1);
  expect(second.events.map(({ data }) => data.id)).toEqual([...meanwhile, later].map(({ id }) => id));
  second.close();
});

test("200: another organization's events are not in the stream", async () => {
  const { id: org_id } = (await call(server.url, 'createOrganization', { body: { name: 'Other' } })).body;
  const stranger = await open(await pairFor(org_id));
  const own = await open('team');
  const { id } = await asked({ stranger: true });
  await until(() => told(own, id).length === 1);
  expect(stranger.events).toEqual([]);
  // Nor does an event of one organization say where to go on in another.
  const as = await pairFor(org_id);
  const headers = { 'Last-Event-ID': own.events.at(-1)?.id ?? '' };
  expect((await call(server.url, 'streamApprovalEvents', { as, headers })).status).toBe(409);
  stranger.close();
  own.close();
});

test('409: the event is not kept; 400: it is no event, or there is a query', async () => {
  const headers = { 'Last-Event-ID': 'evt_00000000-0000-4000-8000-000000000000' };
  const answer = await call(server.url, 'streamApprovalEvents', { headers });
  expect([answer.status, answer.body.error]).toEqual([
    409,
    expect.stringContaining('Connect without Last-Event-ID, and then list the approval requests.'),
  ]);
  const wrong = await call(server.url, 'streamApprovalEvents', { headers: { 'Last-Event-ID': '17' } });
  expect([wrong.status, wrong.body.error]).toEqual([400, expect.stringContaining('last-event-id')]);
  expect((await call(server.url, 'streamApprovalEvents', { query: { page: '1' } })).status).toBe(400);
});

test('429: more than 32 streams of one organization; one that ends makes room', async () => {
  const { id: org_id } = (await call(server.url, 'createOrganization', { body: { name: 'Many' } })).body;
  const pair = await pairFor(org_id);
  const streams = await Promise.all(Array.from({ length: 32 }, () => open(pair)));
  expect(new Set(streams.map(({ status }) => status))).toEqual(new Set([200]));
  const refused = await call(server.url, 'streamApprovalEvents', { as: pair });
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5']);
  streams[0]?.close();
  let next = await open(pair);
  while (next.status === 429) {
    await delay(5);
    next = await open(pair);
  }
  expect(next.status).toBe(200);
  for (const stream of [...streams, next]) {
    stream.close();
  }
});

test('HEAD ends at once', async () => {
  const response = await fetch(`${server.url}/api/approval-requests/events`, {
    method: 'HEAD',
    headers: credentialHeaders('team'),
  });
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
});

test('streams end when the server stops, and do not keep it', async () => {
  const other = await startTestServer();
  const response = await fetch(`${other.url}/api/approval-requests/events`, { headers: credentialHeaders('team') });
  const ending = response.text();
  await other.stop();
  expect(await ending).toMatch(/^: connected/);
});
