import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Json } from '../support/json.ts';
import { connect } from '../support/mcp-client.ts';
import { compiledOnce } from '../support/process.ts';
import { beginEvents, json, sessionId, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import {
  anOrganization,
  callTool,
  change,
  created,
  grant,
  mintAs,
  type Organization,
  remove,
  small,
  statusOf,
  stdio,
  unique,
} from '../support/shared-servers.ts';

/** Milliseconds: many times what it takes, for a machine that is busy. */
const SOON = 20_000;

let gateway: TestServer;
let one: Organization;
let other: Organization;
beforeAll(async () => {
  gateway = await startTestServer();
});
afterAll(() => gateway.stop());
beforeEach(async () => {
  [one, other] = [await anOrganization(gateway), await anOrganization(gateway)];
});

const namesOf = async (token: string): Promise<string[]> => {
  const ask = await connect({ gateway, token }, 'just calls');
  return (await ask('tools/list')).body.result.tools.map(({ name }: Json) => name);
};

/** A server that both organizations use, each in a process of its own. */
async function usedByBoth() {
  const id = await created(gateway, stdio(unique(), { args: compiledOnce('test/support/odd-stdio-server.ts') }));
  await grant(gateway, id, [one.id, other.id]);
  const [ours, theirs] = [(await mintAs(gateway, one, id)).token, (await mintAs(gateway, other, id)).token];
  const pid = await callTool(gateway, theirs, 'pid');
  expect(pid).toMatch(/^\d+$/);
  return { id, ours, theirs, pid };
}

test('tools that appear in the session of one organization are not listed to others', async () => {
  const { id, ours, theirs } = await usedByBoth();
  const before = await namesOf(theirs);
  for (const token of [theirs, ours]) {
    expect(await callTool(gateway, token, 'learn')).toMatch(/^\d+$/);
    // Changes are looked at together, a little later.
    await delay(300);
    expect([await namesOf(ours), await namesOf(theirs)]).toEqual([before, before]);
    expect((await statusOf(gateway, id)).toolCount).toBe(before.length);
  }
  await remove(gateway, id);
});

test('an organization that ends its process does not affect others', async () => {
  const { id, ours, theirs, pid } = await usedByBoth();
  for (let count = 0; count < 5; count++) {
    await expect.poll(() => callTool(gateway, ours, 'exit'), { timeout: SOON }).toContain('exited with code 3');
    expect(await statusOf(gateway, id)).toMatchObject({ state: 'connected', lastError: null });
  }
  const { status, body } = await change(gateway, id, { mcpServer: { name: unique(), url: 'http://127.0.0.1:9/mcp' } });
  expect([status, body.error?.code]).toEqual([500, 'reload_failed']);
  expect(await callTool(gateway, theirs, 'pid')).toBe(pid);
  await remove(gateway, id);
});

test.each([
  ['at once', 0],
  // The gateway looks every 500 ms whether endpoints of requests under way are still there.
  ['after the gateway has noticed', 1200],
])('401: a call whose body arrives after the grant was withdrawn, %s', async (_, milliseconds) => {
  const id = await created(gateway, small());
  await grant(gateway, id, [one.id]);
  const { token, url } = await mintAs(gateway, one, id);
  expect(await callTool(gateway, token, 'pid')).toMatch(/^\d+$/);
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'pid' } });
  const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length, Expect: '100-continue' };
  const asking = request(url, { method: 'POST', headers });
  asking.flushHeaders();
  // The gateway has taken the request when it wants the body.
  await once(asking, 'continue');
  asking.write(body.slice(0, 20));
  expect((await grant(gateway, id, [])).status).toBe(200);
  await delay(milliseconds);
  asking.end(body.slice(20));
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  expect(response.statusCode).toBe(401);
  response.resume();
  await remove(gateway, id);
});

test('streams of a session end when the grant is withdrawn', async () => {
  let sessions = 0;
  let open = 0;
  const server = await startScripted('handshake', {
    initialize: (response, got) => {
      const capabilities = { tools: { listChanged: true } };
      const facts = { protocolVersion: '2025-11-25', capabilities, serverInfo: { name: 'x', version: '1' } };
      json({ result: facts }, 200, { 'Mcp-Session-Id': sessionId(++sessions) })(response, got);
    },
    GET: (response) => {
      open += 1;
      beginEvents(response).once('close', () => {
        open -= 1;
      });
    },
  });
  const id = await created(gateway, { name: unique(), url: server.url });
  await expect.poll(() => open, { timeout: SOON }).toBe(1);
  for (let round = 1; round <= 3; round++) {
    await grant(gateway, id, [one.id]);
    expect(await callTool(gateway, (await mintAs(gateway, one, id)).token, 'act')).toBe('act');
    await grant(gateway, id, []);
    // The gateway's own stays.
    await expect.poll(() => [server.got('DELETE').length, open], { timeout: SOON }).toEqual([round, 1]);
  }
  await remove(gateway, id);
  await expect.poll(() => open, { timeout: SOON }).toBe(0);
  await server.stop();
});

test('a disabled server lists its last tools, and calls report that it is disabled', async () => {
  const slug = unique();
  const id = await created(gateway, small(), { name: slug });
  await grant(gateway, id, [one.id]);
  const ask = await connect({ gateway, token: (await mintAs(gateway, one, id)).token }, 'just calls');
  const seen = (await ask('tools/list')).body.result;
  expect([seen.tools.length, seen._meta]).toEqual([3, undefined]);
  expect((await change(gateway, id, { enabled: false })).status).toBe(200);

  const reason = `The MCP server '${slug}' is switched off, or waits for a restart of the gateway. Ask the operator.`;
  const { tools, _meta } = (await ask('tools/list')).body.result;
  expect(tools).toEqual(seen.tools);
  const seen_at = new Date(gateway.clock.now).toISOString();
  expect(_meta).toEqual({ 'gatehouse/stale': { seen_at, reason } });
  const { status, body } = await ask('tools/call', { name: 'pid' });
  expect([status, body.error]).toEqual([502, { code: -32003, message: reason }]);
  await remove(gateway, id);
});
