import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { beginSession, connect } from '../support/mcp-client.ts';
import { mintOver } from '../support/minted.ts';
import { beginEvents, eventOf, raw, type Scripted, type Step, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let gateway: TestServer;
let server: Scripted;
let token: string;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' }, limits: { listIntervalMs: 50 } });
  server = await startScripted('handshake');
  ({ token } = await mintOver(gateway, server.url));
});
afterAll(async () => {
  await gateway.stop();
  await server.stop();
});

/** The last call, as the audit log has it. */
async function lastCall(): Promise<Json> {
  await gateway.deps.callAudit.flush();
  const query = { action: 'tool.called', limit: '1' };
  return (await call(gateway.url, 'listAuditEvents', { query })).body.data[0];
}
async function lastOutcome(): Promise<string> {
  const { outcome, details } = await lastCall();
  return details.reason ?? outcome;
}
const lastBytes = async (): Promise<number> => (await lastCall()).details.response_bytes;

const LOG = { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: { isError: true } } };
const EVENTS = { Accept: 'application/json, text/event-stream' };
const padding = 'x'.repeat(200_000);
const ANSWERS: readonly (readonly [string, (id: string) => string, string])[] = [
  ['a success', (id) => `{"jsonrpc":"2.0","id":${id},"result":{"content":[]}}`, 'success'],
  ['a failure', (id) => `{"jsonrpc":"2.0","id":${id},"result":{"content":[],"isError":true}}`, 'tool_error'],
  [
    'a failure with spaces',
    (id) => `{"jsonrpc": "2.0", "id": ${id}, "result": {"content": [], "isError": true}}`,
    'tool_error',
  ],
  [
    'an error with spaces',
    (id) => `{"jsonrpc": "2.0", "id": ${id}, "error": {"code": 1, "message": "x"}}`,
    'tool_error',
  ],
  [
    'an error whose message comes first',
    (id) => `{"jsonrpc":"2.0","id":${id},"error":{"message":"Denied","code":-32000}}`,
    'tool_error',
  ],
  [
    'a success that speaks of failures',
    (id) => `{"jsonrpc":"2.0","id":${id},"result":{"content":[],"structuredContent":{"isError":true}}}`,
    'success',
  ],
  [
    'a large failure',
    (id) => `{"jsonrpc":"2.0","id":${id},"result":{"content":[{"type":"text","text":"${padding}"}],"isError":\n true}}`,
    'tool_error',
  ],
  [
    'a large success that speaks of failures',
    (id) =>
      `{"jsonrpc":"2.0","id":${id},"result":{"content":[{"type":"text","text":"${padding} \\"isError\\":true"}],"_meta":{"isError":true}}}`,
    'success',
  ],
];

describe.each(['just calls', 'own session'] as const)('for a client that %s, the audit log records', (way) => {
  test.each(ANSWERS)('%s for what it is', async (_, text, outcome) => {
    const inEvents: Step = (response, got) => {
      const data = text(JSON.stringify(got.message.id)).replaceAll('\n', '\ndata: ');
      beginEvents(response).end(`${eventOf(LOG)}data: ${data}\n\n`);
    };
    const inJson: Step = (response, got) =>
      raw(200, 'application/json', text(JSON.stringify(got.message.id)))(response, got);
    const ask = await connect({ gateway, token }, way);
    for (const step of [inEvents, inJson]) {
      server.script['tools/call'] = step;
      for (const headers of [{}, EVENTS]) {
        expect((await ask('tools/call', { name: 'act' }, headers)).status).toBe(200);
        expect(await lastOutcome()).toBe(outcome);
      }
    }
  });
});

test('an answer to another request does not count as a success', async () => {
  const ask = await connect({ gateway, token }, 'own session');
  server.script['tools/call'] = raw(200, 'application/json', '{"jsonrpc":"2.0","id":"of-others","result":{}}');
  await ask('tools/call', { name: 'act' });
  expect(await lastOutcome()).toBe('server_failed');
  server.script['tools/call'] = (response) => beginEvents(response).end(eventOf(LOG));
  for (const [headers, status] of [[{}, 502] as const, [EVENTS, 200] as const]) {
    expect((await ask('tools/call', { name: 'act' }, headers)).status).toBe(status);
    expect(await lastOutcome()).toBe('server_failed');
  }
});

test.each([
  ['before it has answered', false, 'server_failed'],
  ['after it has answered', true, 'tool_error'],
] as const)(
  'the audit log records a server that breaks off %s, with the received bytes',
  async (_, answers, outcome) => {
    const ask = await connect({ gateway, token }, 'own session');
    let sent = 0;
    server.script['tools/call'] = (response, got) => {
      const failure = { jsonrpc: '2.0', id: got.message.id, result: { content: [], isError: true } };
      const events = eventOf(LOG) + (answers ? eventOf(failure) : '');
      sent = events.length;
      beginEvents(response).write(events, () => setTimeout(() => response.destroy(), 100));
    };
    await ask('tools/call', { name: 'act' }, EVENTS).catch(() => undefined);
    await expect.poll(lastOutcome).toBe(outcome);
    expect(await lastBytes()).toBe(sent);
  },
);

test('a call whose client left after a notification does not count as a success', async () => {
  server.script['tools/call'] = (response) => beginEvents(response).write(eventOf(LOG));
  const session = await beginSession({ gateway, token });
  const leaving = new AbortController();
  const headers = { ...session, 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'act' } });
  const url = `${gateway.url}/mcp/${token}`;
  const response = await fetch(url, { method: 'POST', headers, body, signal: leaving.signal });
  await response.body?.getReader().read();
  leaving.abort();
  await expect.poll(lastOutcome, { timeout: 10_000 }).toBe('client_gone');
});

test.each([
  ['own session', {}],
  ['own session', EVENTS],
  ['just calls', {}],
  ['just calls', EVENTS],
] as const)(
  'only a real notification makes the gateway list tools again, for a client that %s and sends %j',
  async (way, headers) => {
    const CHANGED = { jsonrpc: '2.0', method: 'notifications/tools/list_changed' };
    const ask = await connect({ gateway, token }, way);
    const lists = () => server.got('tools/list').length;
    const answer = { content: [{ type: 'text', text: CHANGED.method }] };
    server.script['tools/call'] = (response, got) =>
      beginEvents(response).end(eventOf({ jsonrpc: '2.0', id: got.message.id, result: answer }));
    await ask('tools/list');
    const before = lists();
    await ask('tools/call', { name: 'act' }, headers);
    await ask('tools/list');
    expect(lists()).toBe(before);
    server.script['tools/call'] = (response, got) =>
      beginEvents(response).end(eventOf(CHANGED) + eventOf({ jsonrpc: '2.0', id: got.message.id, result: answer }));
    await ask('tools/call', { name: 'act' }, headers);
    await ask('tools/list');
    expect(lists()).toBe(before + 1);
  },
);
