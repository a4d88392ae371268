import { afterEach, expect, test } from 'vitest';
import type { Era } from '../../src/runtime/protocol.ts';
import {
  accepted,
  beginEvents,
  eventOf,
  hang,
  json,
  refusal,
  result,
  type Script,
  sessionId,
} from '../support/scripted.ts';
import { type Connected, startConnected } from './support/connected.ts';

let connected: Connected;
afterEach(() => connected.stop());
const start = async (script: Script = {}): Promise<Connected> => {
  connected = await startConnected('handshake', script);
  return connected;
};
const FACTS = { protocolVersion: '2025-06-18', capabilities: {}, serverInfo: { name: 'x', version: '1' } };
const forgotten =
  (names: readonly string[]): Script[string] =>
  (response, got) =>
    names.includes(String(got.headers['mcp-session-id']))
      ? refusal(-32001, 404)(response, got)
      : result({ content: [] })(response, got);

test('sends initialize, initialized, and then every request with the session and its version', async () => {
  const { server, ask, connection } = await start();
  await ask();
  await ask();
  expect(server.got().map(({ verb, message }) => message?.method ?? verb)).toEqual([
    'initialize',
    'notifications/initialized',
    'tools/call',
    'tools/call',
  ]);
  const [, ...later] = server.got();
  for (const { headers } of later) {
    expect(headers).toMatchObject({ 'mcp-session-id': sessionId(1), 'mcp-protocol-version': '2025-11-25' });
  }
  await connection.close();
  expect(server.got('DELETE')[0]?.headers).toMatchObject({ 'mcp-session-id': sessionId(1) });
});

test('sends no session id to a server without one, and the version that it chose', async () => {
  const { server, ask, connection } = await start({ initialize: result(FACTS) });
  await ask();
  expect(server.got('tools/call')[0]?.headers['mcp-protocol-version']).toBe('2025-06-18');
  expect(server.got().filter(({ headers }) => 'mcp-session-id' in headers)).toEqual([]);
  await connection.close();
  expect(server.got('DELETE')).toEqual([]);
});

test('begins a forgotten session again, and repeats the call', async () => {
  const { server, ask } = await start({ 'tools/call': forgotten([sessionId(1)]) });
  expect(await ask({ id: 'mine' })).toEqual([{ jsonrpc: '2.0', id: 'mine', result: { content: [] } }]);
  expect(server.got('initialize')).toHaveLength(2);
  expect(server.got('tools/call').map(({ headers }) => headers['mcp-session-id'])).toEqual([
    sessionId(1),
    sessionId(2),
  ]);
});

test('begins a forgotten session once for simultaneous calls', async () => {
  const { server, ask } = await start();
  await ask();
  server.script['tools/call'] = forgotten([sessionId(1)]);
  const all = await Promise.all(Array.from({ length: 20 }, (_, id) => ask({ id })));
  expect(all.map(([message]) => message?.id)).toEqual(Array.from({ length: 20 }, (_, id) => id));
  expect(server.got('initialize')).toHaveLength(2);
});

test('asks a server that forgets every session only twice', async () => {
  const { server, ask } = await start({ 'tools/call': refusal(-32001, 404) });
  expect(await ask()).toMatchObject([{ id: 1, error: { code: -32001 } }]);
  expect(server.got('tools/call')).toHaveLength(2);
});

test('begins one session for simultaneous calls, and another one after a failure', async () => {
  const { server, ask } = await start({ initialize: json({ error: { code: -32603, message: 'Not now' } }, 500) });
  await expect(ask()).rejects.toThrow("The MCP server 'Scripted' does not speak the protocol");
  server.script.initialize = json({ result: FACTS });
  await Promise.all([ask(), ask(), ask()]);
  expect(server.got('initialize')).toHaveLength(2);
});

test('answers requests of the server during a call itself: a ping, and all others', async () => {
  const { server, ask } = await start({
    'tools/call': (response, { message }) => {
      beginEvents(response);
      response.write(eventOf({ jsonrpc: '2.0', id: 'p', method: 'ping' }));
      response.write(eventOf({ jsonrpc: '2.0', id: 7, method: 'sampling/createMessage', params: { messages: [] } }));
      void Promise.all([server.next('answer').then(() => server.next('answer'))]).then(() =>
        response.end(eventOf({ jsonrpc: '2.0', id: message.id, result: {} })),
      );
    },
  });
  expect(await ask()).toEqual([{ jsonrpc: '2.0', id: 1, result: {} }]);
  const answers = server.got('answer').map(({ message }) => message);
  expect(answers).toContainEqual({ jsonrpc: '2.0', id: 'p', result: {} });
  expect(answers).toContainEqual({ jsonrpc: '2.0', id: 7, error: { code: -32601, message: 'Method not found' } });
  expect(server.got('answer').map(({ headers }) => headers['mcp-session-id'])).toEqual([sessionId(1), sessionId(1)]);
});

test('uses its own ids and progress tokens, because two callers may have chosen the same', async () => {
  const { server, ask } = await start({
    'tools/call': (response, { message }) => {
      const { progressToken } = message.params._meta;
      const told = { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress: 1 } };
      const foreign = { ...told, params: { progressToken: 'of somebody else', progress: 1 } };
      const answer = { jsonrpc: '2.0', id: message.id, result: {} };
      beginEvents(response).end([told, foreign, answer].map(eventOf).join(''));
    },
  });
  const params = { name: 'look', _meta: { progressToken: 5 } };
  const [first, second] = await Promise.all([ask({ id: 99, params }), ask({ id: 99, params })]);
  expect(first).toMatchObject([
    { params: { progressToken: 5 } },
    { params: { progressToken: 'of somebody else' } },
    { id: 99 },
  ]);
  expect(second).toEqual(first);
  const ids = server.got('tools/call').map(({ message }) => message.id);
  const tokens = server.got('tools/call').map(({ message }) => message.params._meta.progressToken);
  expect(new Set([...ids, 99]).size).toBe(3);
  expect(new Set([...tokens, 5]).size).toBe(3);
});

test.each<Era>(['handshake', 'stateless'])('serves a server of the era %s that accepts only integers', async (era) => {
  connected = await startConnected(era);
  const { server, ask } = connected;
  await ask({ id: 'mine', params: { name: 'look', _meta: { progressToken: 'mine' } } });
  const sent = server.got().flatMap(({ message }) => [message.id, message.params?._meta?.progressToken]);
  expect(sent.filter((id) => id !== undefined).every(Number.isInteger)).toBe(true);
  expect(server.got('tools/call')).toHaveLength(1);
});

test.each<[string, Script[string]]>([
  ['before anything was answered', hang],
  ['in the middle of the answer', (response) => beginEvents(response)],
])('a caller that leaves %s cancels the call under the id of the gateway', async (_, step) => {
  const { server, ask } = await start({ 'tools/call': step, 'notifications/cancelled': accepted });
  const leaving = new AbortController();
  const [asked, cancelled] = [server.next('tools/call'), server.next('notifications/cancelled')];
  const asking = ask({}, leaving.signal);
  asking.catch(() => undefined);
  const { message } = await asked;
  leaving.abort(new Error('gone'));
  await expect(asking).rejects.toThrow('gone');
  expect((await cancelled).message.params).toEqual({ requestId: message.id });
});
