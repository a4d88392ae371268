import { randomUUID } from 'node:crypto';
import type { Store } from '../../../src/store/store.ts';
import { storedWebhook } from './webhooks.ts';

/**
 * Stores work of an organization that is due at the given times, and returns the ids in that order. It is for a webhook of
 * its own, unless one is given.
 */
export async function storedWork(
  store: Store,
  organizationId: string,
  dueAt: readonly number[],
  given?: string,
): Promise<string[]> {
  const webhookId = given ?? (await storedWebhook(store, organizationId)).id;
  const ids = dueAt.map(() => randomUUID());
  const rows = ids.map((id, index) => ({
    id,
    organization_id: organizationId,
    webhook_id: webhookId,
    event_id: `evt_${randomUUID()}`,
    type: 'webhook.test',
    payload: '{}',
    tries: 0,
    due_at: dueAt[index] as number,
    fence: 0,
  }));
  await store.write(({ sql }) => sql.insertInto('webhook_deliveries').values(rows).execute());
  return ids;
}
