import { randomUUID } from 'node:crypto';
import type { components } from '../../../../generated/api.ts';
import type { Caller } from '../../caller.ts';
import { checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import { dataOf, refused } from './support.ts';

type Webhook = components['schemas']['Webhook'];
type Path = { readonly webhookId: string };

/** Nobody is at this address: an event for it is lost, and no check waits for one. */
const RECEIVER = 'https://hooks.example.com/services/checks';
const EVENTS: Webhook['events'] = ['approval.requested'];

/** Runs a check with a new webhook, and deletes it afterwards: there is a maximum number of them. */
async function withWebhook(team: Caller, check: (path: Path, secret: string, webhook: Webhook) => Promise<void>) {
  const { secret, ...webhook } = dataOf(
    await team.call(201, 'createWebhook', { body: { url: RECEIVER, events: EVENTS } }),
  );
  const path = { webhookId: webhook.id };
  try {
    await check(path, secret, webhook);
  } finally {
    await team.call(200, 'deleteWebhook', { path });
  }
}

/** The webhooks of an organization. */
export const webhookChecks = checks('servers', {
  'createWebhook: it is kept as sent, with defaults; the secret and the rest of the URL are shown no more': async ({
    team,
  }) =>
    withWebhook(team, async (path, secret, webhook) => {
      const read = await team.call(200, 'getWebhook', { path });
      same(read, 'the webhook', dataOf(read), webhook);
      const { url, events, format, include_arguments, enabled, last_delivery } = webhook;
      const defaults = { format: 'standard', include_arguments: false, enabled: true, last_delivery: null };
      const expected = { url: 'https://hooks.example.com/…', events: EVENTS, ...defaults };
      same(read, 'the fields', { url, events, format, include_arguments, enabled, last_delivery }, expected);
      const list = await team.call(200, 'listWebhooks');
      const found = dataOf(list).filter(({ id }) => id === path.webhookId);
      same(list, 'the webhook in the list', found, [webhook]);
      for (const answer of [read, list]) {
        const shown = [secret, 'services/checks'].filter((hidden) => answer.text.includes(hidden));
        same(answer, 'no secrets', shown, []);
      }
    }),

  'updateWebhook: only what is sent changes, and not the secret': async ({ team }) =>
    withWebhook(team, async (path, _, webhook) => {
      const body = { events: ['approval.used', 'approval.decided'], enabled: false } as const;
      const answer = await team.call(200, 'updateWebhook', { path, body: { ...body, events: [...body.events] } });
      const { updated_at, ...updated } = dataOf(answer);
      const { updated_at: before, ...created } = webhook;
      same(answer, 'the webhook', updated, { ...created, ...body });
      holds(answer, updated_at >= before, `updated_at not before ${before}`, updated_at);
      await team.call(409, 'testWebhook', { path });
    }),

  'testWebhook: it queues an event with an id of its own': async ({ team }) =>
    withWebhook(team, async (path) => {
      const ids: string[] = [];
      for (let count = 0; count < 2; count += 1) {
        const answer = await team.call(200, 'testWebhook', { path });
        const { id, event_id } = dataOf(answer);
        same(answer, 'the id of the webhook', id, path.webhookId);
        holds(answer, !ids.includes(event_id), 'an id of its own', event_id);
        ids.push(event_id);
      }
    }),

  'rotateWebhookSecret: it answers another secret': async ({ team }) =>
    withWebhook(team, async (path, secret) => {
      const answer = await team.call(200, 'rotateWebhookSecret', { path });
      holds(answer, dataOf(answer).secret !== secret, 'another secret', 'the same');
    }),

  'createWebhook: what is wrong, missing or unknown is refused by name': async ({ team }) => {
    const wrong: Record<string, readonly unknown[]> = {
      url: ['', 'hooks.example.com', 'ftp://hooks.example.com', 'https://me:me@hooks.example.com', null],
      events: [[], ['webhook.test'], ['approval.used', 'approval.used'], 'approval.used', null],
      format: ['teams', null],
      include_arguments: ['true', null],
      enabled: [1, null],
      secret: ['whsec_x'],
      disabled_reason: ['x'],
    };
    for (const [key, values] of Object.entries(wrong)) {
      for (const value of values) {
        const body = { url: RECEIVER, events: EVENTS, [key]: value };
        await refused(team, 'createWebhook', { body }, key);
      }
    }
    await refused(team, 'createWebhook', { body: { url: RECEIVER } }, 'events');
    await refused(team, 'createWebhook', { body: { events: EVENTS } }, 'url');
  },

  'every operation on webhooks: one that does not exist is a 404': async ({ team }) => {
    const path = { webhookId: `whk_${randomUUID()}` };
    await team.call(404, 'getWebhook', { path });
    await team.call(404, 'updateWebhook', { path, body: { enabled: true } });
    await team.call(404, 'testWebhook', { path });
    await team.call(404, 'rotateWebhookSecret', { path });
    await team.call(404, 'deleteWebhook', { path });
  },
});
