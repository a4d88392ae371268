import { randomUUID } from 'node:crypto';
import { formatInstant } from '../base/instants.ts';
import type { WebhookEvent } from '../contract/closed-words.ts';
import * as deliveries from '../store/deliveries.ts';
import type { Db } from '../store/store.ts';
import * as webhooks from '../store/webhooks.ts';

/** The maximum number of events that wait for one webhook. Later ones are not kept. */
export const MAX_WAITING_EVENTS = 10_000;

type OutgoingEvent = {
  readonly organizationId: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
};

/** An event about an approval request, by the UUID of that. */
export type ApprovalEvent = OutgoingEvent & {
  readonly type: WebhookEvent;
  readonly approvalRequestId: string;
  /** `evt_` and a UUID. */
  readonly eventId: string;
  readonly data: object;
};

/** Makes the id of an event. */
export const newEventId = (): string => `evt_${randomUUID()}`;

/**
 * Tells an event to every webhook of the organization that wants it, in the transaction of the change that it tells: neither
 * exists without the other.
 */
export async function tellEvent(db: Db, event: ApprovalEvent): Promise<void> {
  const wanting = await webhooks.wanting(db, event.organizationId, event.type);
  if (wanting.length > 0) {
    await queue(db, wanting, event, event.approvalRequestId);
  }
}

/** Tells one webhook an event of a test. Returns the id of the event. */
export async function tellTest(db: Db, { id, organizationId }: webhooks.Webhook, at: number): Promise<string> {
  const data = { webhook_id: webhookId(id), organization_id: organizationId };
  const eventId = newEventId();
  await queue(db, [id], { eventId, type: 'webhook.test', organizationId, at, data }, null);
  return eventId;
}

/** Writes the id of a webhook for the Servers API and for events: `whk_` and the UUID. */
export const webhookId = (uuid: string): string => `whk_${uuid}`;

async function queue(
  db: Db,
  receivers: readonly string[],
  { eventId, type, organizationId, at, data }: Omit<ApprovalEvent, 'type' | 'approvalRequestId'> & { type: string },
  approvalRequestId: string | null,
): Promise<void> {
  const payload = JSON.stringify({ type, timestamp: formatInstant(at), data });
  const rows = (await deliveries.withRoom(db, receivers, MAX_WAITING_EVENTS)).map((webhookId) => {
    return { id: randomUUID(), organizationId, webhookId, eventId, type, payload, approvalRequestId };
  });
  await deliveries.insert(db, rows);
}
