import { afterAll, beforeAll, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { mint, mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startToolServer, type ToolServer, tool } from '../support/tool-server.ts';
import { createWorld, type World } from '../support/world.ts';

const DAY = 24 * 60 * 60 * 1000;

let server: TestServer;
let world: World;
let upstream: ToolServer;
beforeAll(async () => {
  server = await startTestServer({
    env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1', GATEHOUSE_APPROVAL_HOLD: '0' },
  });
  world = await createWorld(server);
  upstream = await startToolServer([tool('write')]);
});
afterAll(async () => {
  await server.stop();
  await upstream.stop();
});

const overview = async (): Promise<Json> => (await call(server.url, 'getOperatorOverview')).body;
const expiresAt = (days: number) => new Date(server.clock.now + days * DAY).toISOString();

test('200: adds up all organizations, and names the one of each thing that expires', async () => {
  await server.deps.callAudit.flush();
  const before = await overview();
  expect(before).toMatchObject({ expiringEndpoints: [], expiringCredentials: [] });
  const owners = [
    { organization: server.organizationId, owner: undefined },
    { organization: world.organizationId, owner: { pair: world.pair, token: world.token } },
  ];
  const endpoints: Json[] = [];
  const credentials: Json[] = [];
  for (const [index, { organization, owner }] of owners.entries()) {
    const { serverId, token } = await mintOver(
      server,
      upstream.url,
      { approval_policy: 'require_approval_all' },
      owner,
    );
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'write', arguments: {} } };
    await call(server.url, 'sendToEndpoint', { path: { token }, as: 'nobody', body });
    const at = { name: 'Soon', expiresAt: expiresAt(5 - index) };
    const { id } = await mint(server, serverId, {}, { name: at.name, expires_at: at.expiresAt }, owner);
    endpoints.unshift({ id, organization, accountId: serverId.slice('mcp_'.length), ...at });
    const made = await call(server.url, 'createApiKey', { path: { org_id: organization }, body: at });
    credentials.unshift({ id: made.body.id, organization, kind: 'key_pair', ...at });
  }
  await server.deps.callAudit.flush();
  const found = await overview();
  expect(found.approvalRequests).toEqual({ pending: before.approvalRequests.pending + 2 });
  expect(found.expiringEndpoints).toEqual(endpoints);
  expect(found.expiringCredentials).toEqual(credentials);
  expect(found.calls).toHaveLength(30);
  const { calls, failures } = before.calls.at(-1);
  expect(found.calls.at(-1)).toEqual({ day: '2026-11-20', calls: calls + 2, failures: failures + 2 });
});

test('200: counts shared servers by their state', async () => {
  const { servers: before } = await overview();
  const create = (body: object) => call(server.url, 'createSharedServer', { body });
  await create({ name: 'Up', mcpServer: { name: 'up', url: upstream.url } });
  await create({ name: 'Down', mcpServer: { name: 'down', url: 'http://127.0.0.1:9/mcp' } });
  await create({ name: 'Off', enabled: false, mcpServer: { name: 'off', url: upstream.url } });
  const { servers } = await overview();
  expect(servers).toMatchObject({ connected: before.connected + 1, disabled: before.disabled + 1 });
  expect(servers.connecting + servers.unreachable).toBe(before.connecting + before.unreachable + 1);
});
