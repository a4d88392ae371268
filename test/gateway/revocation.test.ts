import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Answer, type Call, call } from '../support/client.ts';
import { beginSession, type Headers } from '../support/mcp-client.ts';
import { beginEvents, result, type Scripted, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { createWorld, type World } from '../support/world.ts';

/** Milliseconds: many times what is promised, for a machine that is busy. */
const SOON = 10_000;

let gateway: TestServer;
let server: Scripted;
/** What the server has begun to stream, and not been left with yet. */
const open = new Set<ServerResponse>();
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  const stay = (response: ServerResponse) => {
    open.add(beginEvents(response));
    response.once('close', () => open.delete(response)).write(': open\n\n');
  };
  server = await startScripted('handshake', { GET: stay, 'tools/call': stay });
  const { initialize } = server.script;
  // The gateway gets no session of its own, and so opens no stream.
  server.script.initialize = (response, got) =>
    got.message.params.clientInfo.name === 'gatehouse'
      ? result({ protocolVersion: '2025-11-25', capabilities: { tools: {} } })(response, got)
      : initialize?.(response, got);
});
afterAll(async () => {
  await gateway.stop();
  await server.stop();
});

/** An organization with a server and an endpoint over it. */
type Tenant = World & { serverId: string; endpointId: string; endpointToken: string };
async function createTenant(): Promise<Tenant> {
  const world = await createWorld(gateway);
  const body = { name: 'Theirs', url: server.url, approval_policy: 'auto_approve_all' };
  const serverId = (await call(gateway.url, 'createMcpServer', { body, as: world.pair })).body.data.id as string;
  const path = { integrated_account_id: serverId.slice('mcp_'.length) };
  const expires_at = new Date(gateway.clock.now + 60 * 60_000).toISOString();
  const endpoint = { name: 'Theirs', expires_at };
  const { id, token } = (await call(gateway.url, 'createEndpoint', { path, body: endpoint, as: world.token })).body;
  return { ...world, serverId, endpointId: id, endpointToken: token };
}

/** Opens a stream, and answers what resolves when it has ended. */
async function openStream(url: string, init: RequestInit): Promise<{ ended: Promise<void>; leave: () => void }> {
  const leaving = new AbortController();
  const headers = { Accept: 'application/json, text/event-stream', ...(init.headers as Headers) };
  const response = await fetch(url, { ...init, headers, signal: leaving.signal });
  expect(response.status).toBe(200);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  await reader.read();
  const ended = (async () => {
    while (!(await reader.read()).done) {}
  })().catch(() => undefined);
  return { ended, leave: () => leaving.abort() };
}

const CALL = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'act' } });
const openAll = async ({ endpointToken: token }: Tenant) => {
  const session = await beginSession({ gateway, token });
  const bearer = { ...session, Authorization: `Bearer ${token}` };
  return Promise.all([
    openStream(`${gateway.url}/mcp/${token}`, { headers: session }),
    openStream(`${gateway.url}/mcp/${token}`, { method: 'POST', headers: session, body: CALL }),
    openStream(`${gateway.url}/mcp`, { headers: bearer }),
    openStream(`${gateway.url}/mcp`, { method: 'POST', headers: bearer, body: CALL }),
  ]);
};

let tenant: Tenant;
let other: Tenant;
beforeEach(async () => {
  [tenant, other] = [await createTenant(), await createTenant()];
});
const ofEndpoint = ({ serverId, endpointId }: Tenant): Call => ({
  path: { integrated_account_id: serverId.slice('mcp_'.length), id: endpointId },
  as: tenant.token,
});

test.each<[string, () => Promise<Answer>]>([
  ['the endpoint is deleted', () => call(gateway.url, 'deleteEndpoint', ofEndpoint(tenant))],
  [
    'the server is deleted',
    () => call(gateway.url, 'deleteMcpServer', { path: { mcpServerId: tenant.serverId }, as: tenant.pair }),
  ],
  [
    'the organization is deleted',
    () => call(gateway.url, 'deleteOrganization', { path: { org_id: tenant.organizationId } }),
  ],
  [
    'it is made to expire',
    async () => {
      const expires_at = new Date(gateway.clock.now + 60_000).toISOString();
      const answer = await call(gateway.url, 'updateEndpoint', { ...ofEndpoint(tenant), body: { expires_at } });
      gateway.clock.now += 60_000;
      return answer;
    },
  ],
  [
    'it wants an API token from now on',
    () =>
      call(gateway.url, 'updateEndpoint', {
        ...ofEndpoint(tenant),
        body: { config: { require_api_token_auth: true } },
      }),
  ],
])('every stream of an endpoint ends for client and server when %s', async (_, revoke) => {
  const ofOthers = await openAll(other);
  const before = new Set(open);
  const streams = await openAll(tenant);
  const atServer = [...open].filter((response) => !before.has(response)).map((response) => once(response, 'close'));
  expect(atServer).toHaveLength(4);
  const began = performance.now();
  expect((await revoke()).status).toBeLessThan(300);
  await Promise.all([...streams.map(({ ended }) => ended), ...atServer]);
  expect(performance.now() - began).toBeLessThan(SOON);
  expect([...before].every((response) => open.has(response))).toBe(true);
  const answer = await call(gateway.url, 'sendToEndpoint', {
    path: { token: tenant.endpointToken },
    as: 'nobody',
    body: CALL,
  });
  expect(answer.status).toBe(401);
  for (const { leave } of ofOthers) {
    leave();
  }
  await expect.poll(() => open.size).toBe(0);
});

test('streams of notifications end when the scope changes, and calls continue', async () => {
  const streams = await openAll(tenant);
  const scopeTo = (config: object) => call(gateway.url, 'updateEndpoint', { ...ofEndpoint(tenant), body: { config } });
  await scopeTo({ methods: ['custom'] });
  const [get, post, getByBearer, postByBearer] = streams;
  await Promise.all([get?.ended, getByBearer?.ended]);
  await expect.poll(() => open.size).toBe(2);
  for (const stream of [post, postByBearer]) {
    stream?.leave();
  }
  await expect.poll(() => open.size).toBe(0);
});

test('the streams of an endpoint that requires an API token end when the token is revoked', async () => {
  const session = await beginSession({ gateway, token: tenant.endpointToken });
  const config = { require_api_token_auth: true };
  await call(gateway.url, 'updateEndpoint', { ...ofEndpoint(tenant), body: { config } });
  const api = await call(gateway.url, 'createApiToken', {
    path: { org_id: tenant.organizationId },
    body: { name: 'x' },
  });
  const headers = { ...session, Authorization: `Bearer ${api.body.token}` };
  const { ended } = await openStream(`${gateway.url}/mcp/${tenant.endpointToken}`, {
    method: 'POST',
    headers,
    body: CALL,
  });
  await call(gateway.url, 'deleteApiToken', { path: { org_id: tenant.organizationId, id: api.body.id } });
  await ended;
  await expect.poll(() => open.size).toBe(0);
});
