import { sql } from 'kysely';
import { readJson } from '../base/read-json.ts';
import {
  type DeliveryStatus,
  readDeliveryStatus,
  readWebhookEvent,
  readWebhookFormat,
  type WebhookEvent,
  type WebhookFormat,
} from '../contract/closed-words.ts';
import type { Database } from './schema.ts';
import { SEALED } from './sealed.ts';
import type { Db } from './store.ts';

/** The last try to deliver an event. Times are milliseconds since the epoch. */
export type LastDelivery = {
  eventId: string;
  type: string;
  status: DeliveryStatus;
  tries: number;
  at: number;
  /** Null if there was no answer. */
  responseStatus: number | null;
  /** Null for a delivered event. */
  error: string | null;
};

/** A URL that is told of events of an organization. Times are milliseconds since the epoch. */
export type Webhook = {
  /** A UUID, without the wire format's prefix. */
  id: string;
  organizationId: string;
  /** Sealed at rest. */
  url: string;
  events: WebhookEvent[];
  format: WebhookFormat;
  includeArguments: boolean;
  enabled: boolean;
  /** Why the gateway has disabled it; null if it has not. */
  disabledReason: string | null;
  lastDelivery: LastDelivery | null;
  /** Grows by one with every update. */
  version: number;
  createdAt: number;
  updatedAt: number;
};

/** A webhook, before it is stored. */
export type NewWebhook = Omit<Webhook, 'disabledReason' | 'lastDelivery' | 'version'> & { secret: string };

/** A webhook with all that a delivery needs. */
export type Receiver = Webhook & {
  /** The secrets that sign, the newest first. */
  secrets: string[];
  /** The time of the first failure since the last success; null if the last delivery succeeded. */
  failingSince: number | null;
};

/** Stores a new webhook, version 1, and returns it. */
export async function insert(db: Db, webhook: NewWebhook): Promise<Webhook> {
  const { id, secret, ...rest } = webhook;
  const created = { id, ...rest, disabledReason: null, lastDelivery: null, version: 1 };
  await db.sql
    .insertInto('webhooks')
    .values({
      ...changeable(db, created),
      id,
      organization_id: webhook.organizationId,
      waiting: 0,
      secret: db.secrets.seal(secret, SEALED.webhookSecret.contextOf(id)),
      created_at: webhook.createdAt,
    })
    .execute();
  return created;
}

/** Returns the webhooks of an organization, oldest first, ties by id. */
export async function list(db: Db, organizationId: string): Promise<Webhook[]> {
  const rows = await db.sql
    .selectFrom('webhooks')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  return rows.map((row) => toWebhook(db, row));
}

/** Returns the number of webhooks of an organization. */
export async function count(db: Db, organizationId: string): Promise<number> {
  const { total } = await db.sql
    .selectFrom('webhooks')
    .select(({ fn }) => fn.countAll<number>().as('total'))
    .where('organization_id', '=', organizationId)
    .executeTakeFirstOrThrow();
  return Number(total);
}

/** Returns the ids of the enabled webhooks of an organization that want an event. */
export async function wanting(db: Db, organizationId: string, event: WebhookEvent): Promise<string[]> {
  const rows = await db.sql
    .selectFrom('webhooks')
    .select(['id', 'events'])
    .where('organization_id', '=', organizationId)
    .where('enabled', '=', 1)
    .execute();
  return rows.filter(({ events }) => (readJson(events) as string[]).includes(event)).map(({ id }) => id);
}

/** Returns a webhook of an organization, or null. */
export async function find(db: Db, organizationId: string, id: string): Promise<Webhook | null> {
  const row = await db.sql
    .selectFrom('webhooks')
    .selectAll()
    .where('id', '=', id)
    .where('organization_id', '=', organizationId)
    .executeTakeFirst();
  return row ? toWebhook(db, row) : null;
}

/** Returns a webhook as its deliveries need it at `now`, or null. */
export async function findReceiver(db: Db, id: string, now: number): Promise<Receiver | null> {
  const row = await db.sql.selectFrom('webhooks').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) {
    return null;
  }
  const secrets = [db.secrets.open(row.secret, SEALED.webhookSecret.contextOf(id))];
  if (row.previous_secret !== null && (row.previous_secret_until ?? 0) > now) {
    secrets.push(db.secrets.open(row.previous_secret, SEALED.previousWebhookSecret.contextOf(id)));
  }
  return { ...toWebhook(db, row), secrets, failingSince: row.failing_since };
}

/**
 * Replaces a webhook if its version is still `expectedVersion`, and returns it with the next version; returns null if it
 * was changed or deleted.
 */
export async function update(db: Db, webhook: Webhook, expectedVersion: number): Promise<Webhook | null> {
  const updated = { ...webhook, version: expectedVersion + 1 };
  const { numUpdatedRows } = await db.sql
    .updateTable('webhooks')
    .set(changeable(db, updated))
    .where('id', '=', webhook.id)
    .where('version', '=', expectedVersion)
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n ? updated : null;
}

/** Forgets since when deliveries fail. */
export async function forgetFailures(db: Db, id: string): Promise<void> {
  await db.sql.updateTable('webhooks').set({ failing_since: null }).where('id', '=', id).execute();
}

/** Gives a webhook a new secret; the present one signs too until `previousUntil`. */
export async function setSecret(db: Db, id: string, secret: string, previousUntil: number): Promise<void> {
  const { secret: present } = await db.sql
    .selectFrom('webhooks')
    .select('secret')
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  const previous = db.secrets.open(present, SEALED.webhookSecret.contextOf(id));
  await db.sql
    .updateTable('webhooks')
    .set({
      secret: db.secrets.seal(secret, SEALED.webhookSecret.contextOf(id)),
      previous_secret: db.secrets.seal(previous, SEALED.previousWebhookSecret.contextOf(id)),
      previous_secret_until: previousUntil,
    })
    .where('id', '=', id)
    .execute();
}

/** Records a try. A success ends a time of failures, a failure begins one. */
export async function noteDelivery(db: Db, id: string, delivery: LastDelivery): Promise<void> {
  const failing = delivery.status === 'delivered' ? null : sql<number>`coalesce(failing_since, ${delivery.at})`;
  await db.sql
    .updateTable('webhooks')
    .set({ last_delivery: JSON.stringify(delivery), failing_since: failing })
    .where('id', '=', id)
    .execute();
}

/** Deletes a webhook with the events that wait for it. Returns false if the organization has no such webhook. */
export async function remove(db: Db, organizationId: string, id: string): Promise<boolean> {
  const { numDeletedRows } = await db.sql
    .deleteFrom('webhooks')
    .where('id', '=', id)
    .where('organization_id', '=', organizationId)
    .executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

const changeable = (db: Db, webhook: Webhook) => ({
  url: db.secrets.seal(webhook.url, SEALED.webhookUrl.contextOf(webhook.id)),
  events: JSON.stringify(webhook.events),
  format: webhook.format,
  include_arguments: webhook.includeArguments ? 1 : 0,
  enabled: webhook.enabled ? 1 : 0,
  disabled_reason: webhook.disabledReason,
  version: webhook.version,
  updated_at: webhook.updatedAt,
});

function toWebhook(db: Db, row: Database['webhooks']): Webhook {
  const { id } = row;
  return {
    id,
    organizationId: row.organization_id,
    url: db.secrets.open(row.url, SEALED.webhookUrl.contextOf(id)),
    events: (readJson(row.events) as string[]).map((event) => readWebhookEvent(event, 'webhooks', id)),
    format: readWebhookFormat(row.format, 'webhooks', id),
    includeArguments: row.include_arguments === 1,
    enabled: row.enabled === 1,
    disabledReason: row.disabled_reason,
    lastDelivery: row.last_delivery === null ? null : toLastDelivery(row.last_delivery, id),
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function toLastDelivery(json: string, id: string): LastDelivery {
  const delivery = readJson(json) as Omit<LastDelivery, 'status'> & { status: string };
  return { ...delivery, status: readDeliveryStatus(delivery.status, 'webhooks', id) };
}
