import { afterEach, expect, test } from 'vitest';
import { MemoryScope } from '../../src/base/memory-scope.ts';
import { largeBudget } from '../support/memory.ts';
import { hang, json, raw, refusal, result, type Script, type Step } from '../support/scripted.ts';
import { type Connected, startConnected } from './support/connected.ts';

let connected: Connected;
afterEach(() => connected.stop());
const noHandshake = { initialize: raw(404, 'text/plain', '') };
const start = async (step: Step, more: Script = {}): Promise<Connected> => {
  connected = await startConnected('handshake', { 'server/discover': step, ...more });
  return connected;
};

test.each<[string, Step]>([
  ['400, a JSON-RPC error', refusal(-32600, 400)],
  ['200, unknown method', refusal(-32601)],
  ['404, unknown method', refusal(-32601, 404)],
  ['404, HTML', raw(404, 'text/html', '<h1>Not found</h1>')],
  ['404, JSON of another kind', raw(404, 'application/json', '{"detail": "Not Found"}')],
  ['405, nothing', raw(405, 'text/plain', '')],
  ['406, plain text', raw(406, 'text/plain', 'Not acceptable')],
  ['200, HTML', raw(200, 'text/html', '<h1>Welcome</h1>')],
  ['200, JSON that is none', raw(200, 'application/json', '{')],
  ['200, no versions', result({})],
  ['200, other versions', result({ supportedVersions: ['2099-01-01'], capabilities: {} })],
  ['307, a redirect', raw(307, 'text/plain', '')],
])('an older server that answers with %s counts as one with a handshake, and is asked once', async (_, step) => {
  const { server, connection } = await start(step);
  expect(await Promise.all([connection.discover(), connection.discover()])).toEqual([null, null]);
  expect(await connection.discover()).toBeNull();
  expect(server.got('server/discover')).toHaveLength(1);
});

test.each<[string, Step, RegExp]>([
  ['401', raw(401, 'text/plain', ''), /refused the credentials .*HTTP 401/],
  ['403', raw(403, 'text/html', ''), /refused the credentials .*HTTP 403/],
  ['429', raw(429, 'application/json', '{}'), /HTTP 429/],
  ['500', refusal(-32603, 500), /HTTP 500/],
  ['503, HTML', raw(503, 'text/html', '<h1>Later</h1>'), /HTTP 503/],
  [
    'an end in the middle',
    (response) =>
      response
        .writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '9' })
        .write('{', () => response.destroy()),
    /broke off/,
  ],
  ['silence', hang, /did not introduce itself/],
])('%s counts as an older server if there is a handshake, otherwise as a failure', async (_, step, message) => {
  const { server, connection } = await start(step, noHandshake);
  await expect(connection.discover()).rejects.toThrow(message);
  await expect(connection.discover()).rejects.toThrow("The MCP server 'Scripted'");
  server.script['server/discover'] = json({
    result: { supportedVersions: ['2026-07-28'], capabilities: { tools: {} } },
  });
  expect((await connection.discover())?.description()).toMatchObject({ capabilities: { tools: {} } });
  await connected.stop();

  const older = await start(step);
  expect(await older.ask()).toMatchObject([{ id: 1, result: {} }]);
  expect(await Promise.all([older.connection.discover(), older.connection.discover()])).toEqual([null, null]);
  expect(await older.connection.introduce()).toMatchObject({ era: 'handshake' });
  expect(older.server.got('server/discover').length).toBeLessThanOrEqual(1);
});

test('a server that is down is a failure', async () => {
  const { server, connection } = await start(refusal(-32601));
  await server.stop();
  await expect(connection.discover()).rejects.toThrow('cannot be reached (ECONNREFUSED)');
});

test.each<[string, Step]>([
  ['an unknown method', refusal(-32601, 404)],
  ['HTML', raw(404, 'text/html', '<h1>Not found</h1>')],
  ['JSON of another kind', raw(400, 'application/json', '{"detail": "no _meta"}')],
])('a stateless server that answers initialize with %s has no handshake', async (_, initialize) => {
  const { connection } = await start(result({ supportedVersions: ['2026-07-28'], capabilities: {} }), { initialize });
  expect(await connection.session()).toBeNull();
});

test('returns the description of a stateless server', async () => {
  const serverInfo = { name: 'new', version: '2' };
  const { connection } = await start(
    result({
      supportedVersions: ['2027-01-01', '2026-07-28'],
      capabilities: { tools: {}, prompts: {} },
      instructions: 'Be kind.',
      _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
    }),
    { initialize: refusal(-32601, 404) },
  );
  const facts = {
    capabilities: { tools: {}, prompts: {} },
    instructions: 'Be kind.',
    serverInfo,
  };
  const discovered = await connection.discover();
  expect(discovered?.protocolVersion).toBe('2026-07-28');
  expect(discovered?.description()).toEqual(facts);
  expect(await connection.session()).toBeNull();
});

test('holds the memory of a description while the server is connected', async () => {
  const budget = largeBudget();
  const memory = () => new MemoryScope(budget, 'a', () => undefined);
  const known = { supportedVersions: ['2026-07-28'], capabilities: {}, instructions: 'x'.repeat(8000) };
  const script = { 'server/discover': result(known), initialize: result({ ...known, protocolVersion: '2025-11-25' }) };
  connected = await startConnected('handshake', script, memory);
  const { connection } = connected;
  const facts = [await connection.discover(), await connection.session()];
  const bytes = facts.reduce((sum, one) => sum + (one?.bytes ?? 0), 0);
  expect(bytes).toBeGreaterThan(2 * 2 * 8000);
  expect(budget.heldByKind().get('connections')).toBe(bytes);
  await connection.close();
  expect(budget.heldBytes()).toBe(0);
});

test('distinguishes a server of neither era from one without a handshake', async () => {
  const { connection } = await start(refusal(-32601), { initialize: refusal(-32601) });
  await expect(connection.session()).rejects.toThrow('it refused to initialize a session');
});

test.each([
  ['instructions', { instructions: 'x'.repeat(16 * 1024) }],
  ['capabilities', { capabilities: { experimental: { x: 'x'.repeat(16 * 1024) } } }],
  ['serverInfo', { serverInfo: { name: 'x'.repeat(16 * 1024), version: '1' } }],
  ['instructions of many values', { instructions: Array.from({ length: 200_000 }, () => 1) }],
])('refuses a description that is too long in either era: %s', async (_, facts) => {
  const tooMuch = /what it says of itself is longer than 16384 characters/;
  const known = { supportedVersions: ['2026-07-28'], capabilities: {}, ...facts };
  const { connection, server } = await start(result(known), noHandshake);
  await expect(connection.discover()).rejects.toThrow(tooMuch);
  server.script['server/discover'] = refusal(-32601);
  server.script.initialize = result({ protocolVersion: '2025-11-25', capabilities: {}, ...facts });
  await expect(connection.session()).rejects.toThrow(tooMuch);
});
