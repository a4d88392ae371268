import type { components } from '../../generated/api.ts';
import { webhookId } from '../approvals/outbox.ts';
import type { Handlers } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import { etag, parseIfMatch } from '../http/etag.ts';
import type { LastDelivery, Webhook } from '../store/webhooks.ts';
import {
  createWebhook,
  deleteWebhook,
  getWebhook,
  listWebhooks,
  rotateSecret,
  testWebhook,
  updateWebhook,
  type WebhookFields,
} from './webhooks.ts';
import { keyPairOf, successEnvelope } from './wire.ts';

type WebhookOperations =
  | 'listWebhooks'
  | 'createWebhook'
  | 'getWebhook'
  | 'updateWebhook'
  | 'deleteWebhook'
  | 'testWebhook'
  | 'rotateWebhookSecret';
type Schemas = components['schemas'];

/** Creates the handlers of webhooks (Servers API). */
export const webhookHandlers = (deps: Deps): Handlers<WebhookOperations> => ({
  listWebhooks: async ({ caller }, respond) => {
    const found = await listWebhooks(deps, keyPairOf(caller));
    return respond(200, successEnvelope('Webhooks retrieved successfully', found.map(toWire)));
  },

  createWebhook: async ({ body, caller }, respond) => {
    const defaults = { format: 'standard', includeArguments: false, enabled: true } as const;
    const { url, events } = body;
    const webhook = await createWebhook(deps, keyPairOf(caller), { ...defaults, ...fieldsOf(body), url, events });
    const headers = { Location: `/api/webhooks/${webhookId(webhook.id)}`, ETag: etag(webhook.version) };
    const data = { ...toWire(webhook), secret: webhook.secret };
    return respond(201, successEnvelope('Webhook created successfully', data), headers);
  },

  getWebhook: async ({ params, caller }, respond) => {
    const webhook = await getWebhook(deps, keyPairOf(caller), uuidOf(params));
    const headers = { ETag: etag(webhook.version) };
    return respond(200, successEnvelope('Webhook retrieved successfully', toWire(webhook)), headers);
  },

  updateWebhook: async ({ params, headers, body, caller }, respond) => {
    const expected = parseIfMatch(headers['if-match']);
    const webhook = await updateWebhook(deps, keyPairOf(caller), uuidOf(params), fieldsOf(body), expected);
    return respond(200, successEnvelope('Webhook updated successfully', toWire(webhook)), {
      ETag: etag(webhook.version),
    });
  },

  deleteWebhook: async ({ params, headers, caller }, respond) => {
    const holder = keyPairOf(caller);
    await deleteWebhook(deps, holder, uuidOf(params), parseIfMatch(headers['if-match']));
    const gone = { id: params.webhookId, organization_id: holder.organizationId, deleted: true } as const;
    return respond(200, successEnvelope('Webhook deleted successfully', gone));
  },

  testWebhook: async ({ params, caller }, respond) => {
    const eventId = await testWebhook(deps, keyPairOf(caller), uuidOf(params));
    const data = { id: params.webhookId, event_id: eventId };
    return respond(200, successEnvelope('Webhook test queued successfully', data));
  },

  rotateWebhookSecret: async ({ params, headers, caller }, respond) => {
    const expected = parseIfMatch(headers['if-match']);
    const webhook = await rotateSecret(deps, keyPairOf(caller), uuidOf(params), expected);
    const data = { ...toWire(webhook), secret: webhook.secret };
    return respond(200, successEnvelope('Webhook secret rotated successfully', data), { ETag: etag(webhook.version) });
  },
});

const uuidOf = ({ webhookId: id }: { readonly webhookId: string }): string => id.slice('whk_'.length);

/** The fields of request bodies: names of the API on the left, of the domain on the right. */
const FIELDS = {
  url: 'url',
  events: 'events',
  format: 'format',
  include_arguments: 'includeArguments',
  enabled: 'enabled',
} as const satisfies Readonly<Record<keyof Schemas['WebhookCreate'], keyof WebhookFields>>;

/** Returns the sent fields under their domain names, without the others. */
function fieldsOf(
  body: { readonly [K in keyof typeof FIELDS]?: WebhookFields[(typeof FIELDS)[K]] },
): Partial<WebhookFields> {
  return Object.fromEntries(
    Object.entries(FIELDS)
      .filter(([wire]) => Object.hasOwn(body, wire))
      .map(([wire, field]) => [field, body[wire as keyof typeof FIELDS]]),
  );
}

function toWire(webhook: Webhook): Schemas['Webhook'] {
  return {
    id: webhookId(webhook.id),
    organization_id: webhook.organizationId,
    url: `${new URL(webhook.url).origin}/…`,
    events: webhook.events,
    format: webhook.format,
    include_arguments: webhook.includeArguments,
    enabled: webhook.enabled,
    disabled_reason: webhook.disabledReason,
    last_delivery: webhook.lastDelivery === null ? null : toWireDelivery(webhook.lastDelivery),
    created_at: webhook.createdAt,
    updated_at: webhook.updatedAt,
  };
}

const toWireDelivery = ({ eventId, type, status, tries, at, responseStatus, error }: LastDelivery) => ({
  event_id: eventId,
  type,
  status,
  tries,
  at,
  response_status: responseStatus,
  error,
});
