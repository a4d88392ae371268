import { randomUUID } from 'node:crypto';
import type { Store } from '../../../src/store/store.ts';

/** Stores work of an organization that is due at the given times, and returns the ids in that order. */
export async function storedWork(store: Store, organizationId: string, dueAt: readonly number[]): Promise<string[]> {
  const webhookId = randomUUID();
  const ids = dueAt.map(() => randomUUID());
  await store.write(async ({ sql, secrets }) => {
    await sql
      .insertInto('webhooks')
      .values({
        id: webhookId,
        organization_id: organizationId,
        url: secrets.seal('https://hooks.example.com', `webhooks.url:${webhookId}`),
        events: '[]',
        format: 'standard',
        include_arguments: 0,
        enabled: 1,
        secret: secrets.seal('whsec_', `webhooks.secret:${webhookId}`),
        version: 1,
        created_at: 1,
        updated_at: 1,
      })
      .execute();
    await sql
      .insertInto('webhook_deliveries')
      .values(
        ids.map((id, index) => ({
          id,
          organization_id: organizationId,
          webhook_id: webhookId,
          event_id: randomUUID(),
          type: 'webhook.test',
          payload: '{}',
          tries: 0,
          due_at: dueAt[index] as number,
          fence: 0,
        })),
      )
      .execute();
  });
  return ids;
}
