import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type Way } from '../support/mcp-client.ts';
import { mintOver } from '../support/minted.ts';
import { json, type Scripted, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let gateway: TestServer;
let server: Scripted;
let token: string;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  server = await startScripted('handshake');
  ({ token } = await mintOver(gateway, server.url));
});
afterAll(async () => {
  await gateway.stop();
  await server.stop();
});

describe('an error of a server with a handshake', () => {
  test.each<readonly [Way, number, number]>([
    ['stateless', -32_601, 404],
    ['stateless', -32_021, 400],
    ['stateless', -32_602, 200],
    ['stateless', -32_603, 200],
    ['just calls', -32_601, 200],
    ['just calls', -32_021, 200],
  ])('for a client of the way %s, %d has the HTTP status %d', async (way, code, status) => {
    server.script['tools/call'] = json({ error: { code, message: 'Refused', data: { why: 'so' } } });
    const ask = await connect({ gateway, token }, way);
    const answer = await ask('tools/call', { name: 'act' });
    expect([answer.status, answer.body.error]).toEqual([status, { code, message: 'Refused', data: { why: 'so' } }]);
    expect(answer.headers.has('link')).toBe(status !== 200);
  });
});
