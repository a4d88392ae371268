import { randomBytes } from 'node:crypto';
import { tellTest, webhookId } from '../approvals/outbox.ts';
import { audit } from '../audit/changes.ts';
import { requireOrganization } from '../auth/credentials.ts';
import type { ServersCaller } from '../base/caller.ts';
import { ApiError, conflict, invalidValue, notFound } from '../base/errors.ts';
import { type ExpectedVersion, requireVersion } from '../base/expected-version.ts';
import { DAY_MS } from '../base/instants.ts';
import type { Deps } from '../deps.ts';
import { EgressRefused } from '../egress/egress.ts';
import * as deliveries from '../store/deliveries.ts';
import type { Db } from '../store/store.ts';
import * as store from '../store/webhooks.ts';

type Webhook = store.Webhook;
/** The fields of a webhook that a caller may set. */
export type WebhookFields = Pick<Webhook, 'url' | 'events' | 'format' | 'includeArguments' | 'enabled'>;
/** A webhook with the secret that is shown once. */
export type WebhookWithSecret = Webhook & { readonly secret: string };

/** The maximum number of webhooks of an organization: each event is stored for each of them. */
const MAX_WEBHOOKS = 20;
const SECRET_BYTES = 32;
/** The time for which the previous secret signs too. */
const ROTATION_MS = DAY_MS;

const newSecret = (): string => `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;

/** Returns the webhooks of the caller, oldest first. */
export const listWebhooks = ({ store: { read } }: Deps, { organizationId }: ServersCaller): Promise<Webhook[]> =>
  store.list(read, organizationId);

/** Returns a webhook of the caller. Throws `not_found`. */
export const getWebhook = ({ store: { read } }: Deps, caller: ServersCaller, id: string): Promise<Webhook> =>
  findWebhook(read, caller, id);

/** Stores a new webhook without contacting it. Throws `validation_failed`, `quota_exceeded`. */
export async function createWebhook(
  deps: Deps,
  caller: ServersCaller,
  fields: WebhookFields,
): Promise<WebhookWithSecret> {
  const { organizationId } = caller;
  requireReachable(deps, caller, fields.url);
  const at = deps.now();
  const secret = newSecret();
  return deps.store.writeFor(organizationId, async (db) => {
    await requireOrganization(db, organizationId);
    const count = await store.count(db, organizationId);
    if (count >= MAX_WEBHOOKS) {
      throw tooMany(count);
    }
    const fresh = { ...fields, id: deps.ids.uuid(), organizationId, secret, createdAt: at, updatedAt: at };
    const webhook = await store.insert(db, fresh);
    await audit(db, { at, actor: caller, action: 'webhook.created', target: target(webhook) });
    return { ...webhook, secret };
  });
}

/**
 * Changes the given fields of a webhook. A webhook that is disabled loses the events that wait for it. Throws `not_found`,
 * `precondition_failed`, `validation_failed`.
 */
export async function updateWebhook(
  deps: Deps,
  caller: ServersCaller,
  id: string,
  changes: Partial<WebhookFields>,
  expected: ExpectedVersion,
): Promise<Webhook> {
  if (changes.url !== undefined) {
    requireReachable(deps, caller, changes.url);
  }
  return deps.store.writeFor(caller.organizationId, async (db) => {
    const before = await findWebhook(db, caller, id);
    requireVersion(expected, before.version);
    const changed = Object.keys(changes);
    if (changed.length === 0) {
      return before;
    }
    const at = Math.max(deps.now(), before.updatedAt);
    const disabledReason = changes.enabled === true ? null : before.disabledReason;
    const updated = await stored(db, caller, { ...before, ...changes, disabledReason, updatedAt: at }, before);
    if (changes.enabled === true) {
      await store.forgetFailures(db, id);
    } else if (changes.enabled === false) {
      await deliveries.removeAll(db, id);
    }
    await audit(db, { at, actor: caller, action: 'webhook.updated', target: target(before), details: { changed } });
    return updated;
  });
}

/**
 * Gives a webhook a new secret; the present one signs too for 24 hours. Throws `not_found`, `precondition_failed`.
 */
export async function rotateSecret(
  deps: Deps,
  caller: ServersCaller,
  id: string,
  expected: ExpectedVersion,
): Promise<WebhookWithSecret> {
  const secret = newSecret();
  return deps.store.writeFor(caller.organizationId, async (db) => {
    const before = await findWebhook(db, caller, id);
    requireVersion(expected, before.version);
    const at = Math.max(deps.now(), before.updatedAt);
    const updated = await stored(db, caller, { ...before, updatedAt: at }, before);
    await store.setSecret(db, id, secret, at + ROTATION_MS);
    await audit(db, { at, actor: caller, action: 'webhook.secret_rotated', target: target(before) });
    return { ...updated, secret };
  });
}

/** Deletes a webhook with the events that wait for it. Throws `not_found`, `precondition_failed`. */
export async function deleteWebhook(
  deps: Deps,
  caller: ServersCaller,
  id: string,
  expected: ExpectedVersion,
): Promise<void> {
  await deps.store.writeFor(caller.organizationId, async (db) => {
    const webhook = await findWebhook(db, caller, id);
    requireVersion(expected, webhook.version);
    await store.remove(db, caller.organizationId, id);
    await audit(db, { at: deps.now(), actor: caller, action: 'webhook.deleted', target: target(webhook) });
  });
}

/** Queues an event of a test, and returns its id. Throws `not_found`; `conflict` if the webhook is disabled. */
export const testWebhook = (deps: Deps, caller: ServersCaller, id: string): Promise<string> =>
  deps.store.writeFor(caller.organizationId, async (db) => {
    const webhook = await findWebhook(db, caller, id);
    if (!webhook.enabled) {
      throw conflict('This webhook is disabled. Enable it, and test it then.');
    }
    return tellTest(db, webhook, deps.now());
  });

async function findWebhook(db: Db, { organizationId }: ServersCaller, id: string): Promise<Webhook> {
  const webhook = await store.find(db, organizationId, id);
  if (webhook === null) {
    throw noSuchWebhook(id, organizationId);
  }
  return webhook;
}

async function stored(db: Db, caller: ServersCaller, webhook: Webhook, before: Webhook): Promise<Webhook> {
  const updated = await store.update(db, webhook, before.version);
  if (updated === null) {
    throw noSuchWebhook(before.id, caller.organizationId);
  }
  return updated;
}

/** Throws for a URL that the gateway will not connect to, as far as can be told without the network. */
function requireReachable({ egress }: Deps, { organizationId }: ServersCaller, url: string): void {
  try {
    egress.of(organizationId).check(new URL(url));
  } catch (error) {
    throw error instanceof EgressRefused ? invalidValue(['url'], error.message, 'egress', error) : error;
  }
}

const target = ({ id }: Webhook) => ({ kind: 'webhook', id: webhookId(id) }) as const;

const noSuchWebhook = (id: string, organizationId: string): ApiError =>
  notFound('Webhook', `Webhook '${webhookId(id)}' does not exist in organization '${organizationId}'`);

const tooMany = (count: number): ApiError =>
  new ApiError(
    'quota_exceeded',
    `This organization has ${count} webhooks, which is as many as it may have. Delete one that is not needed, and try again.`,
  );
