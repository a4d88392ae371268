import { beforeAll, expect, it } from 'vitest';
import * as deliveries from '../../src/store/deliveries.ts';
import * as organizations from '../../src/store/organizations.ts';
import type { Store } from '../../src/store/store.ts';
import * as webhooks from '../../src/store/webhooks.ts';
import { onBothEngines } from './support/harness.ts';
import { anOrganization } from './support/samples.ts';
import { storedWebhook } from './support/webhooks.ts';
import { storedWork, waitingFor } from './support/work.ts';

const SECRET = 'whsec_d2hhdCBhIHNlY3JldCBsb29rcyBsaWtlISEhISE=';

onBothEngines(({ shared }) => {
  let store: Store;
  let organizationId: string;
  beforeAll(async () => {
    store = await shared();
    organizationId = await anOrganization(store);
  });

  it('stores the URL and the secrets sealed', async () => {
    const { id } = await storedWebhook(store, organizationId);
    await store.write((db) => webhooks.setSecret(db, id, 'whsec_bmV4dA==', 5000));
    const row = await store.read.sql.selectFrom('webhooks').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
    for (const sealed of [row.url, row.secret, row.previous_secret]) {
      expect(sealed).toMatch(/^[0-9a-f]{8}\.[\w-]+$/);
    }
  });

  it('lets the previous secret sign until its time, and forgets the one before', async () => {
    const { id } = await storedWebhook(store, organizationId);
    const secretsAt = async (now: number) => (await webhooks.findReceiver(store.read, id, now))?.secrets;
    expect(await secretsAt(1)).toEqual([SECRET]);
    await store.write((db) => webhooks.setSecret(db, id, 'whsec_b25l', 5000));
    expect([await secretsAt(4999), await secretsAt(5000)]).toEqual([['whsec_b25l', SECRET], ['whsec_b25l']]);
    await store.write((db) => webhooks.setSecret(db, id, 'whsec_dHdv', 6000));
    expect(await secretsAt(5999)).toEqual(['whsec_dHdv', 'whsec_b25l']);
  });

  it('finds enabled webhooks of an organization that want an event', async () => {
    const own = await anOrganization(store);
    const events = ['approval.used'] as const;
    const { id } = await storedWebhook(store, own, { events: [...events] });
    await storedWebhook(store, own, { events: [...events], enabled: false });
    await storedWebhook(store, own);
    await storedWebhook(store, organizationId, { events: [...events] });
    expect(await webhooks.wanting(store.read, own, 'approval.used')).toEqual([id]);
    expect(await webhooks.wanting(store.read, own, 'approval.expired')).toEqual([]);
  });

  it('changes a webhook only in the expected version', async () => {
    const webhook = await storedWebhook(store, organizationId);
    const changed = { ...webhook, events: ['approval.used' as const], updatedAt: 2000 };
    const updated = await store.write((db) => webhooks.update(db, changed, 1));
    expect(updated).toEqual({ ...changed, version: 2 });
    expect(await webhooks.find(store.read, organizationId, webhook.id)).toEqual(updated);
    expect(await store.write((db) => webhooks.update(db, changed, 1))).toBeNull();
    expect(await webhooks.find(store.read, 'org_other', webhook.id)).toBeNull();
  });

  it('remembers the first failure until a success', async () => {
    const { id } = await storedWebhook(store, organizationId);
    const note = (status: 'waiting' | 'delivered', at: number) =>
      store.write((db) =>
        webhooks.noteDelivery(db, id, {
          eventId: 'e',
          type: 't',
          status,
          tries: 1,
          at,
          responseStatus: 1,
          error: null,
        }),
      );
    const since = async () => (await webhooks.findReceiver(store.read, id, 1))?.failingSince;
    await note('waiting', 5);
    await note('waiting', 9);
    expect(await since()).toBe(5);
    await note('delivered', 10);
    expect(await since()).toBeNull();
    await note('waiting', 11);
    await store.write((db) => webhooks.forgetFailures(db, id));
    expect(await since()).toBeNull();
  });

  it('deletes what waits with its webhook and its organization', async () => {
    const own = await anOrganization(store);
    await storedWork(store, own, [1, 2]);
    await storedWork(store, own, [3]);
    const [first, second] = (await webhooks.list(store.read, own)) as [webhooks.Webhook, webhooks.Webhook];
    const waiting = (id: string) => waitingFor(store, id);
    const counts = [await waiting(first.id), await waiting(second.id)];
    expect(counts.toSorted()).toEqual([1, 2]);
    expect(await store.write((db) => deliveries.removeAll(db, second.id))).toBeUndefined();
    expect(await waiting(second.id)).toBe(0);
    expect(await store.write((db) => webhooks.remove(db, 'org_other', first.id))).toBe(false);
    expect(await store.write((db) => webhooks.remove(db, own, first.id))).toBe(true);
    expect([await waiting(first.id), await waiting(second.id)]).toEqual([0, 0]);
    await storedWork(store, own, [1], second.id);
    await store.write((db) => organizations.remove(db, own));
    expect(await waiting(second.id)).toBe(0);
  });
});
