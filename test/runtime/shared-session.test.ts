import { afterEach, expect, test } from 'vitest';
import type { Era } from '../../src/runtime/protocol.ts';
import {
  accepted,
  beginEvents,
  eventOf,
  hang,
  json,
  raw,
  refusal,
  result,
  type Script,
  type Step,
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
/** Ways in which servers in use answer a request in a session that they do not know. */
const LOST: Readonly<Record<string, Step>> = {
  'HTTP 404': refusal(-32001, 404),
  'HTTP 400, as the examples of the SDK do': json(
    { id: null, error: { code: -32000, message: 'Bad Request: No valid session ID provided' } },
    400,
  ),
  'HTTP 400 and a text': raw(400, 'text/plain', 'Bad request'),
  'HTTP 409': raw(409, 'text/html', '<h1>Conflict</h1>'),
  'HTTP 410': raw(410, 'application/json', '{"detail":"gone"}'),
  'HTTP 422': refusal(-32600, 422),
  'HTTP 200 and an error about the session': json({ error: { code: -32000, message: 'Session not found' } }),
  'an event with an error about the session': (response, { message }) =>
    beginEvents(response).end(
      eventOf({ jsonrpc: '2.0', id: message.id, error: { code: -32000, message: 'Unknown SESSION' } }),
    ),
};
const lost = LOST['HTTP 404'] as Step;

/** Answers requests in these sessions so, and all others well. */
const inSessions =
  (names: readonly string[], step: Step): Step =>
  (response, got) =>
    (names.includes(String(got.headers['mcp-session-id'])) ? step : result({ content: [] }))(response, got);
const losing = (names: readonly string[], step: Step): Script => ({
  'tools/call': inSessions(names, step),
  ping: inSessions(names, step),
});

test('sends initialize, initialized, and then every request with the session and its version', async () => {
  const { server, ask, connection } = await start();
  await ask();
  await ask();
  const methods = server.got().map(({ verb, message }) => message?.method ?? verb);
  // The stream of the session is opened meanwhile.
  expect(methods.filter((method) => method !== 'GET')).toEqual([
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

test.each(Object.entries(LOST))('begins a lost session again, and repeats the call, after %s', async (_, step) => {
  const { server, ask } = await start(losing([sessionId(1)], step));
  expect(await ask({ id: 'mine' })).toEqual([{ jsonrpc: '2.0', id: 'mine', result: { content: [] } }]);
  expect(await ask({ id: 'again' })).toEqual([{ jsonrpc: '2.0', id: 'again', result: { content: [] } }]);
  expect(server.got('initialize')).toHaveLength(2);
  expect(server.got('ping')).toHaveLength(1);
  expect(server.got('tools/call').map(({ headers }) => headers['mcp-session-id'])).toEqual(
    [1, 2, 2].map((n) => sessionId(n)),
  );
});

test('begins a session again if the server does not say whether it has lost it', async () => {
  const { server, ask } = await start({ ...losing([sessionId(1)], lost), ping: hang });
  expect(await ask()).toMatchObject([{ id: 1, result: { content: [] } }]);
  expect(server.got('initialize')).toHaveLength(2);
});

test.each<[string, Step]>([
  ['a result', result({})],
  ['an unknown method', refusal(-32601)],
  ['refused credentials', raw(401, 'text/plain', '')],
  ['an overload', raw(503, 'text/plain', '')],
])('passes a refusal on if the ping in the session is answered with %s', async (_, ping) => {
  const { server, ask } = await start({ 'tools/call': refusal(-32602, 400), ping });
  expect(await ask()).toMatchObject([{ id: 1, error: { code: -32602 } }]);
  expect(server.got('tools/call')).toHaveLength(1);
  expect(server.got('initialize')).toHaveLength(1);
});

test.each([401, 403, 429])('never repeats a request that was refused with HTTP %i', async (status) => {
  const { server, ask } = await start({ 'tools/call': refusal(-32000, status), ping: lost });
  await ask().catch(() => undefined);
  expect(server.got('tools/call')).toHaveLength(1);
  expect(server.got('ping')).toHaveLength(0);
});

test('begins a lost session once for simultaneous calls, and asks once whether it is lost', async () => {
  const { server, ask } = await start();
  await ask();
  Object.assign(server.script, losing([sessionId(1)], lost));
  const all = await Promise.all(Array.from({ length: 20 }, (_, id) => ask({ id })));
  expect(all.map(([message]) => message?.id)).toEqual(Array.from({ length: 20 }, (_, id) => id));
  expect(server.got('initialize')).toHaveLength(2);
  expect(server.got('ping')).toHaveLength(1);
});

test('asks a server that loses every session only twice', async () => {
  const { server, ask } = await start({ 'tools/call': lost, ping: lost });
  expect(await ask()).toMatchObject([{ id: 1, error: { code: -32001 } }]);
  expect(server.got('tools/call')).toHaveLength(2);
});

test('serves a server that was replaced by one without a handshake', async () => {
  const { server, connection, ask } = await start();
  await ask();
  Object.assign(server.script, losing([sessionId(1)], lost), {
    initialize: refusal(-32601, 404),
    'server/discover': result({ supportedVersions: ['2026-07-28'], capabilities: {} }),
  });
  await ask().catch(() => undefined);
  expect(await connection.session()).toBeNull();
  expect(await connection.discover()).toMatchObject({ protocolVersion: '2026-07-28' });
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
  expect(answers).toContainEqual({
    jsonrpc: '2.0',
    id: 7,
    error: { code: -32601, message: expect.stringContaining('Gatehouse') },
  });
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
