import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseExact } from '../../src/base/json.ts';
import { beginSession, connect, eraOf, post, requestOf, STATELESS_META, WAYS } from '../support/mcp-client.ts';
import { mintOver } from '../support/minted.ts';
import { raw, result, type Scripted, sessionId, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let gateway: TestServer;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
});
afterAll(() => gateway.stop());

/** Everything that a client, or a proxy in front of the gateway, may send and a server must not see. */
const KEPT_BACK = {
  Authorization: 'Bearer of-the-client',
  'Proxy-Authorization': 'Basic of-the-client',
  Cookie: 'session=of-the-client',
  Forwarded: 'for=of-the-client',
  'X-Forwarded-For': 'of-the-client',
  'X-Forwarded-Host': 'of-the-client',
  'X-Real-IP': 'of-the-client',
  Via: '1.1 of-the-client',
  'User-Agent': 'of-the-client',
  Referer: 'http://of-the-client/',
  'X-Api-Key': 'of-the-client',
  'X-Own': 'of-the-client',
  'X-Request-Id': 'of-the-client',
  'Accept-Language': 'of-the-client',
  Accept: 'application/json',
};
const TRACE = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  tracestate: 'a=b',
  baggage: 'c=d',
};
const OWN = { 'X-Own': 'of-the-server', Traceparent: 'of-the-server' };
/** What HTTP itself needs, and who the gateway is. */
const OF_HTTP = {
  'accept-encoding': 'identity',
  host: expect.any(String),
  connection: expect.any(String),
  'user-agent': 'gatehouse',
};
const OF_MESSAGES = {
  accept: 'application/json, text/event-stream',
  'content-type': 'application/json',
  'content-length': expect.any(String),
};

const DECLARING = {
  name: 'act',
  inputSchema: {
    type: 'object',
    properties: {
      region: { type: 'string', 'x-mcp-header': 'Region' },
      deep: { type: 'object', properties: { count: { type: 'integer', 'x-mcp-header': 'Count' } } },
      isDry: { type: 'boolean', 'x-mcp-header': 'Dry' },
      list: { type: 'array', 'x-mcp-header': 'List' },
      odd: { type: 'string', 'x-mcp-header': 'no token' },
      again: { type: 'string', 'x-mcp-header': 'REGION' },
    },
  },
};
const LISTED = { 'tools/list': result({ tools: [DECLARING] }) };

describe.each(WAYS)('headers that a server gets from a client: %s', (way) => {
  let server: Scripted;
  beforeAll(async () => {
    server = await startScripted(eraOf(way), LISTED);
  });
  afterAll(() => server.stop());

  const OF_WAY = {
    'just calls': { 'mcp-protocol-version': '2025-11-25', 'mcp-session-id': sessionId(1) },
    'own session': { ...TRACE, 'last-event-id': '17', 'mcp-session-id': expect.any(String) },
    stateless: {
      ...TRACE,
      'last-event-id': '17',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'act',
      'mcp-param-region': 'eu',
    },
  }[way];

  test.each<[string, object]>([
    ['nothing of its own', {}],
    ['its own headers, which win', OWN],
  ])('%s', async (_, request_headers) => {
    const { token } = await mintOver(gateway, server.url, { request_headers });
    const ask = await connect({ gateway, token }, way);
    await ask(
      'tools/call',
      { name: 'act', arguments: { region: 'eu' } },
      { ...KEPT_BACK, ...TRACE, 'Last-Event-ID': '17', 'Mcp-Param-Region': 'eu', 'Mcp-Param-Other': 'of-the-client' },
    );
    const own = Object.fromEntries(Object.entries(request_headers).map(([name, value]) => [name.toLowerCase(), value]));
    const got = server.got('tools/call').at(-1)?.headers;
    const { 'mcp-session-id': session, ...rest } = { ...OF_HTTP, ...OF_MESSAGES, ...OF_WAY, ...own } as Record<
      string,
      unknown
    >;
    expect(got).toEqual(
      session === undefined
        ? rest
        : { ...rest, 'mcp-session-id': expect.stringMatching(/^session-of-the-server-\d+$/) },
    );
  });
});

describe('the headers of the protocol', () => {
  let server: Scripted;
  let token: string;
  beforeAll(async () => {
    server = await startScripted('stateless', { 'resources/read': result({ contents: [] }) });
    token = (await mintOver(gateway, server.url)).token;
  });
  afterAll(() => server.stop());

  const base64 = (text: string) => `=?base64?${Buffer.from(text).toString('base64')}?=`;
  test.each([
    ['plain text', 'file:///a b', 'file:///a b', 'file:///a b'],
    ['plain text that came in base64', 'file:///a', base64('file:///a'), 'file:///a'],
    ['what is no ASCII', 'file:///zażółć', base64('file:///zażółć'), base64('file:///zażółć')],
    ['spaces around', ' a ', base64(' a '), base64(' a ')],
    ['what looks like base64', '=?base64?eA==?=', base64('=?base64?eA==?='), base64('=?base64?eA==?=')],
    ['a line end', 'a\r\nX-Own: b', base64('a\r\nX-Own: b'), base64('a\r\nX-Own: b')],
  ])('are made from the message: a name that is %s', async (_, uri, sent, got) => {
    const headers = { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'resources/read', 'Mcp-Name': sent };
    const params = { uri, _meta: STATELESS_META };
    const { status } = await post(
      { gateway, token },
      { jsonrpc: '2.0', id: 1, method: 'resources/read', params },
      headers,
    );
    const asked = server.got('resources/read').at(-1);
    expect([status, asked?.headers['mcp-name'], asked?.message.params.uri]).toEqual([200, got, uri]);
  });
});

describe('headers that repeat arguments', () => {
  let server: Scripted;
  let token: string;
  beforeAll(async () => {
    server = await startScripted('stateless', LISTED);
    token = (await mintOver(gateway, server.url)).token;
  });
  afterAll(() => server.stop());

  const base64 = (text: string) => `=?base64?${Buffer.from(text).toString('base64')}?=`;
  const paramsOf = (headers: object = {}) =>
    Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('mcp-param-')));
  const callWith = async (
    args: object,
    headers: Record<string, string> = {},
    way: (typeof WAYS)[number] = 'stateless',
  ) => {
    const ask = await connect({ gateway, token }, way);
    const before = server.got('tools/call').length;
    const { status, body } = await ask('tools/call', { name: 'act', arguments: args }, headers);
    return {
      status,
      body,
      got: server
        .got('tools/call')
        .slice(before)
        .map(({ headers }) => paramsOf(headers)),
    };
  };

  test.each<[string, object, Record<string, string>, object]>([
    ['the same', { region: 'eu' }, { 'Mcp-Param-Region': 'eu' }, { 'mcp-param-region': 'eu' }],
    ['the same in base64', { region: 'eu' }, { 'Mcp-Param-Region': base64('eu') }, { 'mcp-param-region': 'eu' }],
    ['what is no ASCII', { region: 'ż' }, { 'Mcp-Param-Region': base64('ż') }, { 'mcp-param-region': base64('ż') }],
    [
      'a number of another spelling',
      { deep: { count: 42 } },
      { 'Mcp-Param-Count': '42.0' },
      { 'mcp-param-count': '42' },
    ],
    ['a boolean', { isDry: false }, { 'Mcp-Param-Dry': 'false' }, { 'mcp-param-dry': 'false' }],
    ['one without an argument', {}, { 'Mcp-Param-Region': 'eu' }, {}],
    ['one of null', { region: null }, { 'Mcp-Param-Region': 'eu' }, {}],
    [
      'what is not declared as the protocol has it',
      { list: ['a'], odd: 'b', again: 'c' },
      { 'Mcp-Param-List': 'x', 'Mcp-Param-Region': 'c' },
      {
        'mcp-param-region': 'c',
      },
    ],
  ])('are made from the body if the client sends %s', async (_, args, sent, got) => {
    const answer = await callWith(args, sent);
    expect([answer.status, answer.got]).toEqual([200, [got]]);
  });

  test('keep numbers as written', async () => {
    const args = { deep: { count: parseExact('9007199254740993') } };
    const { body, headers } = requestOf('stateless', 1, 'tools/call', { name: 'act', arguments: args });
    await post({ gateway, token }, body, { ...headers, 'Mcp-Param-Count': '9007199254740993' });
    expect(paramsOf(server.got('tools/call').at(-1)?.headers)).toEqual({ 'mcp-param-count': '9007199254740993' });
  });

  test.each<[string, object, Record<string, string>]>([
    ['another value', { region: 'eu' }, { 'Mcp-Param-Region': 'us' }],
    ['none', { region: 'eu' }, {}],
    ['what is no base64', { region: 'Hello' }, { 'Mcp-Param-Region': '=?base64?SGVsbG8?=' }],
    ['another case', { region: 'eu' }, { 'Mcp-Param-Region': 'EU' }],
    ['another number', { deep: { count: 42 } }, { 'Mcp-Param-Count': '43' }],
    ['a number as text that is none', { region: '42' }, { 'Mcp-Param-Region': '42.0' }],
    ['another boolean', { isDry: true }, { 'Mcp-Param-Dry': 'false' }],
  ])('are refused with -32020 if they differ from the body: %s', async (_, args, sent) => {
    const { status, body, got } = await callWith(args, sent);
    expect([status, body.error.code, got]).toEqual([400, -32020, []]);
    expect(body.error.message).toMatch(/^The header Mcp-Param-\w+ and the body disagree\.$/);
  });

  test('are made for clients of versions without them', async () => {
    const { status, got } = await callWith({ region: 'eu' }, { 'Mcp-Param-Region': 'us' }, 'just calls');
    expect([status, got]).toEqual([200, [{ 'mcp-param-region': 'eu' }]]);
  });
});

describe('headers that a client gets from a server', () => {
  const OF_SERVER = {
    'Set-Cookie': 'of-the-server=1',
    Server: 'of-the-server',
    'X-Own': 'of-the-server',
    'WWW-Authenticate': 'Bearer of-the-server',
    Location: 'http://of-the-server/',
    'Mcp-Session-Id': 'of-the-server',
  };
  let server: Scripted;
  beforeEach(async () => {
    server = await startScripted('handshake');
  });
  const ours = [
    'cache-control',
    'connection',
    'content-length',
    'content-type',
    'date',
    'keep-alive',
    'referrer-policy',
    'transfer-encoding',
    'x-content-type-options',
    'x-request-id',
  ];

  test.each([
    ['an answer', 200, 'application/json', '{"jsonrpc":"2.0","id":1,"result":{}}', []],
    ['a stream', 200, 'text/event-stream', 'data: {"jsonrpc":"2.0","id":1,"result":{}}\n\n', ['x-accel-buffering']],
    ['a refusal', 400, 'application/json', '{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}}', ['link']],
    ['a failure', 500, 'text/html', '<h1>of-the-server</h1>', ['link']],
    ['a redirect', 302, 'text/html', '<h1>of-the-server</h1>', ['link']],
  ])("leaves out the server's own headers: %s", async (_, status, type, body, more) => {
    const { token } = await mintOver(gateway, server.url);
    const session = await beginSession({ gateway, token });
    expect(session['Mcp-Session-Id']).not.toContain(sessionId(1));
    server.script.ping = raw(status, type, body, OF_SERVER);
    const accept = { Accept: 'application/json, text/event-stream' };
    const answer = await post({ gateway, token }, { jsonrpc: '2.0', id: 1, method: 'ping' }, { ...session, ...accept });
    expect(JSON.stringify([[...answer.headers], answer.text])).not.toContain('of-the-server');
    expect([...answer.headers.keys()].filter((name) => !ours.includes(name))).toEqual(more);
    await server.stop();
  });
});
