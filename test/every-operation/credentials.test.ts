import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Operation } from '../../src/contract/document.ts';
import { call, meantFor } from '../support/client.ts';
import { API_KEY, API_SECRET, API_TOKEN, OPERATOR_TOKEN, startTestServer, type TestServer } from '../support/server.ts';
import { ask, createWorld, secured, validRequest, type World } from '../support/world.ts';

let server: TestServer;
let world: World;
let reader: World;
beforeAll(async () => {
  server = await startTestServer();
  world = await createWorld(server);
  reader = await createWorld(server, ['servers']);
});
afterAll(() => server.stop());

const tokenOf = (operation: Operation) => (meantFor(operation) === 'token' ? API_TOKEN : OPERATOR_TOKEN);
const otherTokenOf = (operation: Operation) => (meantFor(operation) === 'token' ? OPERATOR_TOKEN : API_TOKEN);

describe.each(secured)('$id', (operation) => {
  const wrong: [string, Record<string, string>][] =
    meantFor(operation) === 'team'
      ? [
          ['nothing', {}],
          ['the key alone', { 'X-API-KEY': API_KEY }],
          ['the secret alone', { 'X-API-SECRET': API_SECRET }],
          ['a wrong secret', { 'X-API-KEY': API_KEY, 'X-API-SECRET': `${API_SECRET}x` }],
          ['a wrong key', { 'X-API-KEY': `${API_KEY}x`, 'X-API-SECRET': API_SECRET }],
          ['key and secret swapped', { 'X-API-KEY': API_SECRET, 'X-API-SECRET': API_KEY }],
          ['the operator token', { Authorization: `Bearer ${OPERATOR_TOKEN}` }],
        ]
      : [
          ['nothing', {}],
          ['a wrong token', { Authorization: `Bearer ${tokenOf(operation)}x` }],
          ['another scheme', { Authorization: `Basic ${tokenOf(operation)}` }],
          ["another API's token", { Authorization: `Bearer ${otherTokenOf(operation)}` }],
          ['no token', { Authorization: 'Bearer ' }],
          ['a key pair', { 'X-API-KEY': API_KEY, 'X-API-SECRET': API_SECRET }],
        ];

  test.each(wrong)('401: %s', async (_, headers) => {
    const answer = await ask(server, operation, { ...validRequest(operation, world), as: 'nobody', headers });
    expect(answer.status).toBe(401);
  });

  test('401: before the body is read', async () => {
    const request = { path: world.ids(operation), as: 'nobody', headers: { 'Content-Type': 'text/nonsense' } } as const;
    const body = operation.object.requestBody === undefined ? {} : { body: '{"not JSON' };
    expect((await ask(server, operation, { ...request, ...body })).status).toBe(401);
  });
});

describe.each(secured.filter(({ object }) => object.security?.[0]?.apiKey?.includes('approvals')))(
  '$id',
  (operation) => {
    test('403: a key pair without the permission `approvals`', async () => {
      const answer = await ask(server, operation, validRequest(operation, reader));
      expect(answer.status).toBe(403);
      expect(answer.body.error).toBe("This key pair lacks the permission 'approvals'.");
    });
  },
);

const wantsServers = secured.filter(({ object }) => object.security?.[0]?.apiKey?.includes('servers'));
describe.each(wantsServers)('$id', (operation) => {
  test('403: a key pair without the permission `servers`', async () => {
    const approver = await createWorld(server, ['approvals']);
    const answer = await ask(server, operation, validRequest(operation, approver));
    expect(answer.status).toBe(403);
    expect(answer.body.error).toBe("This key pair lacks the permission 'servers'.");
  });
});

describe.each(secured.filter((operation) => meantFor(operation) === 'token'))('$id', (operation) => {
  test('403: an API token without the permission `accounts`', async () => {
    const path = { org_id: world.organizationId };
    const body = { name: 'approver', permissions: ['approvals'] };
    const { token } = (await call(server.url, 'createApiToken', { path, body })).body;
    const answer = await ask(server, operation, { ...validRequest(operation, world), as: { apiToken: token } });
    expect([answer.status, answer.body.message]).toEqual([403, "This API token lacks the permission 'accounts'."]);
  });
});

describe('key pairs', () => {
  const list = async (pair: { apiKey: string; apiSecret: string }) =>
    (await call(server.url, 'listMcpServers', { as: pair })).status;

  test('a key and a secret of two pairs are refused', async () => {
    expect(await list({ apiKey: world.pair.apiKey, apiSecret: reader.pair.apiSecret })).toBe(401);
  });

  test('a key pair is refused after its expiry', async () => {
    const path = { org_id: server.organizationId };
    const expiresAt = new Date(server.clock.now + 1000).toISOString();
    const { apiKey, apiSecret } = (await call(server.url, 'createApiKey', { path, body: { name: 'short', expiresAt } }))
      .body;
    expect(await list({ apiKey, apiSecret })).toBe(200);
    server.clock.now += 1000;
    expect(await list({ apiKey, apiSecret })).toBe(401);
  });

  test('an API token is refused after its expiry, and shows its last use', async () => {
    const path = { org_id: server.organizationId };
    const expiresAt = new Date(server.clock.now + 1000).toISOString();
    const { token, id } = (await call(server.url, 'createApiToken', { path, body: { name: 'short', expiresAt } })).body;
    const ask = async () => (await call(server.url, 'listIntegrations', { as: { apiToken: token } })).status;
    expect(await ask()).toBe(200);
    await server.deps.credentials.saveLastUsed();
    const tokens = (await call(server.url, 'listApiTokens', { path })).body as { id: string; lastUsedAt: string }[];
    expect(tokens.find((shown) => shown.id === id)?.lastUsedAt).toBe(new Date(server.clock.now).toISOString());
    server.clock.now += 1000;
    expect(await ask()).toBe(401);
  });

  test('a key pair shows its last use', async () => {
    const path = { org_id: server.organizationId };
    const { apiKey, apiSecret, id } = (await call(server.url, 'createApiKey', { path, body: { name: 'used' } })).body;
    await list({ apiKey, apiSecret });
    await server.deps.credentials.saveLastUsed();
    const keys = (await call(server.url, 'listApiKeys', { path })).body as { id: string; lastUsedAt: string | null }[];
    expect(keys.find((key) => key.id === id)?.lastUsedAt).toBe(new Date(server.clock.now).toISOString());
  });
});
