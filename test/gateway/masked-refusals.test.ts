import { afterAll, beforeAll, expect, test } from 'vitest';
import { beginSession, post } from '../support/mcp-client.ts';
import { mintOver } from '../support/minted.ts';
import { json, raw, type Scripted, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const SECRET = 'p4ss/w0rd"of+the=server';
const FORMS: [string, string][] = [
  ['as it is', SECRET],
  ['with its scheme', `Bearer ${SECRET}`],
  ['percent-encoded', encodeURIComponent(SECRET)],
  ['in base64', Buffer.from(SECRET).toString('base64')],
];

let gateway: TestServer;
let server: Scripted;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  server = await startScripted('handshake');
});
afterAll(async () => {
  await gateway.stop();
  await server.stop();
});

const over = () => mintOver(gateway, server.url, { request_headers: { Authorization: `Bearer ${SECRET}` } });
const refusing = (form: string) => json({ error: { code: -32000, message: `Not with ${form}!` } }, 400);

test.each(FORMS)('masks a header that a refusal repeats %s', async (_, form) => {
  const { token } = await over();
  const session = await beginSession({ gateway, token });
  server.script['prompts/list'] = refusing(form);
  const answer = await post({ gateway, token }, { jsonrpc: '2.0', id: 1, method: 'prompts/list' }, session);
  expect([answer.status, answer.body.error.code]).toEqual([400, -32000]);
  expect(answer.body.error.message).toMatch(/^Not with (?:Bearer )?\[credential\]=*!$/);
});

test('replaces a refusal of more than 64 KiB by an error of the gateway, with or without its length', async () => {
  const { token } = await over();
  const session = await beginSession({ gateway, token });
  const long = JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code: -32000, message: 'x'.repeat(70_000) } });
  for (const length of [{}, { 'Content-Length': long.length }]) {
    server.script['prompts/list'] = (response) =>
      response.writeHead(400, { 'Content-Type': 'application/json', ...length }).end(long);
    const answer = await post({ gateway, token }, { jsonrpc: '2.0', id: 1, method: 'prompts/list' }, session);
    expect([answer.status, answer.body.error.message]).toEqual([
      400,
      "The MCP server 'Everything' answered with HTTP 400.",
    ]);
  }
});

test('writes JSON in several lines as one line of an event', async () => {
  const { token } = await over();
  server.script['prompts/list'] = (response, got) =>
    raw(
      200,
      'application/json',
      JSON.stringify({ jsonrpc: '2.0', id: got.message.id, result: { prompts: [] } }, null, 2),
    )(response, got);
  const headers = { Accept: 'text/event-stream, application/json' };
  const answer = await post({ gateway, token }, { jsonrpc: '2.0', id: 1, method: 'prompts/list' }, headers);
  expect(answer.text).toMatch(/^event: message\ndata: [^\n]+\n\n$/);
  expect(answer.text.replaceAll(' ', '')).toContain('"result":{"prompts":[]}');
});

test.each(FORMS)('masks a header that the refusal of a session repeats %s', async (_, form) => {
  const { token } = await over();
  const usual = server.script.initialize;
  server.script.initialize = refusing(form);
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } };
  const answer = await post({ gateway, token }, { jsonrpc: '2.0', id: 1, method: 'initialize', params });
  if (usual !== undefined) {
    server.script.initialize = usual;
  }
  expect(answer.body.error.message).toMatch(/^Not with (?:Bearer )?\[credential\]=*!$/);
});
