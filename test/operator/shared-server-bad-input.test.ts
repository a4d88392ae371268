import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { ROOT } from '../support/process.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { change, create, small, unique } from '../support/shared-servers.ts';

let gateway: TestServer;
let id: string;
beforeAll(async () => {
  gateway = await startTestServer({ environment: { EMPTY: '' } });
  id = (await create(gateway, { name: unique(), url: 'http://127.0.0.1:9' }, { enabled: false })).body.data.id;
});
afterAll(() => gateway.stop());

const remote = (more: object = {}) => ({ name: unique(), url: 'https://x.example.com/mcp', ...more });
const URL_FORMAT = 'must be an absolute http, https, ws or wss URL without credentials (send those as headers)';
const NAME_FORMAT =
  "is not a header that can be sent: a name of letters, digits and !#$%&'*+-.^_`|~ other than those of the connection: Host, Connection, Content-Length, Transfer-Encoding, Upgrade, Keep-Alive, Expect, TE, Trailer, HTTP2-Settings, Proxy-*, Sec-WebSocket-*";
const VALUE_FORMAT = 'must be a legal header value: visible Latin-1 characters, spaces and tabs, no line breaks';

describe('422 of mcpServer, for POST and PATCH', () => {
  test.each<[string, object, string, string]>([
    ['no command', { name: 'x', transport: 'stdio' }, 'command', 'is required for the transport stdio'],
    ['a command of null', small({ command: null }), 'command', 'is required for the transport stdio'],
    ['an empty command', small({ command: '' }), 'command', 'is required for the transport stdio'],
    ['a blank command', small({ command: ' ' }), 'command', 'is required for the transport stdio'],
    ['no url', { name: 'x' }, 'url', 'is required for the transport streamable_http'],
    ['an empty url', remote({ url: '', transport: 'sse' }), 'url', 'is required for the transport sse'],
    ['a url of null', remote({ url: null, transport: 'websocket' }), 'url', 'is required for the transport websocket'],
    ['no URL', remote({ url: 'x.example.com' }), 'url', URL_FORMAT],
    ['another scheme', remote({ url: 'ftp://x.example.com' }), 'url', URL_FORMAT],
    ['credentials', remote({ url: 'https://u:p@x.example.com' }), 'url', URL_FORMAT],
    [
      'a scheme of another transport',
      remote({ url: 'wss://x.example.com' }),
      'url',
      'the transport streamable_http takes http, https URLs only',
    ],
    [
      'a scheme that SSE cannot dial',
      remote({ url: 'ws://x.example.com', transport: 'sse' }),
      'url',
      'the transport sse takes http, https URLs only',
    ],
    [
      'a transport that is none',
      remote({ transport: 'http' }),
      'transport',
      'must be equal to one of the allowed values',
    ],
    ['a header of the connection', remote({ headers: { Host: 'x' } }), 'headers', NAME_FORMAT],
    ['a header with a space', remote({ headers: { 'X Y': 'x' } }), 'headers', NAME_FORMAT],
    ['a header of two lines', remote({ headers: { X: 'a\r\nY: b' } }), 'headers.X', VALUE_FORMAT],
    ['a variable that is none', small({ env: { 'A=B': 'x' } }), 'env', 'must match pattern'],
    ['a timeout of 0', remote({ timeoutSeconds: 0 }), 'timeoutSeconds', 'must be > 0'],
    ['a negative timeout', remote({ timeoutSeconds: -1 }), 'timeoutSeconds', 'must be > 0'],
    ['a stream timeout of 0', remote({ sseReadTimeoutSeconds: 0 }), 'sseReadTimeoutSeconds', 'must be > 0'],
    ['an unknown encoding', small({ encoding: 'utf-9' }), 'encoding', 'is no encoding; use a label of the WHATWG'],
    ['an unknown handler', small({ encodingErrorHandler: 'panic' }), 'encodingErrorHandler', 'must be equal to one of'],
    ['sessionKwargs', remote({ sessionKwargs: { a: 1 } }), 'sessionKwargs', 'must have at most 0 properties'],
    ['a key in snake case', remote({ timeout_seconds: 1 }), 'timeout_seconds', 'did you mean `timeoutSeconds`?'],
    ['no name', { url: 'https://x.example.com' }, 'name', 'is required'],
  ])('%s', async (_, mcpServer, field, message) => {
    for (const { status, body } of [await create(gateway, mcpServer), await change(gateway, id, { mcpServer })]) {
      expect([status, body.error.code]).toEqual([422, 'validation_failed']);
      expect(body.error.fieldErrors).toEqual([
        {
          field: expect.stringContaining(`body.mcpServer.${field}`),
          message: expect.stringContaining(message),
          code: expect.any(String),
        },
      ]);
    }
  });
});

test('422: all mistakes at once', async () => {
  const { body } = await create(gateway, small({ env: { A: `\${GATEHOUSE_X}`, B: `\${DATABASE_URL}` } }));
  const fields = body.error.fieldErrors.map(({ field }: { field: string }) => field);
  expect(fields).toEqual(['body.mcpServer.env.A', 'body.mcpServer.env.B']);
});

test.each<[string, object, string]>([
  ['encoding', small({ encoding: 'utf-9', env: { A: `\${MISSING}` } }), 'is no encoding'],
  ['url', remote({ url: 'ftp://x.example.com', headers: { A: `\${MISSING}` } }), URL_FORMAT],
])('422: %s, which no missing variable could correct', async (field, mcpServer, message) => {
  const { status, text } = await create(gateway, mcpServer);
  expect([status, text]).toEqual([422, expect.stringContaining(message)]);
  expect(text).toContain(`body.mcpServer.${field}`);
});

test.each<[string, unknown, object]>([
  [
    'a key in snake case',
    { name: 'x', mcp_server: {} },
    { field: 'body.mcp_server', message: 'unknown key: did you mean `mcpServer`?', code: 'unknown_key' },
  ],
  ['malformed JSON', '{"name": "x", ', { code: 'json_invalid' }],
  ['no mcpServer', { name: 'x' }, { field: 'body.mcpServer', message: 'is required', code: 'missing' }],
  [
    'a name that is too long',
    { name: 'x'.repeat(256), mcpServer: remote() },
    { field: 'body.name', code: 'max_length' },
  ],
])('422 of the body: %s', async (_, body, mistake) => {
  const answer = await call(gateway.url, 'createSharedServer', { body });
  expect(answer.status).toBe(422);
  expect(answer.body.error.fieldErrors).toContainEqual(expect.objectContaining(mistake));
});

test.each<[string, object]>([
  ['the command', { command: 'a\0b' }],
  ['an argument', { args: ['a\0b'] }],
  ['a variable', { env: { A: 'a\0b' } }],
  ['the folder', { cwd: '/a\0b' }],
])('422: a NUL in %s', async (_, mcpServer) => {
  const { status, body } = await create(gateway, small(mcpServer));
  expect([status, body.error.code]).toEqual([422, 'validation_failed']);
});

describe('500 reload_failed: a configuration that cannot start a process', () => {
  test.each<[string, object]>([
    ['a command within a file', { command: join(ROOT, 'package.json/server') }],
    ['a command whose name is too long', { command: `/${'x'.repeat(4000)}` }],
    ['a folder', { command: ROOT }],
    ['more arguments than a process takes', { args: Array(100).fill('x'.repeat(32_000)) }],
  ])('%s', async (_, broken) => {
    const { status, body, text } = await create(gateway, small(broken));
    expect([status, body.error.code], text).toEqual([500, 'reload_failed']);
    expect(body.error.details.reason).toContain('cannot be started: ');
  });
});
