import { Webhook as Verifier } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { createWorld, type World } from '../support/world.ts';
import { type Received, type Receiver, startReceiver } from './support/receiver.ts';

const HOUR_MS = 3_600_000;
const LIMITS = { webhookPollMs: 10, webhookTimeoutMs: 300, webhookRetryDelaysMs: [1000, 2000, 4000] };
const EVENTS = ['approval.requested'];

let server: TestServer;
let receiver: Receiver;
let world: World;
beforeAll(async () => {
  server = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' }, limits: LIMITS });
});
beforeEach(async () => {
  // Signatures are only good for minutes.
  server.clock.now = Date.now();
  receiver = await startReceiver();
  world = await createWorld(server);
});
afterEach(() => receiver.stop());
afterAll(() => server.stop());

type Hook = { readonly id: string; readonly secret: string };
const create = async (more: object = {}): Promise<Hook> => {
  const body = { url: receiver.url, events: EVENTS, ...more };
  return (await call(server.url, 'createWebhook', { body, as: world.pair })).body.data;
};
const read = async ({ id }: Hook) =>
  (await call(server.url, 'getWebhook', { path: { webhookId: id }, as: world.pair })).body.data;
const ask = async ({ id }: Hook): Promise<string> =>
  (await call(server.url, 'testWebhook', { path: { webhookId: id }, as: world.pair })).body.data.event_id;
const last = async (hook: Hook) => (await read(hook)).last_delivery;
const until = (hook: Hook, expected: object) =>
  vi.waitFor(async () => expect(await last(hook)).toMatchObject(expected), { timeout: 10_000, interval: 20 });
const verify = ({ text, headers }: Received, secret: string) =>
  new Verifier(secret).verify(text, headers as Record<string, string>);

test('a test event arrives, signed as Standard Webhooks says', async () => {
  const hook = await create();
  const eventId = await ask(hook);
  await until(hook, { event_id: eventId, type: 'webhook.test', status: 'delivered', tries: 1, response_status: 204 });
  const [received] = receiver.received as [Received];
  expect(received.path).toBe('/hooks/secret-path?key=secret-key');
  expect(received.headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': eventId });
  expect(verify(received, hook.secret)).toEqual({
    type: 'webhook.test',
    timestamp: new Date(server.clock.now).toISOString(),
    data: { webhook_id: hook.id, organization_id: world.organizationId },
  });
  expect(() => verify({ ...received, text: `${received.text} ` }, hook.secret)).toThrow('No matching signature');
  expect(receiver.received).toHaveLength(1);
});

test('after a rotation, both secrets sign for 24 hours, then only the new one', async () => {
  const hook = await create();
  const path = { webhookId: hook.id };
  const rotated = (await call(server.url, 'rotateWebhookSecret', { path, as: world.pair })).body.data as Hook;
  const sent = async () => {
    const eventId = await ask(hook);
    await until(hook, { event_id: eventId, status: 'delivered' });
    return receiver.received.at(-1) as Received;
  };
  const both = await sent();
  expect(String(both.headers['webhook-signature']).split(' ')).toHaveLength(2);
  verify(both, hook.secret);
  verify(both, rotated.secret);
  server.clock.now += 24 * HOUR_MS;
  const one = await sent();
  expect(String(one.headers['webhook-signature']).split(' ')).toHaveLength(1);
  // The library compares the timestamp with the clock of this machine.
  const id = String(one.headers['webhook-id']);
  expect(one.headers['webhook-signature']).toBe(
    new Verifier(rotated.secret).sign(id, new Date(server.clock.now), one.text),
  );
});

describe('a receiver that fails', () => {
  type Failure = [string, (receiver: Receiver) => void | Promise<void>, object];
  const FAILURES: Failure[] = [
    ['is down', (one) => one.stop(), { response_status: null, error: expect.stringContaining('ECONNREFUSED') }],
    [
      'is slow',
      (one) => {
        one.answer = () => undefined;
      },
      { response_status: null, error: 'The receiver did not answer within 0.3 seconds.' },
    ],
    [
      'answers 500',
      (one) => {
        one.answer = (response) => response.writeHead(500).end('secret details');
      },
      { response_status: 500, error: 'The receiver answered 500.' },
    ],
    [
      'redirects',
      (one) => {
        one.answer = (response) => response.writeHead(302, { location: '/elsewhere' }).end();
      },
      { response_status: 302, error: expect.stringContaining('Redirects are not followed') },
    ],
    [
      'ends the connection',
      (one) => {
        one.answer = (response) => response.destroy();
      },
      { response_status: null, error: expect.stringContaining('broke off before it answered') },
    ],
    [
      'answers two things at once',
      (one) => {
        one.answer = (response) => response.writeHead(200, ['content-type', 'a/b', 'content-type', 'c/d']).end();
      },
      { response_status: null, error: 'The receiver answered with two content-type headers that differ.' },
    ],
  ];
  test.each(FAILURES)('and %s gets the same event again, and nobody else waits', async (_, fail, expected) => {
    const hook = await create();
    const { answer } = receiver;
    await fail(receiver);
    const eventId = await ask(hook);
    await until(hook, { ...expected, event_id: eventId, status: 'waiting', tries: 1 });
    // Another receiver of the same organization is served meanwhile.
    const healthy = await startReceiver();
    const other = await create({ url: healthy.url });
    await ask(other);
    await until(other, { status: 'delivered' });
    await healthy.stop();
    server.clock.now += 999;
    expect(await last(hook)).toMatchObject({ tries: 1 });
    receiver.answer = answer;
    if (_ === 'is down') {
      await receiver.start();
    }
    server.clock.now += 1;
    await until(hook, { event_id: eventId, status: 'delivered', tries: 2, error: null });
    const ids = receiver.received.map(({ headers, path }) => [headers['webhook-id'], path]);
    expect(new Set(ids.map(String)).size).toBe(1);
    verify(receiver.received.at(-1) as Received, hook.secret);
  });

  test('and never recovers is given up after the last try', async () => {
    const hook = await create();
    receiver.answer = (response) => response.writeHead(503).end();
    await ask(hook);
    for (const [index, delay] of LIMITS.webhookRetryDelaysMs.entries()) {
      await until(hook, { status: 'waiting', tries: index + 1 });
      server.clock.now += delay;
    }
    await until(hook, { status: 'failed', tries: 4, response_status: 503 });
    server.clock.now += HOUR_MS;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(receiver.received).toHaveLength(4);
    expect(await read(hook)).toMatchObject({ enabled: true, disabled_reason: null });
  });

  test('for 5 days is disabled when an event is given up, and says so', async () => {
    const hook = await create();
    receiver.answer = (response) => response.writeHead(500).end();
    const giveUp = async () => {
      const eventId = await ask(hook);
      for (const [index, delay] of LIMITS.webhookRetryDelaysMs.entries()) {
        await until(hook, { event_id: eventId, status: 'waiting', tries: index + 1 });
        server.clock.now += delay;
      }
      await until(hook, { event_id: eventId, status: 'failed' });
    };
    await giveUp();
    server.clock.now += 5 * 24 * HOUR_MS - 20_000;
    await giveUp();
    expect(await read(hook)).toMatchObject({ enabled: true });
    server.clock.now += 20_000;
    await giveUp();
    const disabled = { enabled: false, disabled_reason: 'Nothing could be delivered for 5 days.' };
    expect(await read(hook)).toMatchObject(disabled);
    const query = { organization: world.organizationId, action: 'webhook.disabled' };
    const { text } = await call(server.url, 'listAuditEvents', { query });
    expect(text).toContain('Nothing could be delivered');
    // Enabled again, it has 5 days more.
    const body = { enabled: true };
    await call(server.url, 'updateWebhook', { path: { webhookId: hook.id }, body, as: world.pair });
    await giveUp();
    expect(await read(hook)).toMatchObject({ enabled: true, disabled_reason: null });
  });

  test('with 410 is disabled at once', async () => {
    const hook = await create();
    receiver.answer = (response) => response.writeHead(410).end();
    await ask(hook);
    await vi.waitFor(async () =>
      expect(await read(hook)).toMatchObject({
        enabled: false,
        disabled_reason: 'The receiver answered 410 (gone).',
        // Nothing waits any more.
        last_delivery: { status: 'failed', tries: 1 },
      }),
    );
  });
});

test('a webhook that is disabled or deleted gets nothing of what waited', async () => {
  const [one, other] = [await create(), await create()];
  receiver.answer = (response) => response.writeHead(500).end();
  await Promise.all([ask(one), ask(other)]);
  await until(one, { status: 'waiting' });
  await until(other, { status: 'waiting' });
  await call(server.url, 'updateWebhook', { path: { webhookId: one.id }, body: { enabled: false }, as: world.pair });
  await call(server.url, 'deleteWebhook', { path: { webhookId: other.id }, as: world.pair });
  const { length } = receiver.received;
  server.clock.now += HOUR_MS;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(receiver.received).toHaveLength(length);
});

test('hundreds of events for a slow receiver of one organization delay no other organization', async () => {
  receiver.answer = () => undefined;
  const slow = await create();
  await Promise.all(Array.from({ length: 100 }, () => ask(slow)));
  world = await createWorld(server);
  const healthy = await startReceiver();
  const hook = await create({ url: healthy.url });
  await ask(hook);
  await until(hook, { status: 'delivered', tries: 1 });
  // Four at a time for 0.3 seconds: most have not begun.
  expect(receiver.received.length).toBeLessThan(60);
  await healthy.stop();
});
