import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { audit, GATEHOUSE } from '../audit/changes.ts';
import type { Limits } from '../base/limits.ts';
import type { OrganizationEgresses } from '../egress/egress.ts';
import * as deliveries from '../store/deliveries.ts';
import type { Store } from '../store/store.ts';
import * as webhooks from '../store/webhooks.ts';
import { eventBody } from './event-body.ts';
import { webhookId } from './outbox.ts';
import { type Answer, sendEvent } from './send-event.ts';

/** Deliveries that are under way at the same time, of all organizations and of one. */
const MAX_DELIVERIES = 32;
const MAX_OWN_DELIVERIES = 4;
/** The time after which another process may deliver what this one has claimed, beyond the time-out of the receiver. */
const CLAIM_MARGIN_MS = 30_000;
/** The status with which a receiver says that it wants no events any more. */
const GONE_STATUS = 410;

/** The parts of the gateway that deliveries use. */
export type DeliveryParts = {
  readonly store: Store;
  readonly egress: OrganizationEgresses;
  readonly now: () => number;
  readonly log: Logger;
  readonly limits: Limits;
  /** Under which URL people reach the gateway. */
  readonly publicUrl: string;
};

/**
 * Delivers the events of the outbox to their webhooks until it is aborted, several at once, few of one organization. An event
 * stays in the database until it is delivered or given up, so that it may arrive twice but is not lost. Never rejects; resolves
 * when no delivery is under way any more.
 */
export async function deliverEvents(parts: DeliveryParts, signal: AbortSignal): Promise<void> {
  const { store, log, limits } = parts;
  /** The organization of each delivery that is under way, by the promise of the delivery. */
  const underWay = new Map<Promise<void>, string>();
  const holdMs = limits.webhookTimeoutMs + CLAIM_MARGIN_MS;

  const begin = (delivery: deliveries.ClaimedDelivery): void => {
    const delivering = deliver(parts, delivery, signal)
      .catch((error: unknown) => {
        if (!signal.aborted) {
          log.warn({ err: error, webhook: webhookId(delivery.webhookId) }, 'an event stays queued; it is tried again');
        }
      })
      .finally(() => underWay.delete(delivering));
    underWay.set(delivering, delivery.organizationId);
  };

  /** Begins one delivery that is due. Returns false if there is none. */
  const next = async (): Promise<boolean> => {
    if (underWay.size >= MAX_DELIVERIES) {
      return false;
    }
    const counts = Map.groupBy(underWay.values(), (organizationId) => organizationId);
    const busy = [...counts].filter(([, { length }]) => length >= MAX_OWN_DELIVERIES).map(([id]) => id);
    const [claimed] = await deliveries.claim(store, { maxRows: 1, holdMs, exceptOrganizations: busy });
    if (claimed !== undefined) {
      begin(claimed);
    }
    return claimed !== undefined;
  };

  let isReported = false;
  while (!signal.aborted) {
    try {
      while (!signal.aborted && (await next())) {
        // The next one.
      }
      isReported = false;
    } catch (error) {
      // Once: this repeats every second.
      if (!isReported && !signal.aborted) {
        log.warn({ err: error }, 'events cannot be read; they are delivered later');
      }
      isReported = true;
    }
    await Promise.race([pause(limits.webhookPollMs, undefined, { signal }).catch(() => undefined), ...full(underWay)]);
  }
  await Promise.all(underWay.keys());
}

/** What to wait for where nothing more can begin before one has ended. */
const full = (underWay: ReadonlyMap<Promise<void>, string>): Promise<void>[] =>
  underWay.size >= MAX_DELIVERIES ? [...underWay.keys()] : [];

async function deliver(parts: DeliveryParts, delivery: deliveries.ClaimedDelivery, signal: AbortSignal): Promise<void> {
  const { store, egress, now, limits, publicUrl } = parts;
  const receiver = await webhooks.findReceiver(store.read, delivery.webhookId, now());
  if (receiver === null || !receiver.enabled) {
    await store.writeFor(delivery.organizationId, (db) => deliveries.end(db, delivery));
    return;
  }
  const way = egress.of(delivery.organizationId);
  const body = await eventBody(store.read, receiver, delivery, publicUrl);
  const { eventId } = delivery;
  const timeoutMs = limits.webhookTimeoutMs;
  const answer = await sendEvent({ way, receiver, eventId, body, at: now(), timeoutMs, signal });
  await record(parts, receiver, delivery, answer);
}

/** Stores the result of a try: what is delivered or given up leaves the outbox. */
async function record(
  { store, now, limits }: DeliveryParts,
  { id }: webhooks.Receiver,
  delivery: deliveries.ClaimedDelivery,
  { status: responseStatus, error }: Answer,
): Promise<void> {
  const at = now();
  const { organizationId, eventId, type } = delivery;
  const tries = delivery.tries + 1;
  const delayMs = limits.webhookRetryDelaysMs[delivery.tries];
  const isGone = responseStatus === GONE_STATUS;
  const status = error === null ? 'delivered' : isGone || delayMs === undefined ? 'failed' : 'waiting';
  await store.writeFor(organizationId, async (db) => {
    const isOurs = await (status === 'waiting'
      ? deliveries.retry(db, delivery, delayMs as number)
      : deliveries.end(db, delivery));
    if (!isOurs) {
      return;
    }
    await webhooks.noteDelivery(db, id, { eventId, type, status, tries, at, responseStatus, error });
    const receiver = await webhooks.findReceiver(db, id, at);
    const reason = isGone
      ? 'The receiver answered 410 (gone).'
      : status === 'failed' && at - (receiver?.failingSince ?? at) >= limits.webhookMaxFailingMs
        ? 'Nothing could be delivered for 5 days.'
        : null;
    if (receiver === null || reason === null) {
      return;
    }
    const disabled = { ...receiver, enabled: false, disabledReason: reason, updatedAt: at };
    await webhooks.update(db, disabled, receiver.version);
    await deliveries.removeAll(db, id);
    const target = { kind: 'webhook', id: webhookId(id) } as const;
    await audit(db, { at, actor: GATEHOUSE, organizationId, action: 'webhook.disabled', target, details: { reason } });
  });
}
