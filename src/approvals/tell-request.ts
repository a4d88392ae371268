import type { WebhookEvent } from '../contract/closed-words.ts';
import * as decisions from '../store/approval-decisions.ts';
import * as events from '../store/approval-events.ts';
import * as requests from '../store/approval-requests.ts';
import type { Db } from '../store/store.ts';
import { approvalFacts } from './approval-facts.ts';
import { newEventId, tellEvent } from './outbox.ts';

/** Tells streams and webhooks what happens to a request, in the transaction that does it, after it is stored. */
export async function tellRequest(
  db: Db,
  type: WebhookEvent,
  { id, organizationId }: Pick<requests.ApprovalRequest, 'id' | 'organizationId'>,
  at: number,
): Promise<void> {
  const request = await requests.find(db, organizationId, id, at);
  if (request === null) {
    throw new TypeError(`approval request ${id} was told of before it was stored`);
  }
  const data = approvalFacts({ ...request, decisions: await decisions.list(db, [id]) });
  const eventId = newEventId();
  await events.append(db, { id: eventId, organizationId, type, payload: JSON.stringify(data), at });
  await tellEvent(db, { eventId, type, organizationId, at, approvalRequestId: id, data });
}
