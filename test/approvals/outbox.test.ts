import { beforeAll, expect, it } from 'vitest';
import { MAX_WAITING_EVENTS, newEventId, tellEvent, tellTest } from '../../src/approvals/outbox.ts';
import * as deliveries from '../../src/store/deliveries.ts';
import type { Store } from '../../src/store/store.ts';
import { onBothEngines } from '../store/support/harness.ts';
import { anOrganization } from '../store/support/samples.ts';
import { storedWebhook } from '../store/support/webhooks.ts';
import { storedWork, waitingFor } from '../store/support/work.ts';

onBothEngines(({ shared }) => {
  let store: Store;
  let organizationId: string;
  beforeAll(async () => {
    store = await shared();
    organizationId = await anOrganization(store);
  });
  const claim = () => deliveries.claim(store, { maxRows: 100, holdMs: 60_000, exceptOrganizations: [] });

  it('tells an event to every webhook that wants it, with one id, in the transaction of the change', async () => {
    const ids = [await storedWebhook(store, organizationId), await storedWebhook(store, organizationId)].map(
      ({ id }) => id,
    );
    await storedWebhook(store, organizationId, { events: ['approval.used'] });
    await storedWebhook(store, await anOrganization(store));
    const event = {
      type: 'approval.requested',
      organizationId,
      at: Date.UTC(2026, 0, 1),
      eventId: newEventId(),
      data: { id: 'apr_1' },
      approvalRequestId: 'request',
    } as const;
    const failing = store.write(async (db) => {
      await tellEvent(db, event);
      throw new Error('The change fails.');
    });
    await expect(failing).rejects.toThrow('The change fails.');
    expect(await claim()).toEqual([]);
    await store.write((db) => tellEvent(db, event));
    const claimed = await claim();
    expect(claimed.map(({ webhookId }) => webhookId).toSorted()).toEqual(ids.toSorted());
    expect(new Set(claimed.map(({ eventId }) => eventId)).size).toBe(1);
    expect(JSON.parse(claimed[0]?.payload ?? '')).toEqual({
      type: 'approval.requested',
      timestamp: '2026-01-01T00:00:00.000Z',
      data: { id: 'apr_1' },
    });
    expect(claimed[0]).toMatchObject({ approvalRequestId: 'request', tries: 0, type: 'approval.requested' });
  });

  it('keeps no more events for a webhook than the maximum', async () => {
    const webhook = await storedWebhook(store, organizationId);
    const SLICE = 1000;
    for (let count = 0; count < MAX_WAITING_EVENTS - 1; count += SLICE) {
      const dueAt = Array.from({ length: Math.min(SLICE, MAX_WAITING_EVENTS - 1 - count) }, () => 1e15);
      await storedWork(store, organizationId, dueAt, webhook.id);
    }
    const tell = () => store.write((db) => tellTest(db, webhook, 1));
    await tell();
    expect(await waitingFor(store, webhook.id)).toBe(MAX_WAITING_EVENTS);
    await tell();
    expect(await waitingFor(store, webhook.id)).toBe(MAX_WAITING_EVENTS);
    const [told] = await deliveries.claim(store, { maxRows: 1, holdMs: 60_000, exceptOrganizations: [] });
    await store.write((db) => deliveries.end(db, told as deliveries.ClaimedDelivery));
    // Only who has the claim makes room.
    await store.write((db) => deliveries.end(db, told as deliveries.ClaimedDelivery));
    await tell();
    await tell();
    expect(await waitingFor(store, webhook.id)).toBe(MAX_WAITING_EVENTS);
  });
});
