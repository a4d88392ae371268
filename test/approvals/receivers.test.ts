import pino from 'pino';
import { Webhook as Verifier } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { deliverEvents } from '../../src/approvals/deliver-events.ts';
import { tellTest } from '../../src/approvals/outbox.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { createEgress } from '../../src/egress/egress.ts';
import type { Store } from '../../src/store/store.ts';
import * as webhooks from '../../src/store/webhooks.ts';
import { type NameServer, startNameServer } from '../egress/support/dns.ts';
import { type Listener, startHttp } from '../egress/support/listeners.ts';
import { onBothEngines } from '../store/support/harness.ts';
import { anOrganization } from '../store/support/samples.ts';
import { storedWebhook } from '../store/support/webhooks.ts';
import { type Receiver, startReceiver } from './support/receiver.ts';

/** Tries follow each other soon, and are many: nothing is given up here. */
const SOON = {
  ...LIMITS,
  webhookPollMs: 10,
  webhookTimeoutMs: 300,
  webhookRetryDelaysMs: Array.from({ length: 1000 }, () => 20),
};

onBothEngines(({ shared }) => {
  let store: Store;
  let organizationId: string;
  let receiver: Receiver;
  let canary: Listener;
  let names: NameServer;
  let addresses: string[];
  const over = new AbortController();
  let delivering: Promise<void>;
  beforeAll(async () => {
    store = await shared();
    organizationId = await anOrganization(store);
    names = await startNameServer({ 'hook.test': () => addresses });
    const egress = createEgress({ allow: ['127.0.0.1'], own: () => [], resolve: names.resolve });
    const parts = { store, now: Date.now, log: pino({ level: 'silent' }), limits: SOON, publicUrl: 'http://gatehouse' };
    const egresses = { of: () => egress, close: () => egress.dispatcher.destroy() };
    delivering = deliverEvents({ ...parts, egress: egresses }, over.signal);
  });
  beforeEach(async () => {
    addresses = ['127.0.0.1'];
    receiver = await startReceiver();
    // Each delivery has a connection of its own, as after a while.
    receiver.answer = (response) => response.writeHead(204, { connection: 'close' }).end();
  });
  afterEach(() => receiver.stop());
  afterAll(async () => {
    over.abort();
    await delivering;
    await names.close();
  });

  const hookAt = (host: string) =>
    storedWebhook(store, organizationId, { url: receiver.url.replace('127.0.0.1', host) });
  const tell = (hook: webhooks.Webhook): Promise<string> => store.write((db) => tellTest(db, hook, Date.now()));
  const last = async ({ id }: webhooks.Webhook) => (await webhooks.find(store.read, organizationId, id))?.lastDelivery;
  const until = (hook: webhooks.Webhook, expected: object) =>
    vi.waitFor(async () => expect(await last(hook)).toMatchObject(expected), { timeout: 20_000, interval: 10 });

  it('delivers nothing to a name whose addresses have changed to a refused one, until they change back', async () => {
    canary = await startHttp('::1', (_, response) => response.end(), Number(new URL(receiver.url).port));
    const hook = await hookAt('hook.test');
    const first = await tell(hook);
    await until(hook, { eventId: first, status: 'delivered', tries: 1 });
    for (const refused of [['::1'], ['127.0.0.1', '::1']]) {
      addresses = refused;
      const eventId = await tell(hook);
      await until(hook, {
        eventId,
        status: 'waiting',
        responseStatus: null,
        error: expect.stringContaining('refused'),
      });
      addresses = ['127.0.0.1'];
      await until(hook, { eventId, status: 'delivered', error: null });
    }
    expect(canary.connections()).toBe(0);
    expect(receiver.received).toHaveLength(3);
    await canary.close();
  });

  it('loses nothing of what happens while a receiver is down, and signs every try', async () => {
    const hook = await hookAt('127.0.0.1');
    await receiver.stop();
    const told = await Promise.all(Array.from({ length: 50 }, () => tell(hook)));
    await until(hook, { status: 'waiting', responseStatus: null, error: expect.stringContaining('ECONNREFUSED') });
    let failures = 0;
    receiver.answer = (response) => {
      failures += 1;
      response.writeHead(failures < 60 ? 503 : 204, { connection: 'close' }).end();
    };
    await receiver.start();
    const arrived = () => receiver.received.slice(59).map(({ headers }) => headers['webhook-id']);
    await vi.waitFor(() => expect(new Set(arrived())).toEqual(new Set(told)), { timeout: 30_000, interval: 20 });
    const verifier = new Verifier('whsec_d2hhdCBhIHNlY3JldCBsb29rcyBsaWtlISEhISE=');
    for (const { text, headers } of receiver.received) {
      expect(verifier.verify(text, headers as Record<string, string>)).toMatchObject({ type: 'webhook.test' });
    }
  });
});
