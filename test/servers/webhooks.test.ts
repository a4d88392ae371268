import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const URL_WITH_SECRETS = 'https://hooks.example.com/services/T0/B0/x1?key=y2';
const EVENTS = ['approval.requested', 'approval.expired'];

let server: TestServer;
let world: { organizationId: string; pair: { apiKey: string; apiSecret: string } };
let path: { webhookId: string };
let created: Awaited<ReturnType<typeof call>>;
beforeAll(async () => {
  server = await startTestServer();
});
beforeEach(async () => {
  world = await organizationWith(['servers', 'approvals']);
  created = await create();
  path = { webhookId: created.body.data.id };
});
afterAll(() => server.stop());

const organizationWith = async (permissions: string[]) => {
  const organizationId = (await call(server.url, 'createOrganization', { body: { name: 'Hooks' } })).body.id as string;
  const body = { name: 'pair', permissions };
  const { apiKey, apiSecret } = (await call(server.url, 'createApiKey', { path: { org_id: organizationId }, body }))
    .body;
  return { organizationId, pair: { apiKey, apiSecret } };
};
const create = (more: object = {}) =>
  call(server.url, 'createWebhook', { body: { url: URL_WITH_SECRETS, events: EVENTS, ...more }, as: world.pair });
const get = () => call(server.url, 'getWebhook', { path, as: world.pair });
const update = (body: object, headers = {}) =>
  call(server.url, 'updateWebhook', { path, body, headers, as: world.pair });
const audited = async () => {
  const query = { organization: world.organizationId, limit: 100 };
  const { body } = await call(server.url, 'listAuditEvents', { query });
  return (JSON.stringify(body).match(/webhook\.\w+/g) ?? []).toSorted();
};

describe('createWebhook', () => {
  test('201 with the secret, which is shown once, as the rest of the URL is never shown', async () => {
    const { secret, ...shown } = created.body.data;
    expect(created.status).toBe(201);
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(shown).toEqual({
      id: expect.stringMatching(/^whk_/),
      organization_id: world.organizationId,
      url: 'https://hooks.example.com/…',
      events: EVENTS,
      format: 'standard',
      include_arguments: false,
      enabled: true,
      disabled_reason: null,
      last_delivery: null,
      created_at: server.clock.now,
      updated_at: server.clock.now,
    });
    const read = await get();
    expect(created.headers.get('location')).toBe(`/api/webhooks/${shown.id}`);
    expect(read.headers.get('etag')).toBe(created.headers.get('etag'));
    expect(read.body.data).toEqual(shown);
    const list = await call(server.url, 'listWebhooks', { as: world.pair });
    expect(list.body.data).toEqual([shown]);
    expect(`${read.text} ${list.text}`).not.toMatch(/whsec_|x1|y2/);
    expect(await audited()).toEqual(['webhook.created']);
  });

  test('201: every field', async () => {
    const fields = { format: 'slack', include_arguments: true, enabled: false };
    expect((await create(fields)).body.data).toMatchObject(fields);
  });

  test.each([
    ['no events', { events: [] }, 'body.events: '],
    ['the same event twice', { events: ['approval.used', 'approval.used'] }, 'body.events: '],
    ['an event that is none', { events: ['webhook.test'] }, 'body.events.0: '],
    ['a URL with credentials', { url: 'https://me:secret@hooks.example.com' }, 'body.url: must be an absolute http'],
    ['another scheme', { url: 'wss://hooks.example.com' }, 'body.url: must be an absolute http'],
    ['an address that is refused', { url: 'http://169.254.169.254/x' }, 'body.url: Connections to 169.254.169.254'],
    ['this machine', { url: 'http://localhost:1/x' }, 'body.url: Connections to localhost'],
    ['what only the server says', { secret: 'whsec_' }, 'body.secret: '],
  ])('400: %s', async (_, more, message) => {
    const answer = await create(more);
    expect(answer.status).toBe(400);
    expect(answer.body.error).toContain(message);
  });

  test('409: more than 20 webhooks of an organization', async () => {
    for (let count = 1; count < 20; count += 1) {
      expect((await create()).status).toBe(201);
    }
    const refused = await create();
    expect([refused.status, refused.body.message]).toEqual([409, 'Quota exceeded']);
    expect(refused.body.error).toContain('This organization has 20 webhooks');
    await call(server.url, 'deleteWebhook', { path, as: world.pair });
    expect((await create()).status).toBe(201);
  });
});

describe('updateWebhook', () => {
  test('200: changes what is given, and nothing else', async () => {
    server.clock.now += 1000;
    const { created_at, ...before } = (await get()).body.data;
    const answer = await update({ url: 'https://other.example.com/x', events: ['approval.used'] });
    expect(answer.body.data).toEqual({
      ...before,
      created_at,
      url: 'https://other.example.com/…',
      events: ['approval.used'],
      updated_at: server.clock.now,
    });
    expect((await get()).body.data).toEqual(answer.body.data);
    expect(await audited()).toEqual(['webhook.created', 'webhook.updated']);
    expect((await update({})).body.data).toEqual(answer.body.data);
  });

  test('400: a refused address', async () => {
    expect((await update({ url: 'http://10.0.0.1/' })).body.error).toContain('body.url: Connections to 10.0.0.1');
  });

  test('412: the webhook was changed since', async () => {
    const tag = { 'If-Match': created.headers.get('etag') ?? '' };
    expect((await update({ format: 'slack' }, tag)).status).toBe(200);
    expect((await update({ format: 'standard' }, tag)).status).toBe(412);
  });
});

test('rotateWebhookSecret: 200 with another secret, 412 for an old version', async () => {
  const tag = { 'If-Match': created.headers.get('etag') ?? '' };
  const rotate = () => call(server.url, 'rotateWebhookSecret', { path, headers: tag, as: world.pair });
  const rotated = await rotate();
  expect(rotated.status).toBe(200);
  expect(rotated.body.data.secret).not.toBe(created.body.data.secret);
  expect((await rotate()).status).toBe(412);
  expect(await audited()).toEqual(['webhook.created', 'webhook.secret_rotated']);
});

test('testWebhook: 409 for a webhook that is disabled', async () => {
  await update({ enabled: false });
  const refused = await call(server.url, 'testWebhook', { path, as: world.pair });
  expect([refused.status, refused.body.error]).toEqual([409, 'This webhook is disabled. Enable it, and test it then.']);
});

test('deleteWebhook: 200, and it is gone', async () => {
  const gone = await call(server.url, 'deleteWebhook', { path, as: world.pair });
  expect(gone.body.data).toEqual({ id: path.webhookId, organization_id: world.organizationId, deleted: true });
  expect((await get()).status).toBe(404);
  expect(await audited()).toEqual(['webhook.created', 'webhook.deleted']);
});

test('403 without the permission approvals: agents must not read what is approved', async () => {
  const { pair } = await organizationWith(['servers']);
  const answers = await Promise.all([
    call(server.url, 'listWebhooks', { as: pair }),
    call(server.url, 'createWebhook', { body: { url: URL_WITH_SECRETS, events: EVENTS }, as: pair }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([403, 403]);
});
