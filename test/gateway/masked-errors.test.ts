import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import {
  type Echoing,
  startEchoing,
  startEchoingSse,
  startEchoingWebSocket,
  WRITES,
} from '../support/echoing-servers.ts';
import { connect, WAYS, type Way } from '../support/mcp-client.ts';
import { mintOver } from '../support/minted.ts';
import { compiledOnce } from '../support/process.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { created, remove, share, stdio, unique } from '../support/shared-servers.ts';

const SECRET = 'p4ss/w0rd"of+the=server';
const IN_URL = 'q7Wm3ZxT9Lk2VbN8';
const VALUE = 'plain-setting-of-the-operator';
/** Every form in which a server may repeat the secret that it is sent. */
const FORMS = [
  SECRET,
  JSON.stringify(SECRET).slice(1, -1),
  encodeURIComponent(SECRET),
  Buffer.from(SECRET).toString('base64'),
];

let gateway: TestServer;
const started: Echoing[] = [];
beforeAll(async () => {
  gateway = await startTestServer({
    env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' },
    environment: { ...process.env, OPERATORS_TOKEN: SECRET },
  });
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all(started.map(({ stop }) => stop()));
});

const begun = async (starting: Promise<Echoing>): Promise<Echoing> => {
  const server = await starting;
  started.push(server);
  return server;
};
const expectNone = (text: string, secrets: readonly string[]): void => {
  expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
};
const request_headers = { Authorization: `Bearer ${SECRET}` };

const overHttp = Object.entries(WRITES).flatMap(([name, write]) =>
  (['handshake', 'stateless'] as const).map((era) => [`${name}, ${era}`, () => startEchoing(write, era)] as const),
);
const OWN: readonly (readonly [string, string, () => Promise<Echoing>])[] = [
  ...overHttp.map(([name, start]) => [name, 'STREAMABLE_HTTP', start] as const),
  ['SSE', 'SSE', startEchoingSse],
  ['WebSocket', 'WebSocket', startEchoingWebSocket],
];

describe.each(OWN)('a server of an organization that repeats its headers (%s)', (name, transport, start) => {
  test('masks them in errors and error results, and not in other results', async () => {
    const { url } = await begun(start());
    const { token } = await mintOver(gateway, `${url}?api_key=${IN_URL}`, { transport, request_headers });
    const ways: readonly Way[] = name.includes('handshake') ? WAYS : ['just calls', 'stateless'];
    for (const way of ways) {
      const ask = await connect({ gateway, token }, way);
      const error = await ask('tools/call', { name: 'error' });
      expect(error.body.error).toMatchObject({ code: -32000, message: expect.stringContaining('[credential]') });
      expectNone(error.text, [...FORMS, IN_URL]);
      const failed = await ask('tools/call', { name: 'failed' });
      expect(failed.body.result).toMatchObject({ isError: true });
      if (!name.startsWith('large')) {
        expectNone(failed.text, [...FORMS, IN_URL]);
      }
      const { body } = await ask('tools/call', { name: 'result' });
      expect(body.result.content[0].text).toContain(`Bearer ${SECRET}`);
      expect(body.result.content[0].text).toContain(IN_URL);
    }
  });
});

const shared: readonly (readonly [string, () => Promise<object>])[] = [
  ...overHttp
    .filter(([name]) => /^(?:JSON|events)/.test(name))
    .map(([name, start]) => [name, async () => remote('streamable_http', (await begun(start())).url)] as const),
  ['SSE', async () => remote('sse', (await begun(startEchoingSse())).url)],
  ['WebSocket', async () => remote('websocket', (await begun(startEchoingWebSocket())).url)],
  [
    'a process',
    async () =>
      stdio(unique(), {
        args: [...compiledOnce('test/support/echoing-stdio-server.ts'), '--api-key', IN_URL],
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the gateway.
        env: { API_TOKEN: '${OPERATORS_TOKEN}', SETTING: VALUE },
      }),
  ],
];
const remote = (transport: string, url: string) => ({
  name: unique(),
  transport,
  url: `${url}?api_key=${IN_URL}`,
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the gateway.
  headers: { Authorization: 'Bearer ${OPERATORS_TOKEN}', 'X-Setting': VALUE },
});

describe.each(shared)('a server of the operator that repeats its configuration (%s)', (_, configure) => {
  test('masks all of it in errors, and the secrets everywhere', async () => {
    const id = await created(gateway, await configure());
    const { token } = await share(gateway, id);
    for (const way of ['just calls', 'stateless'] as const) {
      const ask = await connect({ gateway, token }, way);
      for (const name of ['error', 'failed']) {
        expectNone((await ask('tools/call', { name })).text, [...FORMS, IN_URL, VALUE]);
      }
      const { body, text } = await ask('tools/call', { name: 'result' });
      expect(body.result?.content[0].text, text).toContain(VALUE);
      expectNone(text, [...FORMS, IN_URL]);
      const listed = await ask('tools/list');
      expect(listed.body.result.tools[0].description).toContain('[credential]');
      expectNone(listed.text, [...FORMS, IN_URL]);
      const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } };
      const told = await ask(way === 'stateless' ? 'server/discover' : 'initialize', params);
      expect(told.body.result.instructions).toContain('[credential]');
      expectNone(told.text, [...FORMS, IN_URL]);
    }
    await remove(gateway, id);
  });
});

test('a failure of a server is reported without its URL, headers and texts', async () => {
  const { url, stop } = await startEchoing((response) => response.writeHead(500).end(SECRET));
  const { token, serverId } = await mintOver(gateway, `${url}?api_key=${IN_URL}`, { request_headers });
  const ask = await connect({ gateway, token }, 'just calls');
  const answers = [await ask('tools/list'), await ask('tools/call', { name: 'error' })];
  await stop();
  answers.push(await ask('tools/list'), await ask('tools/call', { name: 'error' }));
  answers.push(await call(gateway.url, 'listMcpServerTools', { path: { mcpServerId: serverId } }));
  for (const { text } of answers) {
    expectNone(text, [...FORMS, IN_URL]);
  }
});
