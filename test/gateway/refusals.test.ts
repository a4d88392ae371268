import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { connect, eraOf, WAYS } from '../support/mcp-client.ts';
import { mintOver } from '../support/minted.ts';
import { json, raw, type Scripted, type Step, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const SECRET = 's3cret-of-the-server';
const WORDS = 'Your role lacks the scope repo.delete';

let gateway: TestServer;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
});
afterAll(() => gateway.stop());

describe.each(WAYS)('a client that comes so: %s', (way) => {
  let server: Scripted;
  let ask: Awaited<ReturnType<typeof connect>>;
  beforeAll(async () => {
    server = await startScripted(eraOf(way));
    const minted = await mintOver(gateway, server.url, { request_headers: { 'X-Own': SECRET } });
    ask = await connect({ gateway, token: minted.token }, way);
  });
  afterAll(() => server.stop());
  const callWith = (step: Step) => {
    server.script['tools/call'] = step;
    return ask('tools/call', { name: 'act' });
  };
  const isRelayed = way !== 'just calls';

  test('reads the words of a server that refuses one request with 403, without its secrets', async () => {
    const { status, body, text } = await callWith(
      json({ error: { code: -32007, message: `${WORDS}; ${SECRET}` } }, 403),
    );
    expect([status, body.error.code, body.error.message]).toEqual([
      isRelayed ? 403 : 200,
      -32007,
      expect.stringContaining(WORDS),
    ]);
    expect([body.id, text]).toEqual([expect.any(Number), expect.not.stringContaining(SECRET)]);
  });

  test.each<[string, Step]>([
    ['without an id', raw(403, 'application/json', '{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"No"}}')],
    ['in HTML', raw(403, 'text/html', '<h1>Forbidden</h1>')],
    ['with an error of another kind', raw(403, 'application/json', '{"error":"forbidden","id":1}')],
    ['with more than 64 KiB', json({ error: { code: 1, message: 'x'.repeat(64 * 1024) } }, 403)],
    ['with 401', json({ error: { code: 1, message: 'No' } }, 401)],
  ])('learns that the credentials were refused: %s', async (_, step) => {
    const { status, body } = await callWith(step);
    expect([status, body.error.code]).toEqual([502, -32003]);
    expect(body.error.message).toContain('refused the credentials');
  });

  test.each<[string, Step, number, string]>([
    ['429 in words', raw(429, 'text/plain', 'Slow down', { 'Retry-After': '7' }), 429, '7'],
    ['503 in HTML', raw(503, 'text/html', '<h1>Later</h1>', { 'Retry-After': '7' }), 502, '7'],
    ['a date that has passed', raw(503, 'text/html', '', { 'Retry-After': 'Mon, 30 Nov 2015 12:00:00 GMT' }), 502, '1'],
  ])('learns when to ask again: %s', async (_, step, expected, seconds) => {
    const { status, headers, body } = await callWith(step);
    expect([status, headers.get('retry-after'), body.error.code]).toEqual([expected, seconds, -32003]);
    expect(body.error.message).toMatch(/^The MCP server 'Everything' answered with HTTP \d+\.$/);
  });

  test.runIf(isRelayed)('reads the words of a server that limits the rate', async () => {
    const limited = json({ error: { code: -32029, message: 'Slow down' } }, 429, { 'Retry-After': '7' });
    const { status, headers, body } = await callWith(limited);
    expect([status, headers.get('retry-after'), body.error.message]).toEqual([429, '7', 'Slow down']);
  });

  test('502: credentials that the server refuses when it introduces itself', async () => {
    const refusing = await startScripted(eraOf(way), {
      initialize: json({ error: { code: 1, message: 'No' } }, 403),
      'server/discover': json({ error: { code: 1, message: 'No' } }, 403),
      'tools/list': json({ error: { code: 1, message: 'No' } }, 403),
    });
    const { body } = await call(gateway.url, 'createMcpServer', { body: { name: 'Refusing', url: refusing.url } });
    const listed = await call(gateway.url, 'listMcpServerTools', { path: { mcpServerId: body.data.id } });
    expect([listed.status, listed.body.error]).toEqual([502, expect.stringContaining('refused the credentials')]);
    await refusing.stop();
  });
});
