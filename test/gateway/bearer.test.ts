import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OperationId } from '../../src/contract/operations.ts';
import { type Call, call } from '../support/client.ts';
import { type Headers, requestOf } from '../support/mcp-client.ts';
import { type Minted, mint, mintOver } from '../support/minted.ts';
import { accepted, raw, type Scripted, startScripted } from '../support/scripted.ts';
import { API_TOKEN, startTestServer, type TestServer } from '../support/server.ts';

let gateway: TestServer;
let server: Scripted;
let minted: Minted;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  server = await startScripted('handshake', { 'notifications/roots/list_changed': accepted });
  minted = await mintOver(gateway, server.url);
});
afterAll(async () => {
  await gateway.stop();
  await server.stop();
});

const ask = (id: OperationId, request: Call = {}) =>
  call(gateway.url, id, { as: { apiToken: minted.token }, ...request });
const send = (body: unknown, headers: Headers = {}) => ask('sendWithBearer', { body, headers });
const begin = async () => {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  const answer = await send({ jsonrpc: '2.0', id: 0, method: 'initialize', params });
  return { 'Mcp-Session-Id': answer.headers.get('mcp-session-id') ?? '' };
};

test('200: a token in a header works like one in the path, and never reaches the server', async () => {
  const { status, body } = await send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'look' } });
  expect([status, body.result.content[0].text]).toEqual([200, 'look']);
  const session = await begin();
  await send({ jsonrpc: '2.0', id: 1, method: 'ping' }, session);
  expect(server.got('ping').at(-1)?.headers['mcp-session-id']).toMatch(/^session-of-the-server-\d+$/);
  expect(JSON.stringify(server.got())).not.toContain(minted.token);
});

test('202: notifications, with a session and without', async () => {
  const changed = { jsonrpc: '2.0', method: 'notifications/roots/list_changed' };
  const alone = await send(changed);
  expect([alone.status, alone.text, server.got(changed.method).length]).toEqual([202, '', 0]);
  const inSession = await send(changed, await begin());
  expect([inSession.status, inSession.text, server.got(changed.method).length]).toEqual([202, '', 1]);
});

test('400: a body that is not a message', async () => {
  expect(await send('{')).toMatchObject({ status: 400, body: { error: { code: -32700 }, id: null } });
});

test('404: an unknown method of the stateless version, and an unknown session', async () => {
  const { body, headers } = requestOf('stateless', 1, 'ping');
  expect(await send(body, headers)).toMatchObject({ status: 404, body: { error: { code: -32601 }, id: 1 } });
  const session = { 'Mcp-Session-Id': 'garbage' };
  expect((await ask('openStreamWithBearer', { headers: session })).status).toBe(404);
  expect((await ask('endSessionWithBearer', { headers: session })).status).toBe(404);
});

test('405 with Allow: GET and DELETE without a session', async () => {
  for (const id of ['openStreamWithBearer', 'endSessionWithBearer'] as const) {
    const { status, headers, body } = await ask(id);
    expect([status, headers.get('allow')]).toEqual([405, 'POST']);
    // The first request of clients of the older transport is a GET.
    expect(body.error.message).toContain('The older transport HTTP+SSE is not served.');
  }
});

test('200: the end of a session, which is unknown afterwards', async () => {
  const headers = await begin();
  expect((await ask('endSessionWithBearer', { headers })).status).toBe(200);
  expect((await send({ jsonrpc: '2.0', id: 1, method: 'ping' }, headers)).status).toBe(404);
});

test('a session can begin with the token in the path and continue with the header', async () => {
  const headers = await begin();
  const path = { token: minted.token };
  const body = { jsonrpc: '2.0', id: 1, method: 'ping' };
  expect((await call(gateway.url, 'sendToEndpoint', { path, as: 'nobody', headers, body })).status).toBe(200);
});

test('502: a failure of the server', async () => {
  const failing = await startScripted('handshake', { 'tools/call': raw(500, 'text/html', '') });
  const { token } = await mintOver(gateway, failing.url);
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'act' } };
  const { status, body } = await ask('sendWithBearer', { body: message, as: { apiToken: token } });
  expect([status, body.error.code]).toEqual([502, -32003]);
  await failing.stop();
});

test('401: an endpoint that also requires an API token', async () => {
  const { token } = await mint(gateway, minted.serverId, { require_api_token_auth: true });
  const body = { jsonrpc: '2.0', id: 1, method: 'ping' };
  for (const apiToken of [token, API_TOKEN]) {
    expect((await ask('sendWithBearer', { body, as: { apiToken } })).status).toBe(401);
  }
});
