import { afterEach, expect, test, vi } from 'vitest';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { connect } from '../support/mcp-client.ts';
import { mintOver } from '../support/minted.ts';
import { document, startTestServer, type TestServer } from '../support/server.ts';
import { decide, waitingRequest } from './support/approver.ts';
import { type Receiver, startReceiver } from './support/receiver.ts';
import { type Recorder, startRecorder } from './support/recorder.ts';

const EVENTS = ['requested', 'decided', 'expired', 'outdated', 'used'].map((name) => `approval.${name}`);
const ARGUMENTS = { path: '/june', text: '<!channel> `x`' };

let gateway: TestServer;
let upstream: Recorder;
let receiver: Receiver;
afterEach(async () => {
  await gateway.stop();
  await upstream.stop();
  await receiver.stop();
});

async function start(more: object = {}) {
  const env = { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1', GATEHOUSE_APPROVAL_HOLD: '0' };
  gateway = await startTestServer({ env, limits: { webhookPollMs: 10, webhookTimeoutMs: 300 } });
  upstream = await startRecorder('sessions');
  receiver = await startReceiver();
  const options = { name: 'Files', transport: upstream.transport, approval_policy: 'require_approval_all' };
  const { token } = await mintOver(gateway, upstream.url, options);
  await call(gateway.url, 'createWebhook', { body: { url: receiver.url, events: EVENTS, ...more } });
  const ask = await connect({ gateway, token }, 'own session');
  return () => ask('tools/call', { name: 'write', arguments: ARGUMENTS });
}

const bodies = (): Json[] => receiver.received.map(({ text }) => JSON.parse(text));
const typesOf = (received: readonly Json[]): string[] => received.map(({ type }) => type).toSorted();
/** Waits for exactly these events. Their order is not promised. */
const arrived = (...types: string[]) =>
  vi.waitFor(() => expect(typesOf(bodies())).toEqual(types.map((type) => `approval.${type}`).toSorted()), {
    timeout: 10_000,
  });
const dataOf = (type: string): Json => bodies().find((body) => body.type === `approval.${type}`)?.data;

test('a request, its decision and its use arrive, without arguments, as they then were', async () => {
  const run = await start();
  await run();
  const {
    definition: _,
    arguments: args,
    client_waiting: __,
    pinned_definition: ___,
    unseen_rounds: ____,
    ...request
  } = await waitingRequest(gateway);
  expect(args).toEqual(ARGUMENTS);
  await arrived('requested');
  const url = `${gateway.url}/console/approvals/${request.id}`;
  expect(bodies()[0]).toEqual({
    type: 'approval.requested',
    timestamp: new Date(gateway.clock.now).toISOString(),
    data: { ...request, url },
  });
  await decide(gateway, request, 'approve', { reason: 'fine' });
  await arrived('requested', 'decided');
  expect(dataOf('decided')).toMatchObject({ status: 'approved', decisions: [{ decision: 'approve', reason: 'fine' }] });
  await run();
  await arrived('requested', 'decided', 'used');
  expect(dataOf('used')).toMatchObject({ status: 'used', used_at: gateway.clock.now });
  const examples = Object.keys((document as unknown as Json).webhooks);
  expect(examples.toSorted()).toEqual([...EVENTS, 'webhook.test'].toSorted());
});

test('a denial and an expiry arrive', async () => {
  const run = await start();
  await run();
  await decide(gateway, await waitingRequest(gateway), 'deny');
  await arrived('requested', 'decided');
  expect(dataOf('decided').status).toBe('denied');
  gateway.clock.now += 600_000;
  await run();
  gateway.clock.now += 300_000;
  await run();
  await arrived('requested', 'decided', 'requested', 'expired', 'requested');
  expect(dataOf('expired').status).toBe('expired');
});

test('an approval that is outdated arrives', async () => {
  const run = await start();
  await run();
  const request = await waitingRequest(gateway);
  await decide(gateway, request);
  const path = { mcpServerId: request.server_id };
  await call(gateway.url, 'updateMcpServer', { path, body: { request_headers: { 'X-Tenant': 'other' } } });
  await run();
  await arrived('requested', 'decided', 'outdated', 'requested');
  expect(dataOf('outdated')).toMatchObject({ id: request.id, status: 'outdated', used_at: null });
});

test('a receiver that never answers holds up neither a call nor a decision, and is told everything later', async () => {
  const run = await start();
  const { answer } = receiver;
  receiver.answer = () => undefined;
  await run();
  const request = await waitingRequest(gateway);
  expect((await decide(gateway, request)).status).toBe(200);
  expect((await run()).body.result.content[0].text).toBe('Written.');
  receiver.answer = answer;
  const { length: unanswered } = receiver.received;
  const told = () =>
    new Set(
      bodies()
        .slice(unanswered)
        .map(({ type }) => type),
    );
  // The tries whose answers never come end, and the next ones come after 5 seconds.
  await vi.waitFor(
    () => {
      gateway.clock.now += 5000;
      expect(told()).toEqual(new Set(['approval.requested', 'approval.decided', 'approval.used']));
    },
    { timeout: 20_000, interval: 100 },
  );
});

test('with include_arguments, the arguments are there as they will be sent', async () => {
  const run = await start({ include_arguments: true });
  await run();
  await arrived('requested');
  expect(bodies()[0].data.arguments).toEqual(ARGUMENTS);
});

test('Slack gets a text in which nothing of the client is more than text', async () => {
  const run = await start({ include_arguments: true, format: 'slack' });
  await run();
  await vi.waitFor(() => expect(receiver.received).toHaveLength(1), { timeout: 10_000 });
  const { text, ...rest } = bodies()[0];
  expect(rest).toEqual({});
  expect(text).toContain('the call of `write` of `Files`');
  expect(text).toContain('&lt;!channel&gt; ˋxˋ');
  expect(text).not.toContain('<!channel>');
});
