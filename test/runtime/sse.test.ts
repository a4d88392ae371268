import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { createEgress } from '../../src/egress/egress.ts';
import type { Pipe } from '../../src/runtime/pipe.ts';
import { toServerFailed } from '../../src/runtime/send-to-server.ts';
import { openSse } from '../../src/runtime/sse.ts';
import type { RemotePipeTarget } from '../../src/runtime/target.ts';
import { CERTIFICATE, KEY } from '../egress/support/certificate.ts';
import { LONGEST_MESSAGE, ownMemory } from '../support/memory.ts';
import { ROOT } from '../support/process.ts';
import { listenOn } from '../support/sockets.ts';
import { startSseServer } from '../support/sse-server.ts';
import { failureOf, newReader, SAID, SECRET, targetOf, toldOf, toolsThrough } from './support/pipes.ts';

const newEgress = () => createEgress({ allow: ['127.0.0.1'], own: () => [] });
let egress = newEgress();
/** What the scripted server does, by method. */
let script: Record<string, RequestListener> = {};
const bodies: string[] = [];
const scripted = createServer(async (request, response) => {
  bodies.push(Buffer.concat(await request.toArray()).toString());
  script[request.method ?? '']?.(request, response);
});
const served = await listenOn(scripted);
const URL_OF_IT = `http://127.0.0.1:${served.port}/sse?a=b`;

const pipes: Pipe[] = [];
const patience = () => AbortSignal.timeout(30_000);
async function open(url = URL_OF_IT, changes: Partial<RemotePipeTarget> = {}, signal = patience()) {
  const heard = newReader();
  const pipe = await openSse(egress, targetOf(url, changes), heard, signal, ownMemory);
  pipes.push(pipe);
  return { pipe, heard };
}

afterEach(async () => {
  await Promise.all(pipes.splice(0).map((pipe) => pipe.close()));
  await nothingIsLeft(served.open);
  bodies.splice(0);
});
afterAll(() => served.stop());

/** Ends the connections that lie idle, and sees that a server has no others. */
async function nothingIsLeft(openOf: () => number): Promise<void> {
  const { dispatcher } = egress;
  egress = newEgress();
  await dispatcher.close();
  await vi.waitFor(() => expect(openOf()).toBe(0));
}

/** Begins a stream, and says where messages go. */
const begin = (response: ServerResponse, endpoint = '/message'): ServerResponse => {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  response.write(`event: endpoint\ndata: ${endpoint}\n\n`);
  return response;
};
const accept: RequestListener = (_request, response) => response.writeHead(202).end('Accepted');
const opens: RequestListener = (_request, response) => begin(response);
const answers =
  (status: number, type = 'text/plain', body = SAID): RequestListener =>
  (_request, response) =>
    response.writeHead(status, { 'content-type': type }).end(body);

describe('real servers', () => {
  const children: ChildProcess[] = [];
  afterAll(() => {
    for (const child of children) {
      child.kill();
    }
  });

  test('a server of the SDK: nothing remains after the end of the pipe', async () => {
    const server = await startSseServer([{ name: 'look', call: () => 'seen' }]);
    const { pipe, heard } = await open(server.url);
    expect(await toolsThrough(pipe, heard)).toEqual(['look']);
    await pipe.close();
    await nothingIsLeft(server.open);
    expect(heard.endings).toEqual([]);
    await server.stop();
  });

  test('server-everything: the pipe ends with it', async () => {
    const port = await freePort();
    const child = await startEverything(port);
    const { pipe, heard } = await open(`http://127.0.0.1:${port}/sse`);
    expect(await toolsThrough(pipe, heard)).toContain('echo');
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    expect(toldOf(await heard.end())).toMatch(
      /^broken: The MCP server 'Scripted' broke off \(\w+\); what it was asked may have been carried out\.$/,
    );
    await exited;
  });

  async function freePort(): Promise<number> {
    const server = createTcpServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return port;
  }

  async function startEverything(port: number): Promise<ChildProcess> {
    const program = 'node_modules/@modelcontextprotocol/server-everything/dist/index.js';
    const env = { PATH: process.env.PATH, PORT: String(port) } as NodeJS.ProcessEnv;
    const child = spawn(process.execPath, [program, 'sse'], { cwd: ROOT, env, stdio: ['ignore', 'ignore', 'pipe'] });
    children.push(child);
    const ready = Promise.withResolvers<void>();
    let printed = '';
    child.stderr.on('data', (chunk) => {
      printed += chunk;
      if (printed.includes('is running on port')) {
        ready.resolve();
      }
    });
    child.once('close', () => ready.reject(new Error(printed)));
    await ready.promise;
    return child;
  }
});

describe('a sent message', () => {
  test.each([
    ['a path', '/message?sessionId=1', '/message?sessionId=1'],
    ['a path beside the one of the stream', 'message/', '/message/'],
    ['a URL', `http://127.0.0.1:${served.port}/all#part`, '/all'],
    ['a query', '?session=1', '/sse?session=1'],
  ])('goes to the announced endpoint: %s', async (_, endpoint, path) => {
    const posted = Promise.withResolvers<string | undefined>();
    script = {
      GET: (_request, response) => begin(response, endpoint),
      POST: (request, response) => {
        posted.resolve(request.url);
        accept(request, response);
      },
    };
    const { pipe } = await open();
    await pipe.send('{"é": 1}');
    expect(await posted.promise).toBe(path);
    expect(bodies).toEqual(['', '{"é": 1}']);
  });

  test('carries the headers of the target, which win over others', async () => {
    const headers: Record<string, unknown>[] = [];
    script = {
      GET: (request, response) => {
        headers.push(request.headers);
        begin(response);
      },
      POST: (request, response) => {
        headers.push(request.headers);
        accept(request, response);
      },
    };
    const { pipe } = await open(URL_OF_IT, { headers: { authorization: SECRET, 'user-agent': 'another' } });
    await pipe.send('{}');
    const sent = { authorization: SECRET, 'user-agent': 'another' };
    expect(headers).toMatchObject([
      { ...sent, accept: 'text/event-stream' },
      { ...sent, 'content-type': 'application/json' },
    ]);
    await open();
    expect(headers[2]).toMatchObject({ 'user-agent': 'gatehouse' });
  });

  test('goes over the same connection as the one before, unless its answer is long', async () => {
    const longs: ServerResponse[] = [];
    const texts = ['Accepted', '', 'x'.repeat(10_000)];
    script = {
      GET: opens,
      POST: (_request, response) => {
        const text = texts.shift();
        if (text === undefined) {
          longs.push(response.writeHead(200));
          response.write('x'.repeat(100_000));
        } else {
          response.writeHead(200, { 'content-type': text === '' ? 'application/json' : 'text/plain' }).end(text);
        }
      },
    };
    const { pipe } = await open();
    for (let count = 0; count < 3; count++) {
      await pipe.send('{}');
      await delay(50);
    }
    expect(served.open()).toBe(2);
    await pipe.send('{}');
    await once(longs[0] as ServerResponse, 'close');
  });
});

describe('a received message', () => {
  test('is an event of the type message, and is not read before the pipe is open', async () => {
    const more = Promise.withResolvers<ServerResponse>();
    script = {
      GET: (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(': hello\n\ndata: "too early"\n\nevent: ping\ndata: 1\n\n');
        response.write('event: endpoint\ndata: /message\n\ndata: "a"\n\nevent: message\ndata: "b"\n\n');
        response.write('data:\n\nevent: endpoint\ndata: http://elsewhere.test/\n\nevent: other\ndata: "c"\n\n');
        more.resolve(response);
      },
      POST: accept,
    };
    const { pipe, heard } = await open();
    expect(heard.messages).toEqual([]);
    expect([await heard.next(), await heard.next()]).toEqual(['a', 'b']);
    (await more.promise).write('data: no JSON\n\ndata: {"d":\ndata: 1}\n\n');
    await vi.waitFor(() => expect(heard.messages.slice(2)).toEqual(['no JSON', '{"d":\n1}']));
    await pipe.send('{}');
    expect(heard.endings).toEqual([]);
  });

  test('is not read after the end of the pipe', async () => {
    script = { GET: (_request, response) => begin(response).write('data: 1\n\ndata: 2\n\n') };
    const heard = newReader();
    const closed = Promise.withResolvers<void>();
    const reader = {
      ...heard,
      message: (text: string) => {
        heard.message(text);
        closed.resolve(pipe.close());
        return undefined;
      },
    };
    const pipe = await openSse(egress, targetOf(URL_OF_IT), reader, patience(), ownMemory);
    await closed.promise;
    expect([heard.messages, heard.endings]).toEqual([['1'], []]);
  });

  test.each<[string, (response: ServerResponse) => void, string[], string]>([
    ['at its end', (response) => response.end(), [], 'ended its stream'],
    ['after the last event, without its empty line', (response) => response.end('data: 1'), ['1'], 'ended its stream'],
    [
      'half an event after it was broken off',
      (response) => response.write('data: {"jsonrpc"', () => response.socket?.resetAndDestroy()),
      [],
      'broke off (ECONNRESET)',
    ],
  ])('the stream ends %s', async (_, finish, messages, what) => {
    const began = Promise.withResolvers<ServerResponse>();
    script = { GET: (_request, response) => began.resolve(begin(response)) };
    const { pipe, heard } = await open();
    finish(await began.promise);
    expect(toldOf(await heard.end())).toBe(
      `broken: The MCP server 'Scripted' ${what}; what it was asked may have been carried out.`,
    );
    expect(heard.messages).toEqual(messages);
    expect(await failureOf(pipe.send('{}'))).toBe(
      "unreachable: The MCP server 'Scripted' cannot be reached (the connection to it has ended).",
    );
    await pipe.close();
    expect(heard.endings).toHaveLength(1);
  });

  test('a retry time beyond the maximum is not waited for', async () => {
    script = {
      GET: (_request, response) => {
        begin(response);
        const chunk = 'x'.repeat(1024 * 1024);
        const more = (): void => {
          while (!response.destroyed && response.write(chunk)) {}
        };
        response.write('data: ');
        response.on('drain', more);
        more();
      },
    };
    const { heard } = await open();
    expect(toldOf(await heard.end())).toBe(
      "protocol: The MCP server 'Scripted' does not speak MCP over HTTP with SSE: " +
        `an event is longer than ${LONGEST_MESSAGE} characters.`,
    );
    await vi.waitFor(() => expect(served.open()).toBe(0));
  });
});

const NOT_SPOKEN = "protocol: The MCP server 'Scripted' does not speak MCP over HTTP with SSE: ";
const REFUSED = (status: number) =>
  `refused: The MCP server 'Scripted' refused the credentials that it is sent (HTTP ${status}). ` +
  'Whoever owns it must look after its headers.';
const UNAVAILABLE = (status: number) =>
  `unavailable: The MCP server 'Scripted' says that it cannot answer now (HTTP ${status}).`;
const STATUSES: [number, string][] = [
  [301, `${NOT_SPOKEN}it answered with HTTP 301.`],
  [400, `${NOT_SPOKEN}it answered with HTTP 400.`],
  [401, REFUSED(401)],
  [403, REFUSED(403)],
  [404, `${NOT_SPOKEN}it answered with HTTP 404.`],
  [405, `${NOT_SPOKEN}it answered with HTTP 405.`],
  [429, UNAVAILABLE(429)],
  [500, UNAVAILABLE(500)],
  [503, UNAVAILABLE(503)],
];

describe('opening fails', () => {
  test.each(STATUSES)('for HTTP %d', async (status, expected) => {
    script = { GET: answers(status) };
    expect(await failureOf(open())).toBe(expected);
    script = { GET: answers(status, 'application/json', JSON.stringify({ error: SAID })) };
    expect(await failureOf(open())).toBe(expected);
  });

  const noStream = `${NOT_SPOKEN}it answered with something that is no stream of events.`;
  const elsewhere = `${NOT_SPOKEN}it wants messages at another origin than its own.`;
  const startsAt =
    (endpoint: string): RequestListener =>
    (_request, response) =>
      begin(response, endpoint);
  test.each<[string, RequestListener, string]>([
    ['HTML', answers(200, 'text/html', `<p>${SAID}</p>`), noStream],
    ['JSON', answers(200, 'application/json', JSON.stringify(SAID)), noStream],
    ['nothing', answers(204), `${NOT_SPOKEN}it answered with HTTP 204.`],
    ['an endpoint on another host', startsAt(`http://localhost:${served.port}/`), elsewhere],
    ['an endpoint on another port', startsAt('http://127.0.0.1:1/'), elsewhere],
    ['an endpoint of another scheme', startsAt(`https://127.0.0.1:${served.port}/`), elsewhere],
    ['an endpoint within the origin in name only', startsAt(`blob:http://127.0.0.1:${served.port}/`), elsewhere],
    ['an endpoint without a scheme', startsAt('//evil.test/'), elsewhere],
    ['an endpoint that is no URL', startsAt('http://['), elsewhere],
    [
      'a stream without an endpoint',
      (_request, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: 1\n\n'),
      "broken: The MCP server 'Scripted' ended its stream before it had said where messages go.",
    ],
    [
      'an answer that is none',
      (_request, response) => response.socket?.destroy(),
      "broken: The MCP server 'Scripted' broke off (UND_ERR_SOCKET); what it was asked may have been carried out.",
    ],
  ])('for %s', async (_, listener, expected) => {
    script = { GET: listener };
    expect(await failureOf(open())).toBe(expected);
    await nothingIsLeft(served.open);
  });

  test('for silence, before the answer and before the endpoint', async () => {
    const late = "late: The MCP server 'Scripted' sent nothing for 0.5 s; what it was asked may have been carried out.";
    script = { GET: () => undefined };
    expect(await failureOf(open(URL_OF_IT, { streamIdleTimeoutMs: 500 }))).toBe(late);
    script = {
      GET: (_request, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders(),
    };
    expect(await failureOf(open(URL_OF_IT, { streamIdleTimeoutMs: 500 }))).toBe(late);
  });

  test('for an address that the egress policy refuses', async () => {
    const strict = createEgress({ allow: [], own: () => [] });
    expect(await failureOf(openSse(strict, targetOf(URL_OF_IT), newReader(), patience(), ownMemory))).toBe(
      "unreachable: The MCP server 'Scripted' cannot be reached. Connections to 127.0.0.1 are refused: " +
        'its address is loopback. The operator can list it in GATEHOUSE_EGRESS_ALLOW.',
    );
    await strict.dispatcher.destroy();
  });

  test('for a closed port', async () => {
    const server = await listenOn(createTcpServer());
    await server.stop();
    expect(await failureOf(open(`http://127.0.0.1:${server.port}/sse`))).toBe(
      "unreachable: The MCP server 'Scripted' cannot be reached (ECONNREFUSED).",
    );
  });

  test('for an untrusted certificate', async () => {
    const secure = await listenOn(createSecureServer({ key: KEY, cert: CERTIFICATE }, opens));
    const reason = 'DEPTH_ZERO_SELF_SIGNED_CERT';
    const cause = Object.assign(new Error(reason), { code: reason });
    const expected = toServerFailed('Scripted', { kind: 'unreachable', isAnswered: false, reason, cause }, 0);
    expect(await failureOf(open(`https://127.0.0.1:${secure.port}/sse`))).toBe(toldOf(expected));
    expect(expected.message).toContain(reason);
    await secure.stop();
  });
});

describe('sending fails', () => {
  test.each(STATUSES)('for HTTP %d, and the pipe stays open', async (status, expected) => {
    script = { GET: opens, POST: answers(status) };
    const { pipe, heard } = await open();
    expect(await failureOf(pipe.send(SECRET))).toBe(expected);
    script.POST = accept;
    await pipe.send('{}');
    expect(heard.endings).toEqual([]);
  });

  test('for silence', async () => {
    script = { GET: opens };
    const { pipe } = await open(URL_OF_IT, { idleTimeoutMs: 500 });
    expect(await failureOf(pipe.send('{}'))).toBe(
      "late: The MCP server 'Scripted' sent nothing for 0.5 s; what it was asked may have been carried out.",
    );
  });

  test.each<[string, (pipe: Pipe, stream: ServerResponse) => unknown, string]>([
    ['that is closed meanwhile', (pipe) => pipe.close(), 'was left'],
    ['whose stream ends meanwhile', (_pipe, stream) => stream.end(), 'ended its stream'],
    ['whose server dies meanwhile', () => served.drop(), 'broke off (ECONNRESET)'],
  ])('through a pipe %s', async (_, end, what) => {
    const streams: ServerResponse[] = [];
    const posted = Promise.withResolvers<void>();
    script = {
      GET: (_request, response) => void streams.push(begin(response)),
      POST: () => posted.resolve(),
    };
    const { pipe } = await open();
    const sending = failureOf(pipe.send('{}'));
    await posted.promise;
    await end(pipe, streams[0] as ServerResponse);
    expect(await sending).toBe(
      `broken: The MCP server 'Scripted' ${what}; what it was asked may have been carried out.`,
    );
  });
});

describe('the signal of the opening', () => {
  test('ends the opening', async () => {
    const asked = Promise.withResolvers<void>();
    script = { GET: () => asked.resolve() };
    const leaving = new AbortController();
    const opening = open(URL_OF_IT, {}, leaving.signal);
    await asked.promise;
    leaving.abort(new Error('gone'));
    await expect(opening).rejects.toThrow('gone');
    await vi.waitFor(() => expect(served.open()).toBe(0));
    await expect(open(URL_OF_IT, {}, leaving.signal)).rejects.toThrow('gone');
  });

  test('ends the wait for the endpoint', async () => {
    const asked = Promise.withResolvers<void>();
    script = {
      GET: (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n', () => asked.resolve());
      },
    };
    const leaving = new AbortController();
    const opening = open(URL_OF_IT, {}, leaving.signal);
    await asked.promise;
    await delay(50);
    leaving.abort(new Error('gone'));
    await expect(opening).rejects.toThrow('gone');
    await vi.waitFor(() => expect(served.open()).toBe(0));
  });

  test('does not affect an open pipe', async () => {
    script = { GET: opens, POST: accept };
    const leaving = new AbortController();
    const { pipe, heard } = await open(URL_OF_IT, {}, leaving.signal);
    leaving.abort();
    await pipe.send('{}');
    expect(heard.endings).toEqual([]);
  });
});

test('an open stream may be silent for the configured time', async () => {
  script = { GET: opens };
  const [patient, strict] = [await open(), await open(URL_OF_IT, { streamIdleTimeoutMs: 500 })];
  expect(toldOf(await strict.heard.end())).toBe(
    "late: The MCP server 'Scripted' sent nothing for 0.5 s; what it was asked may have been carried out.",
  );
  expect(patient.heard.endings).toEqual([]);
});
