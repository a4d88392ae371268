import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { documentOf } from '../support/accounts.ts';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { beginSession, post, requestOf } from '../support/mcp-client.ts';
import { mint, mintOver } from '../support/minted.ts';
import {
  beginEvents,
  eventOf,
  hang,
  json,
  result,
  type Script,
  type Scripted,
  startScripted,
} from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startWebSocketServer } from '../support/websocket-server.ts';

const VERSION = { 'MCP-Protocol-Version': '2025-03-26' };
const BOTH = { Accept: 'application/json, text/event-stream' };

let gateway: TestServer;
let servers: Record<'handshake' | 'stateless', Scripted>;
let wellBehaved: Script;
const tokens: Record<string, string> = {};
let serverId: string;
const stops: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  servers = { handshake: await startScripted('handshake'), stateless: await startScripted('stateless') };
  wellBehaved = { ...servers.handshake.script };
  const pipe = await startWebSocketServer([
    { name: 'look', call: () => 'look' },
    { name: 'act', call: () => 'act' },
  ]);
  stops.push(servers.handshake.stop, servers.stateless.stop, pipe.stop);
  const minted = await mintOver(gateway, servers.handshake.url);
  serverId = minted.serverId;
  tokens.handshake = minted.token;
  tokens.stateless = (await mintOver(gateway, servers.stateless.url)).token;
  tokens.pipe = (await mintOver(gateway, pipe.url, { transport: 'WebSocket' })).token;
});
beforeEach(() => {
  Object.assign(servers.handshake.script, wellBehaved);
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all(stops.map((stop) => stop()));
});

const rpc = (id: unknown, method: string, params: object = {}) => ({ jsonrpc: '2.0', id, method, params });
const tool = (id: unknown, name: string) => rpc(id, 'tools/call', { name });
const CHANGED = { jsonrpc: '2.0', method: 'notifications/roots/list_changed' };
/** A response in short. */
const short = ({ id, result: given, error }: Json): unknown => [
  id,
  error?.code ?? given.content?.[0].text ?? given.tools?.map(({ name }: Json) => name),
];
/** Sends a batch; reads the messages of a stream of events. */
async function send(token: string, batch: unknown, headers: Record<string, string> = {}) {
  const answer = await post({ gateway, token }, batch, { ...BOTH, ...headers });
  const messages = [...answer.text.matchAll(/^data: ?(.+)$/gm)].map(([, data]): Json => JSON.parse(data ?? ''));
  return {
    ...answer,
    told: messages.filter(({ method }) => method !== undefined),
    all: messages.filter(({ method }) => method === undefined),
  };
}

describe.each([
  ['a server, in the session of the gateway', 'handshake', false],
  ['a server, in a session of the client', 'handshake', true],
  ['a server of the stateless version', 'stateless', false],
  ['a server over WebSocket', 'pipe', false],
] as const)('%s', (_, kind, hasSession) => {
  test.each<[string, Record<string, string>]>([
    ['that says its version', VERSION],
    ['that says no version', {}],
    ['that reads events only', { Accept: 'text/event-stream' }],
    ['that prefers events', { Accept: 'text/event-stream, application/json' }],
  ])('answers each request in the batch of a client %s', async (_, headers) => {
    const token = String(tokens[kind]);
    const session = hasSession ? await beginSession({ gateway, token }) : {};
    const batch = [rpc(1, 'tools/list'), CHANGED, tool('two', 'act'), tool(3, 'missing'), tool(4, 'look')];
    const answer = await send(token, batch, { ...headers, ...session });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    expect(answer.all.map(short)).toEqual([
      [1, ['look', 'act']],
      ['two', 'act'],
      [3, -32602],
      [4, 'look'],
    ]);
  });
});

test('an OpenAPI service answers each request', async () => {
  const document = documentOf({ 'GET /things': { tags: ['things'] } });
  const { body } = await call(gateway.url, 'createIntegration', {
    body: { name: 'batch', document, base_url: 'http://127.0.0.1:1' },
  });
  const account = await call(gateway.url, 'createAccount', {
    body: { tenant_id: 'acme', environment_integration_id: body.id, authentication_method: 'none' },
  });
  const path = { integrated_account_id: account.body.id };
  const { token } = (await call(gateway.url, 'createEndpoint', { path, body: { name: 'Batch' } })).body;
  const answer = await send(token, [rpc(1, 'tools/list'), rpc(2, 'ping'), tool(3, 'list_all_batch_things')]);
  expect(answer.all.map(({ id }) => id)).toEqual([1, 2, 3]);
  expect(answer.all[2].result.isError).toBe(true);
});

describe('a batch', () => {
  const token = () => String(tokens.handshake);

  test('without requests is accepted', async () => {
    const { status, text } = await send(token(), [CHANGED, { jsonrpc: '2.0', id: 1, result: {} }]);
    expect([status, text]).toEqual([202, '']);
  });

  test('is read like single messages: each may be refused', async () => {
    const text = `  [ ${JSON.stringify(tool(1, 'act'))},
      {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"act","NAME":"look"}},
      {"id":3,"method":"tools/call","params":{"name":"act","arguments":{"n":1.0,"m":9007199254740993}}},
      7, [], {"jsonrpc":"2.0","id":4}, ${JSON.stringify(rpc(5, 'initialize'))} ]`;
    const { all } = await send(token(), text);
    expect(all.map(short)).toEqual([
      [1, 'act'],
      [null, -32600],
      [3, 'act'],
      [null, -32600],
      [null, -32600],
      [null, -32600],
      [5, -32600],
    ]);
    expect(servers.handshake.got('tools/call').at(-1)?.message.params.arguments).toEqual({ n: 1, m: 9007199254740992 });
  });

  test('has no messages of the stateless version', async () => {
    const { all } = await send(token(), [requestOf('stateless', 1, 'tools/call', { name: 'act' }).body]);
    expect(all.map(short)).toEqual([[1, -32020]]);
  });

  test('gets the events of a server that streams', async () => {
    const NEWS = { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'News' } };
    servers.handshake.script['tools/call'] = (response, got) => {
      const answered = {
        jsonrpc: '2.0',
        id: got.message.id,
        result: { content: [{ type: 'text', text: 'streamed' }] },
      };
      beginEvents(response).end(eventOf(NEWS) + eventOf(answered));
    };
    for (const session of [{}, await beginSession({ gateway, token: token() })]) {
      const { all, told } = await send(token(), [tool(1, 'act'), rpc(2, 'tools/list'), tool(3, 'act')], session);
      expect(all.map(short)).toEqual([
        [1, 'streamed'],
        [2, ['look', 'act']],
        [3, 'streamed'],
      ]);
      expect(told).toEqual([NEWS, NEWS]);
    }
  });

  test('contains the failures of a server', async () => {
    servers.handshake.script['tools/call'] = (response, got) =>
      got.message.params.name === 'act'
        ? response.destroy()
        : (wellBehaved['tools/call'] as NonNullable<Script[string]>)(response, got);
    const { status, all } = await send(token(), [tool(1, 'act'), tool(2, 'look')]);
    expect([status, all.map(short)]).toEqual([
      200,
      [
        [1, -32003],
        [2, 'look'],
      ],
    ]);
  });

  test('is decided on message by message', async () => {
    const scoped = await mint(gateway, serverId, { methods: ['read'] });
    const before = servers.handshake.got('tools/call').length;
    const { all } = await send(scoped.token, [tool(1, 'act'), tool(2, 'look'), rpc(3, 'resources/list')]);
    expect(all.map(short)).toEqual([
      [1, -32602],
      [2, 'look'],
      [3, -32601],
    ]);
    expect(servers.handshake.got('tools/call')).toHaveLength(before + 1);
  });

  test('of 100 messages is answered', async () => {
    const batch = Array.from({ length: 100 }, (_, id) => tool(id, 'look'));
    expect((await send(token(), batch)).all.map(short)).toEqual(batch.map(({ id }) => [id, 'look']));
  });

  test('goes on when one of its requests is cancelled', async () => {
    servers.handshake.script['tools/call'] = (response, got) =>
      got.message.params.name === 'act'
        ? hang(response, got)
        : json({ result: { content: [{ text: 'look' }] } })(response, got);
    const asked = servers.handshake.next('tools/call');
    const answering = send(token(), [tool('a', 'act'), tool('b', 'look')]);
    await asked;
    await post(
      { gateway, token: token() },
      { ...CHANGED, method: 'notifications/cancelled', params: { requestId: 'a' } },
    );
    expect((await answering).all.map(short)).toEqual([['b', 'look']]);
  });

  test.each<[string, unknown, Record<string, string>, number]>([
    ['an empty one', [], {}, -32600],
    ['more than 100 messages', Array.from({ length: 101 }, (_, id) => rpc(id, 'ping')), {}, -32600],
    ['more than 100,000 values', [{ ...rpc(1, 'ping'), params: { x: Array(100_001).fill(1) } }], {}, -32600],
    ['no JSON', '[{"jsonrpc":"2.0","id":1,"method":"ping"},', {}, -32700],
    ['no UTF-8', Buffer.from('[{"method": "\xff"}]', 'latin1'), {}, -32700],
    ['a client that reads no events', [rpc(1, 'ping')], { Accept: 'application/json' }, -32600],
    ['a batch of 2024-11-05', [rpc(1, 'ping')], { 'MCP-Protocol-Version': '2024-11-05' }, -32600],
    ['a batch of 2025-06-18', [rpc(1, 'ping')], { 'MCP-Protocol-Version': '2025-06-18' }, -32600],
    ['a batch of 2025-11-25', [rpc(1, 'ping')], { 'MCP-Protocol-Version': '2025-11-25' }, -32600],
    ['a batch of 2026-07-28', [rpc(1, 'ping')], { 'MCP-Protocol-Version': '2026-07-28' }, -32600],
  ])('400: %s', async (_, batch, headers, code) => {
    const { status, body } = await send(token(), batch, headers);
    expect([status, body.error.code, body.id]).toEqual([400, code, null]);
  });
});

test('the rate limit counts each message of a batch, and refuses those that exceed it', async () => {
  const limited = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1', GATEHOUSE_RATE_LIMIT: '5' } });
  const { token } = await mintOver(limited, servers.handshake.url);
  servers.handshake.script['prompts/list'] = result({ prompts: [] });
  const before = servers.handshake.got('prompts/list').length;
  const batch = Array.from({ length: 8 }, (_, id) => rpc(id, 'prompts/list'));
  const { status, text } = await post({ gateway: limited, token }, batch, BOTH);
  const messages = [...text.matchAll(/^data: (.+)$/gm)].map(([, data]) => JSON.parse(data ?? ''));
  expect([status, messages.map(({ id, error }) => [id, error?.code])]).toEqual([
    200,
    batch.map(({ id }, index) => [id, index < 5 ? undefined : -32000]),
  ]);
  expect(servers.handshake.got('prompts/list').length - before).toBe(5);
  await limited.stop();
});
