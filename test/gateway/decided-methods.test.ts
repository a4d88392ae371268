import { afterAll, beforeAll, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { type EverythingServer, startEverythingServer } from '../support/everything/server.ts';
import { type LenientServer, startLenientServer } from '../support/lenient-server.ts';
import { mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let gateway: TestServer;
let everything: EverythingServer;
let lenient: LenientServer;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  everything = await startEverythingServer();
  lenient = await startLenientServer(['allowed']);
});
afterAll(async () => {
  await gateway.stop();
  await everything.stop();
  await lenient.stop();
});

const send = async (token: string, method: string, params: object = {}) =>
  (
    await call(gateway.url, 'sendToEndpoint', {
      path: { token },
      as: 'nobody',
      body: { jsonrpc: '2.0', id: 1, method, params },
    })
  ).body;

test.each(['Tools/Call', 'TOOLS/CALL', 'tool\u017f/call', 'tools/call '])(
  '%j is refused without a scope too, because a server may treat it as tools/call',
  async (method) => {
    const { token } = await mintOver(gateway, lenient.url, { approval_policy: 'require_approval_all' });
    const before = lenient.calls.length;
    expect((await send(token, method, { name: 'allowed', arguments: {} })).error.code).toBe(-32601);
    expect(lenient.calls.length).toBe(before);
  },
);

test.each([
  ['logging/setLevel', { level: 'debug' }],
  ['resources/subscribe', { uri: 'test://watched-resource' }],
])('%s without a session does not change the shared session', async (method, params) => {
  const { token } = await mintOver(gateway, everything.url);
  const { error } = await send(token, method, params);
  expect(error).toEqual({ code: -32600, message: 'This changes a session: initialize one of your own first.' });
});
