import { createServer, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../support/json.ts';
import { connect, post, WAYS } from '../support/mcp-client.ts';
import { mintOver } from '../support/minted.ts';
import {
  accepted,
  beginEvents,
  eventOf,
  json,
  raw,
  refusal,
  result,
  type Script,
  type Step,
  sessionId,
  startScripted,
  TOOLS,
} from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { callTool, created, script, share, unique } from '../support/shared-servers.ts';
import { listenOn } from '../support/sockets.ts';

/** Servers as public reports describe them: odd, and good enough for some client. */
let gateway: TestServer;
const servers: { readonly stop: () => Promise<void> }[] = [];
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all(servers.map(({ stop }) => stop()));
});

async function startOver(more: Script, era: 'handshake' | 'stateless' = 'handshake') {
  const server = await startScripted(era, more);
  servers.push(server);
  return { server, ...(await mintOver(gateway, server.url)) };
}

const VERSIONS = ['2025-06-18', '2025-03-26', '2024-11-05'] as const;
/** sickn33/agentic-awesome-skills#1003, Graylog2/graylog2-server#24701, xpzouying/xiaohongshu-mcp#697. */
const REFUSALS: Readonly<Record<string, Step>> = {
  'an error': json({ error: { code: -32602, message: 'Unsupported protocol version' } }),
  'HTTP 400 and an error': json({ error: { code: -32602, message: 'Invalid protocol version', data: {} } }, 400),
  'HTTP 400 and a text': raw(400, 'text/plain', 'Bad Request: Unsupported protocol version'),
};
const onlyIn =
  (version: string, refuse: Step): Step =>
  (response, got) => {
    const { protocolVersion } = got.message.params;
    const facts = { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'old', version: '1' } };
    (protocolVersion === version ? json({ result: facts }, 200, { 'Mcp-Session-Id': 'mine' }) : refuse)(response, got);
  };

describe('a server that refuses newer versions instead of naming its own', () => {
  test.each(Object.entries(REFUSALS).flatMap(([how, refuse]) => VERSIONS.map((version) => ({ how, refuse, version }))))(
    'with $how is asked in $version',
    async ({ refuse, version }) => {
      const { server, token } = await startOver({ initialize: onlyIn(version, refuse) });
      for (const way of ['just calls', 'stateless'] as const) {
        const ask = await connect({ gateway, token }, way);
        expect((await ask('tools/list')).body.result.tools).toHaveLength(2);
        expect((await ask('tools/call', { name: 'act' })).body.result.content[0].text).toBe('act');
      }
      expect(server.got('tools/call').map(({ headers }) => headers['mcp-protocol-version'])).toEqual([
        version,
        version,
      ]);
    },
  );

  test.each(Object.entries(REFUSALS))('with %s, whatever the version, refuses a session', async (_, refuse) => {
    const { server, token } = await startOver({ initialize: refuse });
    const { status, body } = await (await connect({ gateway, token }, 'just calls'))('tools/list');
    expect([status, body.error.message]).toEqual([502, expect.stringContaining('it refused to initialize a session')]);
    expect(server.got('initialize').length % 4).toBe(0);
  });

  test.each(VERSIONS)('over stdio is asked in %s', async (version) => {
    const source = `require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { id, method, params } = JSON.parse(line);
      const isOld = params?.protocolVersion === '${version}';
      const facts = { protocolVersion: '${version}', capabilities: {}, serverInfo: { name: 'old', version: '1' } };
      const answers = {
        initialize: isOld ? { result: facts } : { error: { code: -32602, message: 'Unsupported protocol version' } },
        'tools/list': { result: { tools: [{ name: 'act', inputSchema: { type: 'object' } }] } },
        'tools/call': { result: { content: [{ type: 'text', text: 'act' }] } },
      };
      if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, ...answers[method] }));
    });`;
    const { token } = await share(gateway, await created(gateway, script(unique(), source)));
    expect(await callTool(gateway, token, 'act')).toBe('act');
  });
});

/** microsoft/playwright-mcp#1293, vercel/ai#15701: such servers end a session whose client does not answer. */
test.each([
  ['that tells of changed tools', { tools: { listChanged: true } }],
  ['that tells nothing', { tools: {} }],
])('a server %s gets answers to what it asks on the stream of the gateway', async (_, capabilities) => {
  const facts = { protocolVersion: '2025-11-25', capabilities, serverInfo: { name: 'pings', version: '1' } };
  const { server, token } = await startOver({
    initialize: json({ result: facts }, 200, { 'Mcp-Session-Id': 'pinged' }),
    GET: (response) => {
      beginEvents(response).write(eventOf({ jsonrpc: '2.0', id: 'a', method: 'ping' }));
      response.write(eventOf({ jsonrpc: '2.0', id: 'b', method: 'roots/list' }));
    },
    answer: accepted,
  });
  await (await connect({ gateway, token }, 'just calls'))('tools/list');
  await expect.poll(() => server.got('answer').length).toBe(2);
  const answers = server
    .got('answer')
    .map(({ message, headers }) => [message.id, message.result, message.error?.code, headers['mcp-session-id']]);
  expect(answers.toSorted()).toEqual([
    ['a', {}, undefined, 'pinged'],
    ['b', undefined, -32601, 'pinged'],
  ]);
});

describe('an error', () => {
  /** awslabs/mcp#2949 (both members), modelcontextprotocol/python-sdk#1144 (an id of its own). */
  test.each([
    ['with a result of null beside it', { result: null }],
    ['with the id of another request', { id: 'xxx' }],
    ['with an empty id', { id: '' }],
    ['with both', { id: 'xxx', result: null }],
  ])('%s is the answer', async (_, members) => {
    const error = { code: -32004, message: 'Not now' };
    const { token } = await startOver({ 'tools/call': json({ error, ...members }) });
    for (const way of ['just calls', 'stateless'] as const) {
      const ask = await connect({ gateway, token }, way);
      expect((await ask('tools/call', { name: 'act' })).body).toEqual({ jsonrpc: '2.0', id: 1, error });
    }
  });

  test('that tells of a lost session in an event is a 404 for the client of that session', async () => {
    const said = { code: -32000, message: 'Session not found' };
    let isLost = false;
    const lost: Step = (response, { message }) =>
      void beginEvents(response).end(eventOf({ jsonrpc: '2.0', id: message.id, error: said }));
    const unless =
      (step: Step): Step =>
      (response, got) =>
        (isLost && got.headers['mcp-session-id'] === sessionId(1) ? lost : step)(response, got);
    const { token } = await startOver({ 'tools/call': unless(result({ content: [] })), ping: unless(result({})) });
    const ask = await connect({ gateway, token }, 'own session');
    expect((await ask('tools/call', { name: 'act' })).status).toBe(200);
    isLost = true;
    const { status, body } = await ask('tools/call', { name: 'act' });
    expect([status, body.error.message]).toEqual([404, expect.stringContaining('has lost this session')]);
  });

  test.each([
    ['comes at once', (response: Parameters<Step>[0], text: string) => void response.end(text)],
    ['comes later', (response: Parameters<Step>[0], text: string) => void setTimeout(() => response.end(text), 300)],
  ])('about something else in an event, which %s, is passed on', async (_, write) => {
    const error = { code: -32000, message: 'Nothing found' };
    const { token } = await startOver({
      'tools/call': (response, { message }) =>
        write(beginEvents(response), `id: 1\n${eventOf({ jsonrpc: '2.0', id: message.id, error })}`),
    });
    const { status, body } = await (await connect({ gateway, token }, 'own session'))('tools/call', { name: 'act' });
    expect([status, body.error]).toEqual([200, error]);
  });
});

/** giantswarm/muster#1303, awslabs/mcp#2949. */
describe.each([
  [429, 429],
  [503, 502],
])('a server that answers HTTP %d and an error', (status, passedOn) => {
  const error = { code: -32004, message: 'Too many requests', data: { limit: 1 } };
  const busy = json({ error }, status, { 'Retry-After': '7' });

  test.each(WAYS)('to a call (%s): its words and Retry-After are passed on', async (way) => {
    const { token } = await startOver({ 'tools/call': busy });
    const { status, headers, body } = await (await connect({ gateway, token }, way))('tools/call', { name: 'act' });
    expect([status, headers.get('retry-after'), body.error]).toEqual([passedOn, '7', error]);
    expect(headers.has('link')).toBe(true);
  });

  test.each(['tools/list', 'initialize'])('to %s: Retry-After is passed on', async (method) => {
    const { token } = await startOver({ [method]: busy });
    const answer = await (await connect({ gateway, token }, 'just calls'))('tools/list');
    expect([answer.status, answer.headers.get('retry-after'), answer.body.error.code]).toEqual([passedOn, '7', -32003]);
  });
});

describe('a server of 2026-07-28 that is replaced', () => {
  const REPLACED: Readonly<Record<string, Step>> = {
    'HTTP 400': json({ error: { code: -32000, message: 'Bad Request: Server not initialized' } }, 400),
    'HTTP 404': refusal(-32601, 404),
    'HTTP 406 and a text': raw(406, 'text/plain', 'Not Acceptable'),
  };
  test.each(Object.entries(REPLACED))(
    'by an older one, which answers with %s, serves every client at once',
    async (_, step) => {
      const { server, token } = await startOver({}, 'stateless');
      const asks = {
        newer: await connect({ gateway, token }, 'stateless'),
        older: await connect({ gateway, token }, 'just calls'),
      };
      for (const ask of Object.values(asks)) {
        expect((await ask('tools/call', { name: 'act' })).status).toBe(200);
      }
      const older = await startScripted('handshake');
      servers.push(older);
      const inSession =
        (good: Step): Step =>
        (response, got) =>
          (got.headers['mcp-session-id'] === undefined ? step : good)(response, got);
      const { 'tools/call': called, 'tools/list': listed, initialize } = older.script as Record<string, Step>;
      Object.assign(server.script, {
        initialize,
        'server/discover': step,
        'tools/call': inSession(called as Step),
        'tools/list': inSession(listed as Step),
      });
      for (const ask of Object.values(asks)) {
        const { status, body } = await ask('tools/call', { name: 'act' });
        expect([status, body.result?.content]).toEqual([200, [{ type: 'text', text: 'act' }]]);
      }
    },
  );

  test('is asked once in 5 s whether it was, and its refusals are passed on', async () => {
    const { server, token } = await startOver({ 'tools/call': refusal(-32601, 404) }, 'stateless');
    const ask = await connect({ gateway, token }, 'stateless');
    await ask('tools/list');
    const before = server.got('server/discover').length;
    for (let call = 0; call < 5; call++) {
      const { status, body } = await ask('tools/call', { name: 'act' });
      expect([status, body.error.code]).toEqual([404, -32601]);
    }
    expect(server.got('server/discover').length - before).toBe(1);
  });
});

/** charmbracelet/crush#1447, DeusData/codebase-memory-mcp#1185, wso2/api-manager#5120, joshrotenberg/tower-mcp#1174. */
describe('a server', () => {
  test.each([{}, null, [], undefined])('with the capabilities %j lists its tools', async (capabilities) => {
    const facts = { protocolVersion: '2025-11-25', capabilities, serverInfo: null };
    const { token } = await startOver({ initialize: json({ result: facts }) });
    for (const way of WAYS) {
      const { body } = await (await connect({ gateway, token }, way))('tools/list');
      expect(body.result.tools).toEqual(TOOLS);
    }
  });

  test('keeps every member of its tools and results', async () => {
    const tool = {
      ...{ name: 'act', title: 'Act', inputSchema: { type: 'object' }, icons: [{ src: 'https://example.com/i.png' }] },
      ...{ outputSchema: { type: 'object', required: ['a'] }, annotations: { readOnlyHint: true }, vendor: 1 },
      _meta: { ui: { resourceUri: 'ui://act' } },
    };
    const called = { content: [], structuredContent: { b: null }, vendor: true };
    const { token } = await startOver({ 'tools/list': result({ tools: [tool] }), 'tools/call': result(called) });
    for (const way of WAYS) {
      const ask = await connect({ gateway, token }, way);
      expect((await ask('tools/list')).body.result.tools).toEqual([tool]);
      expect((await ask('tools/call', { name: 'act' })).body.result).toMatchObject(called);
    }
  });

  test('that wants to be told first that it is initialized is told first', async () => {
    let isTold = false;
    const { token } = await startOver({
      'notifications/initialized': (response, got) => {
        setTimeout(() => {
          isTold = true;
          accepted(response, got);
        }, 200);
      },
      'tools/list': (response, got) => (isTold ? result({ tools: TOOLS }) : refusal(-32600, 400))(response, got),
    });
    const ask = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
    const answers = await Promise.all(Array.from({ length: 10 }, () => post({ gateway, token }, ask)));
    expect(new Set(answers.map(({ status, body }) => [status, body.result?.tools.length].join()))).toEqual(
      new Set(['200,2']),
    );
  });
});

describe('a server over SSE', () => {
  type Answering = (message: Json, post: ServerResponse, stream: ServerResponse) => unknown;
  /** Serves one client at a time. */
  async function startSse(answer: Answering) {
    let stream: ServerResponse | undefined;
    const listened = await listenOn(
      createServer(async (request, response) => {
        if (request.method === 'GET') {
          stream = beginEvents(response);
          stream.write('event: endpoint\ndata: /message\n\n');
          return;
        }
        answer(JSON.parse(await text(request)), response, stream as ServerResponse);
      }),
    );
    servers.push({ stop: listened.stop });
    const url = `http://127.0.0.1:${listened.port}/sse`;
    return { ...listened, ...(await mintOver(gateway, url, { transport: 'SSE', timeout_seconds: 1 })) };
  }
  const RESULTS: Json = {
    initialize: { protocolVersion: '2024-11-05', capabilities: {}, serverInfo: { name: 'sse', version: '1' } },
    'tools/list': { tools: TOOLS },
    'tools/call': { content: [{ type: 'text', text: 'act' }] },
  };
  const response = ({ id, method }: Json) => ({ jsonrpc: '2.0', id, result: RESULTS[method] });

  /** modelcontextprotocol/csharp-sdk#439. */
  test.each(['application/json', 'application/json; charset=utf-8'])(
    'may send its responses as answers to the POSTs (%s)',
    async (type) => {
      const { token } = await startSse((message, post) =>
        message.id === undefined
          ? post.writeHead(200, { 'Content-Type': type }).end('{"status":"accepted"}')
          : post.writeHead(200, { 'Content-Type': type }).end(JSON.stringify(response(message))),
      );
      expect(await callTool(gateway, token, 'act')).toBe('act');
    },
  );

  test('may answer the POST of a call after the call, or never, and nothing of it is left', async () => {
    const ends = { later: true };
    const { token, open } = await startSse(async (message, post, stream) => {
      if (message.method !== 'tools/call') {
        post.writeHead(202).end();
        message.id !== undefined && stream.write(eventOf(response(message)));
        return;
      }
      const { progressToken } = message.params._meta;
      for (let progress = 1; progress <= 4; progress++) {
        await delay(500);
        stream.write(
          eventOf({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress } }),
        );
      }
      stream.write(eventOf(response(message)));
      ends.later && post.writeHead(202).end();
    });
    const ask = await connect({ gateway, token }, 'just calls');
    for (const later of [true, false]) {
      ends.later = later;
      const { status, text: said } = await ask('tools/call', { name: 'act', _meta: { progressToken: 1 } });
      expect([status, said]).toEqual([200, expect.stringContaining('"text":"act"')]);
    }
    // The stream, and a connection that can be used again.
    await expect.poll(open).toBeLessThanOrEqual(2);
  });
});
