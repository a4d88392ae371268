import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Credentials, call } from '../support/client.ts';
import { mint, mintOver } from '../support/minted.ts';
import { API_KEY, API_SECRET, API_TOKEN, startTestServer, type TestServer } from '../support/server.ts';
import { startToolServer, type ToolServer, tool } from '../support/tool-server.ts';
import { cookieIn, createWorld, type World } from '../support/world.ts';

const DAY = 24 * 60 * 60 * 1000;

let server: TestServer;
let world: World;
let upstream: ToolServer;
beforeAll(async () => {
  server = await startTestServer({
    env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1', GATEHOUSE_APPROVAL_HOLD: '0' },
  });
  world = await createWorld(server);
  upstream = await startToolServer([tool('read', { annotations: { readOnlyHint: true } }), tool('write')]);
});
afterAll(async () => {
  await server.stop();
  await upstream.stop();
});

const overviewAs = (as: Credentials) => call(server.url, 'getOverview', { as });
const overview = async () => (await overviewAs('team')).body.data;
const inDays = (days: number) => new Date(server.clock.now + days * DAY).toISOString();
const callTool = (token: string, name: string) => {
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } };
  return call(server.url, 'sendToEndpoint', { path: { token }, as: 'nobody', body });
};
const signIn = async (body: object): Promise<Credentials> => ({
  session: cookieIn(await call(server.url, 'createSession', { as: 'nobody', body })),
});

describe('200', () => {
  test('of an organization where nothing happens has thirty days without calls', async () => {
    const { status, body } = await overviewAs('team');
    expect([status, body.message]).toEqual([200, 'Overview retrieved successfully']);
    expect(body.data).toMatchObject({
      approval_requests: { pending: 0 },
      expiring_endpoints: [],
      expiring_credentials: [],
    });
    expect(body.data.calls).toHaveLength(30);
    expect(body.data.calls[0]).toEqual({ day: '2026-10-22', calls: 0, failures: 0 });
    expect(body.data.calls.at(-1)).toEqual({ day: '2026-11-20', calls: 0, failures: 0 });
  });

  test('counts the calls of a day, those that fail or wait, and those that wait for a person', async () => {
    const { token } = await mintOver(server, upstream.url, { approval_policy: 'auto_approve_read_only' });
    await callTool(token, 'read');
    await callTool(token, 'read');
    await callTool(token, 'write');
    await server.deps.callAudit.flush();
    const before = await overview();
    expect(before.approval_requests).toEqual({ pending: 1 });
    expect(before.calls.at(-1)).toEqual({ day: '2026-11-20', calls: 3, failures: 1 });
    server.clock.now += DAY;
    await callTool(token, 'read');
    await server.deps.callAudit.flush();
    const after = await overview();
    expect(after.calls.slice(-2)).toEqual([
      { day: '2026-11-20', calls: 3, failures: 1 },
      { day: '2026-11-21', calls: 1, failures: 0 },
    ]);
    // The time that people have for a decision is over.
    expect(after.approval_requests).toEqual({ pending: 0 });
    expect((await overviewAs(world.pair)).body.data.calls.at(-1).calls).toBe(0);
  });

  test('lists what expires within seven days, the first to expire first', async () => {
    const { serverId } = await mintOver(server, upstream.url);
    const expiring = async (days: number) =>
      (await mint(server, serverId, {}, { name: `In ${days} days`, expires_at: inDays(days) })).id;
    const [later, sooner] = [await expiring(6), await expiring(2)];
    await expiring(8);
    const path = { org_id: server.organizationId };
    const credential = async (id: 'createApiKey' | 'createApiToken', days: number) =>
      (await call(server.url, id, { path, body: { name: `In ${days} days`, expiresAt: inDays(days) } })).body.id;
    const [pair, token] = [await credential('createApiKey', 3), await credential('createApiToken', 1)];
    await credential('createApiKey', 9);
    const found = await overview();
    const at = (days: number) => ({ name: `In ${days} days`, expires_at: server.clock.now + days * DAY });
    const account_id = serverId.slice('mcp_'.length);
    expect(found.expiring_endpoints).toEqual([
      { id: sooner, account_id, ...at(2) },
      { id: later, account_id, ...at(6) },
    ]);
    expect(found.expiring_credentials).toEqual([
      { id: token, kind: 'api_token', ...at(1) },
      { id: pair, kind: 'key_pair', ...at(3) },
    ]);
    server.clock.now += 2 * DAY;
    const later2 = await overview();
    expect(later2.expiring_endpoints.map(({ id }: { id: string }) => id)).not.toContain(sooner);
    expect(later2.expiring_credentials.map(({ id }: { id: string }) => id)).not.toContain(token);
    expect(later2.expiring_endpoints.map(({ name }: { name: string }) => name)).toEqual(['In 6 days', 'In 8 days']);
  });

  test('any key pair reads it, and a person with one', async () => {
    const path = { org_id: server.organizationId };
    for (const permission of ['servers', 'approvals']) {
      const body = { name: 'One', permissions: [permission] };
      const { apiKey, apiSecret } = (await call(server.url, 'createApiKey', { path, body })).body;
      expect((await overviewAs({ apiKey, apiSecret })).status).toBe(200);
    }
    expect((await overviewAs(await signIn({ api_key: API_KEY, api_secret: API_SECRET }))).status).toBe(200);
  });
});

test('403: a person without a key pair', async () => {
  const { status, body } = await overviewAs(await signIn({ api_token: API_TOKEN }));
  expect([status, body.error]).toEqual([403, expect.stringContaining('a key pair')]);
});

test('400: a query parameter', async () => {
  expect((await call(server.url, 'getOverview', { query: { days: 7 } })).status).toBe(400);
});
