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
  await store.write(async ({ sql }) => {
    await sql.insertInto('webhook_deliveries').values(rows).execute();
    await sql
      .updateTable('webhooks')
      .set((eb) => ({ waiting: eb('waiting', '+', rows.length) }))
      .where('id', '=', webhookId)
      .execute();
  });
  return ids;
}

/** Returns how many events wait for a webhook, as it counts them; throws if that is not so. */
export async function waitingFor({ read }: Store, webhookId: string): Promise<number> {
  const rows = await read.sql
    .selectFrom('webhook_deliveries')
    .select('id')
    .where('webhook_id', '=', webhookId)
    .execute();
  const webhook = await read.sql
    .selectFrom('webhooks')
    .select('waiting')
    .where('id', '=', webhookId)
    .executeTakeFirst();
  if ((webhook?.waiting ?? 0) !== rows.length) {
    throw new Error(`${rows.length} events wait for a webhook that counts ${webhook?.waiting}`);
  }
  return rows.length;
}
