import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect, WAYS } from '../support/mcp-client.ts';
import { mint, mintOver } from '../support/minted.ts';
import { json, result, type Scripted, startScripted, TOOLS } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const ALLOWED = { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' };
let gateway: TestServer;
let server: Scripted;
beforeEach(async () => {
  server = await startScripted('handshake');
  gateway = await startTestServer({ env: ALLOWED });
});
afterEach(async () => {
  await gateway.stop();
  await server.stop();
});
const LATER = 60_000;

test.each(WAYS)('a dead server: lists the last seen tools with the reason, to a client that %s', async (way) => {
  const { token } = await mintOver(gateway, server.url);
  const ask = await connect({ gateway, token }, way);
  const seen = (await ask('tools/list')).body.result;
  expect([seen.tools, seen._meta]).toEqual([TOOLS, undefined]);
  const seenAt = new Date(gateway.clock.now).toISOString();
  await server.stop();
  gateway.clock.now += LATER;
  const { tools, _meta } = (await ask('tools/list')).body.result;
  expect(tools).toEqual(TOOLS);
  const reason = "The MCP server 'Everything' cannot be reached (ECONNREFUSED).";
  expect(_meta).toEqual({ 'gatehouse/stale': { seen_at: seenAt, reason } });

  const back = await startScripted(
    'handshake',
    { 'tools/list': result({ tools: [TOOLS[1]] }) },
    Number(new URL(server.url).port),
  );
  gateway.clock.now += LATER;
  const fresh = (await ask('tools/list')).body.result;
  expect([fresh.tools, fresh._meta]).toEqual([[TOOLS[1]], undefined]);
  await back.stop();
});

test('a never seen server: an error with its name and the reason', async () => {
  await server.stop();
  const { token } = await mintOver(gateway, server.url, { name: 'Cellar' });
  const { status, body } = await (await connect({ gateway, token }, 'just calls'))('tools/list');
  expect([status, body.error]).toEqual([
    502,
    { code: -32003, message: "The MCP server 'Cellar' cannot be reached (ECONNREFUSED)." },
  ]);
});

test.each<[string, object, RegExp]>([
  [
    'an error',
    { error: { code: -32603, message: 'the secret of the server' } },
    /answered tools\/list with an error \(-32603\)/,
  ],
  ['no list', { result: {} }, /its list of tools is none/],
])('a never seen server that answers with %s', async (_, members, message) => {
  server.script['tools/list'] = json(members);
  const { token } = await mintOver(gateway, server.url);
  const { status, body, text } = await (await connect({ gateway, token }, 'just calls'))('tools/list');
  expect([status, body.error.message]).toEqual([502, expect.stringMatching(message)]);
  expect(text).not.toContain('the secret of the server');
});

test('an empty list tells whether the server has no tools or the scope selects none', async () => {
  const { serverId, token } = await mintOver(gateway, server.url);
  const scoped = await mint(gateway, serverId, { tags: ['nobody_has_this'] });
  const ask = await connect({ gateway, token: scoped.token }, 'stateless');
  expect((await ask('tools/list')).body.result).toMatchObject({
    tools: [],
    _meta: { 'gatehouse/empty': expect.stringContaining("None of the 2 tools of the MCP server 'Everything'") },
  });
  server.script['tools/list'] = result({ tools: [] });
  gateway.clock.now += LATER;
  const askAll = await connect({ gateway, token }, 'just calls');
  expect((await askAll('tools/list')).body.result).toEqual({
    tools: [],
    _meta: { 'gatehouse/empty': "The MCP server 'Everything' lists no tools." },
  });
});

test('a list outlives a restart, and a refused address tells what to do', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-stale-'));
  const GATEHOUSE_SECRET_KEY = randomBytes(32).toString('base64');
  const options = (env: Record<string, string>) =>
    ({ location: { kind: 'file', directory }, env: { GATEHOUSE_SECRET_KEY, ...env } }) as const;
  const before = await startTestServer(options(ALLOWED));
  const { token } = await mintOver(before, server.url);
  await (await connect({ gateway: before, token }, 'just calls'))('tools/list');
  await before.stop();

  const after = await startTestServer(options({}));
  const ask = await connect({ gateway: after, token }, 'just calls');
  after.clock.now += LATER;
  const { tools, _meta } = (await ask('tools/list')).body.result;
  expect(tools).toEqual(TOOLS);
  expect(_meta['gatehouse/stale'].reason).toMatch(/^The MCP server 'Everything' .*GATEHOUSE_EGRESS_ALLOW/);
  const { status, body } = await ask('tools/call', { name: 'act' });
  expect([status, body.error.message]).toEqual([502, expect.stringContaining('GATEHOUSE_EGRESS_ALLOW')]);
  expect(server.got('tools/call')).toEqual([]);
  await after.stop();
  await rm(directory, { recursive: true });
});
