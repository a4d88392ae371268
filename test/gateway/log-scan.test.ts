import { Writable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askOnce } from '../support/ask-once.ts';
import { call } from '../support/client.ts';
import { beginSession, connect, eraOf, type Headers, post, WAYS } from '../support/mcp-client.ts';
import { mint, mintOver } from '../support/minted.ts';
import {
  beginEvents,
  eventOf,
  json,
  raw,
  result,
  type Scripted,
  type Step,
  startScripted,
} from '../support/scripted.ts';
import { API_KEY, API_SECRET, API_TOKEN, OPERATOR_TOKEN, startTestServer, type TestServer } from '../support/server.ts';

/** Recognisable, in headers, bodies and bytes that break the protocol. */
const OF_CLIENT = 'c4n4ry-of-the-client';
const OF_SERVER = 'c4n4ry-of-the-server';
const HEADER = 'c4n4ry-of-the-header';

let lines = '';
const log = new Writable({
  write: (chunk, _encoding, done) => {
    lines += chunk;
    done();
  },
});
let gateway: TestServer;
const servers: Scripted[] = [];
beforeAll(async () => {
  const env = { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1', GATEHOUSE_LOG_LEVEL: 'trace' };
  // Each failure has a line, not only the first in a minute.
  gateway = await startTestServer({ env, log, limits: { healthLogIntervalMs: 0 } });
});
afterAll(() => Promise.all(servers.map((server) => server.stop())));

const told = JSON.stringify({ content: [{ type: 'text', text: OF_SERVER }] });
/** Everything that a server may do wrong, with something of its own in it. */
const STEPS: readonly Step[] = [
  raw(200, 'application/json', `{"jsonrpc":"2.0","id":null,"result":${told}}`),
  json({ error: { code: -32000, message: OF_SERVER, data: { x: OF_SERVER } } }),
  json({ error: { code: -32000, message: OF_SERVER } }, 400),
  json({ error: { code: -32000, message: OF_SERVER } }, 500),
  raw(401, 'text/plain', OF_SERVER, { 'WWW-Authenticate': OF_SERVER }),
  raw(404, 'text/html', OF_SERVER),
  raw(302, 'text/html', OF_SERVER, { Location: `http://${OF_SERVER}/` }),
  raw(502, 'text/html', OF_SERVER),
  raw(200, 'text/html', OF_SERVER),
  raw(200, 'application/json', `{"${OF_SERVER}`),
  raw(200, 'application/json', `{"jsonrpc":"2.0","id":"${OF_SERVER}","result":{}}`),
  (response) => response.destroy(),
  (response) => response.socket?.end(`HTTP/1.1 200 OK\r\n${OF_SERVER}\0: ${OF_SERVER}\r\n\r\n${OF_SERVER}`),
  (response) => response.socket?.end(OF_SERVER),
  (response) => beginEvents(response).write(`data: ${OF_SERVER}\n\n`, () => response.destroy()),
  (response) => beginEvents(response).end(eventOf({ method: 'notifications/message', params: { data: OF_SERVER } })),
];

const SECRETS = [OF_CLIENT, OF_SERVER, HEADER, 'session-of-the-server', API_KEY, API_SECRET, API_TOKEN, OPERATOR_TOKEN];

test('no log line at the level trace contains a token, a header, a session or arguments', async () => {
  const secrets = [...SECRETS];
  let asked = 0;
  for (const way of WAYS) {
    const server = await startScripted(eraOf(way));
    servers.push(server);
    const { token, serverId } = await mintOver(gateway, server.url, { request_headers: { 'X-Own': HEADER } });
    const secured = await mint(gateway, serverId, { require_api_token_auth: true });
    const session: Headers = way === 'own session' ? await beginSession({ gateway, token }) : {};
    secrets.push(token, secured.token, ...Object.values(session));
    const ask = await connect({ gateway, token }, way);
    await ask('tools/list');
    const sent = {
      Authorization: `Bearer ${OF_CLIENT}`,
      Cookie: OF_CLIENT,
      Accept: 'application/json, text/event-stream',
    };
    for (const step of STEPS) {
      Object.assign(server.script, { 'tools/call': step, 'prompts/list': step, GET: step, DELETE: step });
      const settled = await Promise.allSettled([
        ask('tools/call', { name: 'look', arguments: { x: OF_CLIENT } }, sent),
        ask('tools/call', { name: 'act', arguments: { x: OF_CLIENT } }, sent),
        ask('prompts/list', { cursor: OF_CLIENT }, sent),
        askOnce(gateway.url, 'get', `/mcp/${token}`, { headers: { ...sent, ...session } }),
        askOnce(gateway.url, 'get', '/mcp', { headers: { ...sent, ...session, Authorization: `Bearer ${token}` } }),
      ]);
      asked += settled.length;
    }
    Object.assign(server.script, { 'server/discover': STEPS[1], 'tools/list': STEPS[1], GET: result({}) });
    gateway.clock.now += 60_000;
    await ask('tools/list');
    await ask('tools/call', { name: OF_CLIENT, arguments: { x: OF_CLIENT } });
    await post({ gateway, token }, `{"${OF_CLIENT}": `);
    await post({ gateway, token }, [OF_CLIENT]);
    await post(
      { gateway, token: secured.token },
      { method: 'ping', id: OF_CLIENT },
      { Authorization: `Bearer ${OF_CLIENT}` },
    );
    await post({ gateway, token: OF_CLIENT }, { method: 'ping', id: 1 }, { 'Mcp-Session-Id': OF_CLIENT });
    await post({ gateway, token }, { method: 'ping', id: 1 }, { 'Mcp-Session-Id': OF_CLIENT });
    await call(gateway.url, 'endEndpointSession', { path: { token }, as: 'nobody', headers: session });
    await server.stop();
    await Promise.allSettled([ask('tools/list'), ask('tools/call', { name: 'act', arguments: { x: OF_CLIENT } })]);
  }
  await gateway.stop();

  // There is something to find: every request has a line, and failures say which server, and why.
  expect(lines.split('\n').filter((line) => line.includes('"msg":"request"')).length).toBeGreaterThanOrEqual(asked);
  expect(lines).toContain("The MCP server 'Everything' broke off");
  expect(lines).not.toContain('"level":50');
  for (const secret of secrets) {
    expect(
      lines.split('\n').find((line) => line.includes(secret)),
      secret,
    ).toBeUndefined();
  }
});
