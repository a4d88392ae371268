import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { closeSession } from '../../src/gateway/sessions.ts';
import { call } from '../support/client.ts';
import { beginSession, type Headers, post } from '../support/mcp-client.ts';
import { type Minted, mint, mintOver } from '../support/minted.ts';
import {
  accepted,
  beginEvents,
  eventOf,
  json,
  raw,
  refusal,
  type Script,
  type Scripted,
  sessionId,
  startScripted,
} from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { createWorld } from '../support/world.ts';

let gateway: TestServer;
let server: Scripted;
let minted: Minted;
let wellBehaved: Script;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  server = await startScripted('handshake');
  wellBehaved = { ...server.script };
  minted = await mintOver(gateway, server.url);
});
afterAll(async () => {
  await gateway.stop();
  await server.stop();
});
beforeEach(() => {
  for (const name of Object.keys(server.script)) {
    delete server.script[name];
  }
  Object.assign(server.script, wellBehaved);
});

const begin = (token = minted.token) => beginSession({ gateway, token });
const ping = (session: Headers, token = minted.token) =>
  post({ gateway, token }, { jsonrpc: '2.0', id: 1, method: 'ping' }, session);
const end = (session: Headers, token = minted.token) =>
  call(gateway.url, 'endEndpointSession', { path: { token }, as: 'nobody', headers: session });
/** The session that the last request named, as the server knows it. */
const lastSession = () => server.got().at(-1)?.headers['mcp-session-id'];

describe('the id of a session is sealed', () => {
  test('every client has its own, and none learns the id of the server', async () => {
    const [a, b] = [await begin(), await begin()];
    expect(a).not.toEqual(b);
    expect(JSON.stringify([a, b])).not.toContain('session-of-the-server');
    await ping(a);
    const first = lastSession();
    await ping(b);
    expect(first).toMatch(/^session-of-the-server-\d+$/);
    expect(lastSession()).toMatch(/^session-of-the-server-\d+$/);
    expect(lastSession()).not.toBe(first);
  });

  test.each<[string, () => Promise<[Headers, string]>]>([
    ['garbage', async () => [{ 'Mcp-Session-Id': 'garbage' }, minted.token]],
    ['the id that the server knows', async () => [{ 'Mcp-Session-Id': sessionId(1) }, minted.token]],
    [
      'one letter changed',
      async () => {
        const sealed = (await begin())['Mcp-Session-Id'];
        return [{ 'Mcp-Session-Id': sealed.slice(0, -4) + (sealed.endsWith('AAAA') ? 'BBBB' : 'AAAA') }, minted.token];
      },
    ],
    ['of another endpoint', async () => [await begin(), (await mint(gateway, minted.serverId)).token]],
    [
      'of another tenant',
      async () => {
        const { pair, token } = await createWorld(gateway);
        const body = { name: 'Theirs', url: server.url, approval_policy: 'auto_approve_all' };
        const made = (await call(gateway.url, 'createMcpServer', { body, as: pair })).body.data.id as string;
        const path = { integrated_account_id: made.slice('mcp_'.length) };
        const endpoint = await call(gateway.url, 'createEndpoint', { path, body: { name: 'Theirs' }, as: token });
        return [await begin(), endpoint.body.token];
      },
    ],
    [
      'from before the server had another URL',
      async () => {
        const moved = await mintOver(gateway, server.url, { name: 'Moved' });
        const session = await begin(moved.token);
        const path = { mcpServerId: moved.serverId };
        await call(gateway.url, 'updateMcpServer', { path, body: { url: `${server.url}?moved` } });
        return [session, moved.token];
      },
    ],
  ])('404 without a request to the server: %s', async (_, make) => {
    const [session, token] = await make();
    const before = server.got().length;
    const answers = [
      await ping(session, token),
      await end(session, token),
      await call(gateway.url, 'openEndpointStream', { path: { token }, as: 'nobody', headers: session }),
      await post({ gateway, token }, { jsonrpc: '2.0', method: 'notifications/initialized' }, session),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect(answers[0]?.body).toMatchObject({ jsonrpc: '2.0', error: { code: -32600 }, id: 1 });
    expect(answers[1]?.body).toMatchObject({ jsonrpc: '2.0', error: { code: expect.any(Number) }, id: null });
    expect(server.got()).toHaveLength(before);
  });

  test('a server without sessions gives clients no session', async () => {
    server.script.initialize = json({ result: { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: {} } });
    expect(await begin()).toEqual({ 'Mcp-Session-Id': '' });
  });

  test('an id of more than 4 KiB is an error', async () => {
    const facts = { result: { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: {} } };
    const params = { protocolVersion: '2025-11-25' };
    const initialize = async (length: number) => {
      server.script.initialize = json(facts, 200, { 'Mcp-Session-Id': 'x'.repeat(length) });
      return post({ gateway, token: minted.token }, { jsonrpc: '2.0', id: 1, method: 'initialize', params });
    };
    const answer = await initialize(4097);
    expect([answer.status, answer.body.error.code, answer.headers.get('mcp-session-id')]).toEqual([502, -32003, null]);
    const longest = (await initialize(4096)).headers.get('mcp-session-id') ?? '';
    await ping({ 'Mcp-Session-Id': longest });
    expect(lastSession()).toBe('x'.repeat(4096));
  });
});

describe('the end of a session', () => {
  test('405 with Allow: GET and DELETE without a session', async () => {
    const path = { token: minted.token };
    const answers = [
      await call(gateway.url, 'openEndpointStream', { path, as: 'nobody' }),
      await call(gateway.url, 'endEndpointSession', { path, as: 'nobody' }),
    ];
    expect(answers.map(({ status, headers }) => [status, headers.get('allow')])).toEqual([
      [405, 'POST'],
      [405, 'POST'],
    ]);
  });

  test('200: it ends at the server, and is a 404 afterwards without a request', async () => {
    const [session, other] = [await begin(), await begin()];
    expect((await end(session)).status).toBe(200);
    expect(server.got('DELETE').at(-1)?.headers['mcp-session-id']).toMatch(/^session-of-the-server-\d+$/);
    const before = server.got().length;
    expect([(await ping(session)).status, (await end(session)).status]).toEqual([404, 404]);
    expect(server.got()).toHaveLength(before);
    expect((await ping(other)).status).toBe(200);
  });

  test('is remembered, however many sessions another organization ends', async () => {
    const session = await begin();
    expect((await end(session)).status).toBe(200);
    const theirs = { organizationId: 'org_another', endpointId: 'theirs', server: 'theirs' };
    for (let count = 0; count < 100_001; count++) {
      closeSession(theirs, String(count));
    }
    const before = server.got().length;
    expect((await ping(session)).status).toBe(404);
    expect(server.got()).toHaveLength(before);
  });

  /** Each is read as the same bytes by a decoder that passes over what it does not know. */
  const SPELLINGS: [string, (id: string) => string][] = [
    ['with padding', (id) => `${id}=`],
    ['with a sign inside', (id) => `${id.slice(0, 20)}!${id.slice(20)}`],
    ['with a dot at the end', (id) => `${id}.`],
    ['in the other alphabet', (id) => id.replaceAll('-', '+').replaceAll('_', '/').concat('=')],
    ['with another last letter', (id) => id.slice(0, -1) + String.fromCharCode(id.charCodeAt(id.length - 1) + 1)],
  ];
  test.each(SPELLINGS)('404: an id in another spelling, ended or not: %s', async (_, spell) => {
    const session = await begin();
    const spelt = { 'Mcp-Session-Id': spell(String(session['Mcp-Session-Id'])) };
    expect((await ping(spelt)).status).toBe(404);
    expect((await end(session)).status).toBe(200);
    expect([(await ping(spelt)).status, (await end(spelt)).status]).toEqual([404, 404]);
  });

  test('404: a session of the server that was ended under another of its ids', async () => {
    server.script.initialize = (response, got) => {
      const facts = { protocolVersion: got.message.params.protocolVersion, capabilities: { tools: {} } };
      const serverInfo = { name: 'one', version: '1' };
      json({ result: { ...facts, serverInfo } }, 200, { 'Mcp-Session-Id': 'always-the-same' })(response, got);
    };
    const [one, other] = [await begin(), await begin()];
    expect(one['Mcp-Session-Id']).not.toBe(other['Mcp-Session-Id']);
    expect((await end(one)).status).toBe(200);
    expect((await ping(other)).status).toBe(404);
  });

  test.each([
    ['405, where the server lets nobody end one', 405, 405],
    ['404, where the server has forgotten it', 404, 404],
    ['502, where it refuses its own credentials', 401, 502],
  ])('%s', async (_, sent, status) => {
    const session = await begin();
    server.script.DELETE = raw(sent, 'text/plain', '');
    expect((await end(session)).status).toBe(status);
  });

  test('a session that the server has forgotten is a 404, and the client begins another', async () => {
    const session = await begin();
    const initialized = server.got('initialize').length;
    for (const forgotten of [refusal(-32001, 404), raw(404, 'text/html', '<h1>Not found</h1>')]) {
      Object.assign(server.script, { ping: forgotten });
      const { status, body } = await ping(session);
      expect([status, body.id, body.error.code]).toEqual([404, 1, expect.any(Number)]);
    }
    expect(server.got('initialize')).toHaveLength(initialized);
  });
});

describe('a session that the server has lost', () => {
  const listTools = (session: Headers) =>
    post({ gateway, token: minted.token }, { jsonrpc: '2.0', id: 1, method: 'prompts/list' }, session);
  const listen = (session: Headers) =>
    call(gateway.url, 'openEndpointStream', {
      path: { token: minted.token },
      as: 'nobody',
      headers: { ...session, Accept: 'text/event-stream' },
    });

  test.each([
    ['HTTP 400', raw(400, 'text/plain', 'No valid session ID provided')],
    ['HTTP 410', refusal(-32000, 410)],
    ['an error with HTTP 200', json({ error: { code: -32000, message: 'Session not found' } })],
  ])('is a 404 for the client when the server answers with %s', async (_, lost) => {
    const session = await begin();
    Object.assign(server.script, { 'prompts/list': lost, GET: raw(400, 'text/plain', ''), ping: lost });
    const { status, body } = await listTools(session);
    expect([status, body.id, body.error.code]).toEqual([404, 1, -32003]);
    expect(body.error.message).toContain('has lost this session: initialize a new one');
    expect((await listen(session)).status).toBe(404);
  });

  test.each([
    ['HTTP 400', refusal(-32602, 400), 400],
    ['an error with HTTP 200', json({ error: { code: -32000, message: 'Name the session to list' } }), 200],
  ])('is not lost if it answers a ping: %s is passed on', async (_, refused, status) => {
    const session = await begin();
    Object.assign(server.script, { 'prompts/list': refused, ping: json({ result: {} }) });
    expect((await listTools(session)).status).toBe(status);
  });
});

test('requests of the server during a call reach the client, and the answers reach the server', async () => {
  const session = await begin();
  const sampling = { jsonrpc: '2.0', id: 0, method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } };
  const elicitation = { jsonrpc: '2.0', id: 'e-1', method: 'elicitation/create', params: { message: 'Who?' } };
  server.script['tools/call'] = (response, { message }) => {
    beginEvents(response).write(eventOf(sampling) + eventOf(elicitation));
    void server.next('answer').then(() => response.end(eventOf({ jsonrpc: '2.0', id: message.id, result: {} })));
  };
  server.script.answer = accepted;
  const asked = server.next('tools/call');
  const body = { jsonrpc: '2.0', id: 'c', method: 'tools/call', params: { name: 'act' } };
  const calling = post({ gateway, token: minted.token }, body, {
    ...session,
    Accept: 'application/json, text/event-stream',
  });
  await asked;
  const answer = { jsonrpc: '2.0', id: 'e-1', result: { action: 'decline' } };
  const { status } = await post({ gateway, token: minted.token }, answer, session);
  const { text } = await calling;
  expect([status, server.got('answer').at(-1)?.message, lastSession()]).toEqual([202, answer, expect.any(String)]);
  expect(text).toBe(eventOf(sampling) + eventOf(elicitation) + eventOf({ jsonrpc: '2.0', id: 'c', result: {} }));
});
