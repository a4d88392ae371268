import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HANDSHAKE_VERSIONS } from '../../src/runtime/protocol.ts';
import { call } from '../support/client.ts';
import { type Headers, post } from '../support/mcp-client.ts';
import { type Minted, mintOver } from '../support/minted.ts';
import { accepted, eventOf, json, raw, type Scripted, type Step, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let gateway: TestServer;
let server: Scripted;
let minted: Minted;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  server = await startScripted('handshake');
  minted = await mintOver(gateway, server.url);
});
afterAll(async () => {
  await gateway.stop();
  await server.stop();
});

/** Sessions so far: one that was ended is not asked about again. */
let sessions = 0;

/** Makes a server that speaks one version, and refuses every request of a session in another one, as the protocol allows. */
function speaks(protocolVersion: string, hasSessions: boolean): void {
  const strict =
    (step: Step): Step =>
    (response, got) =>
      (got.headers['mcp-protocol-version'] === protocolVersion ? step : json({ error: WRONG }, 400))(response, got);
  const headers = hasSessions ? { 'Mcp-Session-Id': `session-${++sessions}` } : {};
  const serverInfo = { name: 'strict', version: '1' };
  Object.assign(server.script, {
    initialize: json({ result: { protocolVersion, capabilities: { tools: {} }, serverInfo } }, 200, headers),
    'notifications/initialized': strict(accepted),
    ping: strict(json({ result: {} })),
    'tools/list': strict(json({ result: { tools: [{ name: 'one', inputSchema: { type: 'object' } }] } })),
    GET: strict(raw(200, 'text/event-stream', eventOf({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' }))),
    DELETE: strict(raw(200, 'text/plain', '')),
  });
}
const WRONG = { code: -32000, message: 'Bad Request: Unsupported protocol version' };

const initialize = async (protocolVersion: string) => {
  const params = { protocolVersion, capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  const answer = await post({ gateway, token: minted.token }, { jsonrpc: '2.0', id: 0, method: 'initialize', params });
  const session = answer.headers.get('mcp-session-id');
  return { told: answer.body.result.protocolVersion, session: session === null ? {} : { 'Mcp-Session-Id': session } };
};
const send = (method: string, headers: Headers, id: number | undefined) =>
  post({ gateway, token: minted.token }, { jsonrpc: '2.0', ...(id !== undefined && { id }), method }, headers);
const ofSession = async (id: 'openEndpointStream' | 'endEndpointSession', headers: Headers) =>
  (await call(gateway.url, id, { path: { token: minted.token }, as: 'nobody', headers })).status;

const [NEWEST = '', ...OLDER] = HANDSHAKE_VERSIONS;

describe.each(OLDER)('a server that speaks 2025-11-25 only, and a client of %s', (version) => {
  // Clients of these versions send no header.
  const own: Headers = /^202(?:4|5-03)/.test(version) ? {} : { 'MCP-Protocol-Version': version };

  test('speak in a session: each sees its own version', async () => {
    speaks(NEWEST, true);
    const { told, session } = await initialize(version);
    expect(told).toBe(version);
    const headers = { ...own, ...session };
    expect((await send('notifications/initialized', headers, undefined)).status).toBe(202);
    expect((await send('ping', headers, 1)).body).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
    expect((await send('tools/list', headers, 2)).body.result.tools).toMatchObject([{ name: 'one' }]);
    expect(await ofSession('openEndpointStream', headers)).toBe(200);
    expect(await ofSession('endEndpointSession', headers)).toBe(200);
    expect((await send('ping', headers, 3)).status).toBe(404);
  });

  test('speak without a session', async () => {
    speaks(NEWEST, false);
    const { told, session } = await initialize(version);
    expect([told, session]).toEqual([version, {}]);
    expect((await send('tools/list', own, 1)).body.result.tools).toMatchObject([{ name: 'one' }]);
  });
});

test.each(OLDER)(
  'a server that speaks %s only: a newer client is told so, for it may know that version',
  async (version) => {
    speaks(version, true);
    const { told, session } = await initialize(NEWEST);
    expect(told).toBe(version);
    const headers = { ...session, 'MCP-Protocol-Version': version };
    expect((await send('ping', headers, 1)).body).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
  },
);

test('a version that nobody knows is left to the server', async () => {
  speaks(NEWEST, true);
  expect((await initialize('1999-12-31')).told).toBe(NEWEST);
});
