import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OperationId } from '../../src/contract/operations.ts';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let path: { org_id: string };
beforeAll(async () => {
  server = await startTestServer();
  path = { org_id: server.organizationId };
  server.clock.now += 1000;
});
afterAll(() => server.stop());

type Kind = { create: OperationId; list: OperationId; remove: OperationId; secrets: string[]; prefix: RegExp };
const KINDS: [string, Kind][] = [
  [
    'API tokens',
    {
      create: 'createApiToken',
      list: 'listApiTokens',
      remove: 'deleteApiToken',
      secrets: ['token'],
      prefix: /^gat_.{4}$/,
    },
  ],
  [
    'API keys',
    {
      create: 'createApiKey',
      list: 'listApiKeys',
      remove: 'deleteApiKey',
      secrets: ['apiKey', 'apiSecret'],
      prefix: /^sk_.{5}$/,
    },
  ],
];

describe.each(KINDS)('%s', (_, { create, list, remove, secrets, prefix }) => {
  const make = (body: unknown) => call(server.url, create, { path, body });

  test('201: shows the secret only once', async () => {
    const { status, body, headers } = await make({ name: 'CI', expiresAt: '2099-12-31T23:59:59Z' });
    expect(status).toBe(201);
    expect(headers.get('location')).toMatch(new RegExp(`/api-(tokens|keys)/${body.id}$`));
    expect(body).toMatchObject({
      name: 'CI',
      prefix: expect.stringMatching(prefix),
      expiresAt: '2099-12-31T23:59:59.000Z',
      lastUsedAt: null,
      createdAt: new Date(server.clock.now).toISOString(),
    });
    const listed = (await call(server.url, list, { path })).text;
    expect(listed).toContain(body.id);
    for (const secret of secrets) {
      expect(listed).not.toContain(body[secret]);
    }
    const { [secrets[0] ?? '']: one, [secrets[1] ?? '']: other, ...shown } = body;
    expect(JSON.parse(listed).at(-1)).toEqual(shown);
  });

  test('200: a bare array, oldest first', async () => {
    server.clock.now += 1000;
    const made = (await make({ name: 'newest' })).body;
    expect((await call(server.url, list, { path })).body.at(-1).id).toBe(made.id);
  });

  test('200: a deletion, and 404 afterwards', async () => {
    const { id } = (await make({ name: 'gone' })).body;
    expect((await call(server.url, remove, { path: { ...path, id } })).body).toEqual({ id, deleted: true });
    expect((await call(server.url, remove, { path: { ...path, id } })).status).toBe(404);
    expect((await call(server.url, list, { path })).text).not.toContain(id);
  });

  test.each([
    [
      'an end that is past',
      { name: 'x', expiresAt: '2020-01-01T00:00:00Z' },
      'body.expiresAt',
      /^must lie ahead of 2026/,
    ],
    ['an end that is no date', { name: 'x', expiresAt: 'tomorrow' }, 'body.expiresAt', /date-time/],
    ['an instant that does not exist', { name: 'x', expiresAt: '2098-12-31T23:59:60Z' }, 'body.expiresAt', /exists/],
    ['an end beyond the calendar', { name: 'x', expiresAt: '9999-12-31T23:59:59-23:59' }, 'body.expiresAt', /exists/],
    ['no name', {}, 'body.name', /required/],
    ['a secret of one’s own', { name: 'x', prefix: 'y' }, 'body.prefix', /read-only/],
  ])('422: %s', async (_, body, field, message) => {
    const { status, body: answer } = await make(body);
    expect(status).toBe(422);
    expect(answer.error.fieldErrors).toEqual([
      expect.objectContaining({ field, message: expect.stringMatching(message) }),
    ]);
  });
});

test('a key pair works from its creation to its deletion', async () => {
  const { id, apiKey, apiSecret } = (await call(server.url, 'createApiKey', { path, body: { name: 'x' } })).body;
  const ask = async () => (await call(server.url, 'listMcpServers', { as: { apiKey, apiSecret } })).status;
  expect(await ask()).toBe(200);
  await call(server.url, 'deleteApiKey', { path: { ...path, id } });
  expect(await ask()).toBe(401);
});

test('an API token has the permission accounts by default, lists its permissions, and refuses none or unknown ones', async () => {
  const make = async (permissions?: unknown) =>
    call(server.url, 'createApiToken', {
      path,
      body: { name: 'x', ...(permissions !== undefined && { permissions }) },
    });
  const plain = (await make()).body;
  expect(plain.permissions).toEqual(['accounts']);
  const both = (await make(['accounts', 'approvals'])).body;
  expect(both.permissions).toEqual(['accounts', 'approvals']);
  for (const wrong of [[], ['servers'], ['accounts', 'accounts'], 'accounts', null]) {
    expect((await make(wrong)).status).toBe(422);
  }
  const listed = (await call(server.url, 'listApiTokens', { path })).body as { id: string; permissions: string[] }[];
  const shown = (id: string) => listed.find((token) => token.id === id)?.permissions;
  expect([shown(plain.id), shown(both.id)]).toEqual([['accounts'], ['accounts', 'approvals']]);
  expect(Object.keys(plain)).toEqual([
    ...['id', 'name', 'permissions', 'prefix', 'expiresAt', 'lastUsedAt', 'createdAt', 'token'],
  ]);
});

test('the API token of the first start has the permission approvals', async () => {
  const first = (await call(server.url, 'listApiTokens', { path: { org_id: server.organizationId } })).body[0];
  expect([first.name, first.permissions]).toEqual(['First start', ['accounts', 'approvals']]);
});

test('a key pair has both permissions by default, and refuses none or unknown ones', async () => {
  const make = async (permissions?: unknown) =>
    call(server.url, 'createApiKey', { path, body: { name: 'x', ...(permissions !== undefined && { permissions }) } });
  expect((await make()).body.permissions).toEqual(['servers']);
  expect((await make(['servers', 'approvals'])).body.permissions).toEqual(['servers', 'approvals']);
  expect((await make(['approvals'])).body.permissions).toEqual(['approvals']);
  expect((await make([])).status).toBe(422);
  expect((await make(['admin'])).status).toBe(422);
});
