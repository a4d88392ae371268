import { sql } from 'kysely';
import type { Database } from './schema.ts';
import type { Db, Store } from './store.ts';
import type { Claim } from './work.ts';

/** An event that a webhook is not told yet. */
export type Delivery = {
  /** A UUID. */
  id: string;
  organizationId: string;
  webhookId: string;
  /** The same for all webhooks, and for all tries. */
  eventId: string;
  type: string;
  /** The event as JSON, without the arguments of a call. */
  payload: string;
  /** The request whose arguments belong to the event; null for events that are about none. */
  approvalRequestId: string | null;
  /** The number of tries so far. */
  tries: number;
};

/** A delivery that this process has claimed, with the fence of the claim. */
export type ClaimedDelivery = Delivery & { fence: number };

/** Stores deliveries, due now. Their webhooks must exist, and be different ones. */
export async function insert(db: Db, deliveries: readonly Omit<Delivery, 'tries'>[]): Promise<void> {
  if (deliveries.length === 0) {
    return;
  }
  await db.sql
    .insertInto('webhook_deliveries')
    .values(
      deliveries.map((delivery) => ({
        id: delivery.id,
        organization_id: delivery.organizationId,
        webhook_id: delivery.webhookId,
        event_id: delivery.eventId,
        type: delivery.type,
        payload: delivery.payload,
        approval_request_id: delivery.approvalRequestId,
        tries: 0,
        due_at: db.time(),
        fence: 0,
      })),
    )
    .execute();
  await db.sql
    .updateTable('webhooks')
    .set({ waiting: sql<number>`waiting + 1` })
    .where(
      'id',
      'in',
      deliveries.map(({ webhookId }) => webhookId),
    )
    .execute();
}

/** Returns those of some webhooks for which fewer deliveries than `most` wait. */
export async function withRoom(db: Db, webhookIds: readonly string[], most: number): Promise<string[]> {
  const rows = await db.sql
    .selectFrom('webhooks')
    .select('id')
    .where('id', 'in', webhookIds)
    .where('waiting', '<', most)
    .execute();
  return rows.map(({ id }) => id);
}

/** Claims deliveries that are due; see `Store.claim`. */
export async function claim({ claim }: Pick<Store, 'claim'>, wanted: Claim): Promise<ClaimedDelivery[]> {
  return (await claim('webhook_deliveries', wanted)).map(toDelivery);
}

/** Ends a claimed delivery. Returns false if the claim was lost. */
export async function end(db: Db, { id, fence, webhookId }: ClaimedDelivery): Promise<boolean> {
  const { numDeletedRows } = await db.sql
    .deleteFrom('webhook_deliveries')
    .where('id', '=', id)
    .where('fence', '=', fence)
    .executeTakeFirstOrThrow();
  const isEnded = numDeletedRows > 0n;
  if (isEnded) {
    await db.sql
      .updateTable('webhooks')
      .set({ waiting: sql<number>`waiting - 1` })
      .where('id', '=', webhookId)
      .execute();
  }
  return isEnded;
}

/** Puts a claimed delivery off, after one more try. Returns false if the claim was lost. */
export async function retry(db: Db, { id, fence, tries }: ClaimedDelivery, delayMs: number): Promise<boolean> {
  const { numUpdatedRows } = await db.sql
    .updateTable('webhook_deliveries')
    .set({
      tries: tries + 1,
      due_at: sql<number>`${db.time()} + ${sql.lit(delayMs)}`,
      claimed_by: null,
      claimed_until: null,
    })
    .where('id', '=', id)
    .where('fence', '=', fence)
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

/** Deletes all deliveries that wait for a webhook. */
export async function removeAll(db: Db, webhookId: string): Promise<void> {
  await db.sql.deleteFrom('webhook_deliveries').where('webhook_id', '=', webhookId).execute();
  await db.sql.updateTable('webhooks').set({ waiting: 0 }).where('id', '=', webhookId).execute();
}

const toDelivery = (row: Database['webhook_deliveries']): ClaimedDelivery => ({
  id: row.id,
  organizationId: row.organization_id,
  webhookId: row.webhook_id,
  eventId: row.event_id,
  type: row.type,
  payload: row.payload,
  approvalRequestId: row.approval_request_id,
  tries: row.tries,
  fence: row.fence,
});
