import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ask, connect } from '../support/mcp-client.ts';
import { mintOver } from '../support/minted.ts';
import { type Era, type Scripted, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let gateway: TestServer;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
});
afterAll(() => gateway.stop());

describe.each<[Era, 'just calls' | 'stateless', [number, number]]>([
  ['handshake', 'stateless', [404, -32601]],
  ['stateless', 'just calls', [200, -32601]],
])('a server of the era %s, for a client of the other era (%s)', (ofServer, way, refused) => {
  let server: Scripted;
  let ask: Ask;
  beforeAll(async () => {
    server = await startScripted(ofServer);
    const { token } = await mintOver(gateway, server.url);
    ask = await connect({ gateway, token }, way);
  });
  afterAll(() => server.stop());

  test('passes on methods of both eras, translated in both directions', async () => {
    const { body } = await ask('tools/call', { name: 'look' });
    expect(body.result.content[0].text).toBe('look');
    expect(body.result.resultType).toBe(way === 'stateless' ? 'complete' : undefined);
    const [got] = server.got('tools/call');
    expect(got?.headers['mcp-protocol-version']).toBe(ofServer === 'stateless' ? '2026-07-28' : '2025-11-25');
    const keys = Object.keys(got?.message.params._meta ?? {});
    expect(keys.some((key) => key.startsWith('io.modelcontextprotocol/'))).toBe(ofServer === 'stateless');
  });

  test.each(['logging/setLevel', 'resources/subscribe', 'resources/unsubscribe', 'subscriptions/listen'])(
    'refuses %s, which exists in one era only',
    async (method) => {
      const { status, body } = await ask(method, { level: 'debug', uri: 'file:///a', notifications: {} });
      expect([status, body.error.code]).toEqual(refused);
      expect(server.got(method)).toEqual([]);
    },
  );

  test('answers ping in the era that has it', async () => {
    const { status, body } = await ask('ping');
    expect([status, body.error?.code ?? body.result]).toEqual(way === 'stateless' ? refused : [200, {}]);
    expect(server.got('ping')).toEqual([]);
  });
});
