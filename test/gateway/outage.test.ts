import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Postgres, startPostgres } from '../store/support/postgres.ts';
import { type Answer, call } from '../support/client.ts';
import { mint, mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startToolServer, type ToolServer, tool } from '../support/tool-server.ts';
import { createWorld } from '../support/world.ts';

const READ = tool('file_read');
const PATIENCE = { timeout: 15_000, interval: 50 };

let postgres: Postgres;
let upstream: ToolServer;
beforeAll(async () => {
  postgres = await startPostgres();
  upstream = await startToolServer([READ]);
});
afterAll(async () => {
  await upstream.stop();
  await postgres.stop();
});

/** A gateway over a database of its own. */
async function start(limits: { databaseWaitMs?: number; databaseTrustMs?: number } = {}): Promise<TestServer> {
  const gateway = await startTestServer({
    env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1', GATEHOUSE_SECRET_KEY: randomBytes(32).toString('base64') },
    location: { kind: 'postgres', url: await postgres.createDatabase() },
    limits: { databaseWaitMs: 1000, listIntervalMs: 20, ...limits },
  });
  onTestFinished(() => gateway.stop());
  return gateway;
}
const callTool = (gateway: TestServer, token: string, as: 'nobody' | { apiToken: string } = 'nobody') =>
  call(gateway.url, 'sendToEndpoint', {
    path: { token },
    as,
    headers: { accept: 'application/json, text/event-stream' },
    body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'file_read', arguments: {} } },
  });
const expectUnavailable = ({ status, headers }: Answer) => {
  expect(status).toBe(503);
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
};
const servers = (gateway: TestServer) => call(gateway.url, 'listMcpServers');

describe.each<[string, { fail: () => Promise<void> | void; mend: () => Promise<void> | void }]>([
  ['is down', { fail: () => postgres.halt(), mend: () => postgres.resume() }],
  ['does not answer', { fail: () => postgres.pause(), mend: () => postgres.unpause() }],
])('while the database %s', (_, { fail, mend }) => {
  /** Runs `work` while the database fails. */
  const during = async (work: () => Promise<void>): Promise<void> => {
    await fail();
    try {
      await work();
    } finally {
      await mend();
    }
  };

  test('endpoints in use are served, everything else is a 503, and it recovers', async () => {
    const gateway = await start();
    const [used, unused] = [
      await mintOver(gateway, upstream.url, { approval_policy: 'auto_approve_all' }),
      await mintOver(gateway, upstream.url),
    ];
    expect((await callTool(gateway, used.token)).status).toBe(200);
    // Its own server has listed other tools, and other tenants have changed all they have.
    upstream.tools = [READ, tool('file_write')];
    gateway.clock.now += 60_001;
    await callTool(gateway, used.token);
    await expect.poll(async () => (await servers(gateway)).status).toBe(200);
    await createWorld(gateway);
    await during(async () => {
      expect((await callTool(gateway, used.token)).status).toBe(200);
      expectUnavailable(await servers(gateway));
      expectUnavailable(await callTool(gateway, unused.token));
      // A write that was seen a second ago would count.
      gateway.clock.now += 2000;
      expectUnavailable(await call(gateway.url, 'getReadiness'));
      expect((await call(gateway.url, 'getHealth')).status).toBe(200);
      const many = await Promise.all(Array.from({ length: 20 }, () => callTool(gateway, used.token)));
      expect(new Set(many.map(({ status }) => status))).toEqual(new Set([200]));
    });
    await expect.poll(async () => (await servers(gateway)).status, PATIENCE).toBe(200);
    await expect.poll(async () => (await callTool(gateway, unused.token)).status, PATIENCE).toBe(200);
    await expect.poll(async () => (await createOrganization(gateway)).status, PATIENCE).toBe(201);
    upstream.tools = [READ];
  });

  test('an endpoint that was changed or has expired is not served', async () => {
    const gateway = await start();
    const [changed, expiring] = [await mintOver(gateway, upstream.url), await mintOver(gateway, upstream.url)];
    const expires_at = new Date(gateway.clock.now + 600_000).toISOString();
    const soon = await mint(gateway, expiring.serverId, {}, { expires_at });
    for (const token of [changed.token, soon.token]) {
      expect((await callTool(gateway, token)).status).toBe(200);
    }
    const path = { mcpServerId: changed.serverId };
    await call(gateway.url, 'updateApprovalPolicy', { path, body: { approval_policy: 'require_approval_all' } });
    await during(async () => {
      expectUnavailable(await callTool(gateway, changed.token));
      expect((await callTool(gateway, soon.token)).status).toBe(200);
      gateway.clock.now += 600_001;
      expect((await callTool(gateway, soon.token)).status).toBe(401);
    });
  });

  test('an endpoint that requires an API token is not served, because the token cannot be checked', async () => {
    const gateway = await start();
    const { serverId } = await mintOver(gateway, upstream.url);
    const { token } = await mint(gateway, serverId, { require_api_token_auth: true });
    const world = await createWorld(gateway);
    expect((await callTool(gateway, token, world.token)).status).toBe(401);
    await during(async () => expectUnavailable(await callTool(gateway, token, world.token)));
  });

  test('cached endpoints are not served for ever', async () => {
    const gateway = await start({ databaseTrustMs: 2000 });
    const { token } = await mintOver(gateway, upstream.url);
    expect((await callTool(gateway, token)).status).toBe(200);
    await during(async () => {
      expect((await callTool(gateway, token)).status).toBe(200);
      await expect.poll(async () => (await callTool(gateway, token)).status, PATIENCE).toBe(503);
    });
    await expect.poll(async () => (await callTool(gateway, token)).status, PATIENCE).toBe(200);
  });
});

test('a silent database delays one request until the time-out, and no others', async () => {
  const gateway = await start({ databaseWaitMs: 2500 });
  const { token } = await mintOver(gateway, upstream.url, { approval_policy: 'auto_approve_all' });
  // The first call has the tools listed, and stored.
  expect((await callTool(gateway, token)).status).toBe(200);
  expect((await callTool(gateway, token)).status).toBe(200);
  postgres.pause();
  try {
    let isAnswered = false;
    const asked = servers(gateway).finally(() => {
      isAnswered = true;
    });
    expect((await callTool(gateway, token)).status).toBe(200);
    expect(isAnswered).toBe(false);
    expectUnavailable(await asked);
    // From now on it is known.
    const began = performance.now();
    for (let round = 0; round < 5; round += 1) {
      expectUnavailable(await servers(gateway));
      expectUnavailable(await createOrganization(gateway));
    }
    expect(performance.now() - began).toBeLessThan(10 * 2500);
  } finally {
    postgres.unpause();
  }
});

const createOrganization = (gateway: TestServer) =>
  call(gateway.url, 'createOrganization', { body: { name: 'World' } });
