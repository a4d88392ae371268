import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createServer as createTcpServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { createEgress } from '../../src/egress/egress.ts';
import type { Pipe } from '../../src/runtime/pipe.ts';
import { toServerFailed } from '../../src/runtime/send-to-server.ts';
import type { RemotePipeTarget } from '../../src/runtime/target.ts';
import { openWebSocket } from '../../src/runtime/websocket.ts';
import { CERTIFICATE, KEY } from '../egress/support/certificate.ts';
import { LONGEST_MESSAGE, ownMemory } from '../support/memory.ts';
import { type Listened, listenOn } from '../support/sockets.ts';
import { startWebSocketServer } from '../support/websocket-server.ts';
import { failureOf, newReader, SAID, SECRET, targetOf, toldOf, toolsThrough } from './support/pipes.ts';

const egress = createEgress({ allow: ['127.0.0.1'], own: () => [] });
afterAll(() => egress.dispatcher.close());

const pipes: Pipe[] = [];
const servers: Listened[] = [];
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(pipes.splice(0).map((pipe) => pipe.close()));
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

const patience = () => AbortSignal.timeout(30_000);
async function open(url: string, changes: Partial<RemotePipeTarget> = {}, signal = patience()) {
  const heard = newReader();
  const pipe = await openWebSocket(
    egress,
    targetOf(url, { transport: 'websocket', ...changes }),
    heard,
    signal,
    ownMemory,
  );
  pipes.push(pipe);
  return { pipe, heard };
}

/** Serves WebSockets, and lets a test do with each what it wants. */
async function serve(begin: (websocket: WebSocket, headers: IncomingHttpHeaders) => void, options: object = {}) {
  const server = createServer();
  const websockets = new WebSocketServer({ server, ...options });
  websockets.on('connection', (websocket, { headers }) => begin(websocket, headers));
  return listen(server);
}
/** Answers without WebSockets. */
const serveHttp = (listener: RequestListener) => listen(createServer(listener));
/** Takes upgrades by hand; a connection is gone when the other side has ended it. */
const serveUpgrade = (upgrade: (socket: Duplex) => void) =>
  listen(
    createServer().on('upgrade', (_request, socket) => {
      socket.on('error', () => undefined);
      socket.once('end', () => socket.end()).resume();
      upgrade(socket);
    }),
  );
async function listen(server: Parameters<typeof listenOn>[0]) {
  const listened = await listenOn(server);
  servers.push(listened);
  return { ...listened, url: `ws://127.0.0.1:${listened.port}/mcp?a=b` };
}

const BROKEN = (what: string) =>
  `broken: The MCP server 'Scripted' ${what}; what it was asked may have been carried out.`;
const NOT_SPOKEN = "protocol: The MCP server 'Scripted' does not speak MCP over WebSocket: ";
const ENDED = "unreachable: The MCP server 'Scripted' cannot be reached (the connection to it has ended).";

describe('a server of the SDK', () => {
  const start = async () => {
    const server = await startWebSocketServer([{ name: 'look', call: () => 'seen' }]);
    servers.push(server);
    return server;
  };

  test.each(['ws', 'http'])(
    'lists its tools under %s:, and nothing remains after the end of the pipe',
    async (scheme) => {
      const server = await start();
      const { pipe, heard } = await open(server.url.replace(/^ws/, scheme));
      expect(await toolsThrough(pipe, heard)).toEqual(['look']);
      await pipe.close();
      await pipe.close();
      await vi.waitFor(() => expect(server.open()).toBe(0));
      expect(await failureOf(pipe.send('{}'))).toBe(ENDED);
      expect(heard.endings).toEqual([]);
    },
  );

  test('ends the pipe once when it ends', async () => {
    const server = await start();
    const { pipe, heard } = await open(server.url);
    expect(await toolsThrough(pipe, heard)).toEqual(['look']);
    server.drop();
    expect(toldOf(await heard.end())).toBe(BROKEN('ended the connection (WebSocket status 1006)'));
    expect(await failureOf(pipe.send('{}'))).toBe(ENDED);
    await pipe.close();
    expect(heard.endings).toHaveLength(1);
  });
});

describe('a connection', () => {
  test('carries the headers of the target, which win over others, and offers only the subprotocol', async () => {
    const all: IncomingHttpHeaders[] = [];
    const { url } = await serve((_websocket, headers) => all.push(headers));
    await open(url);
    await open(url, { headers: { authorization: SECRET, 'user-agent': 'another', 'sec-websocket-protocol': 'x' } });
    const same = { authorization: SECRET, 'sec-websocket-protocol': 'mcp', 'sec-websocket-version': '13' };
    expect(all).toMatchObject([
      { ...same, 'user-agent': 'gatehouse' },
      { ...same, 'user-agent': 'another' },
    ]);
    expect(all[0]).not.toHaveProperty('sec-websocket-extensions');
  });

  test.each(['wss', 'https'])('is encrypted under %s: with the name of the host', async (scheme) => {
    const authorities = getCACertificates('default');
    setDefaultCACertificates([...authorities, CERTIFICATE]);
    const resolve = async () => [{ address: '127.0.0.1', family: 4 }];
    const named = createEgress({ allow: ['127.0.0.1'], own: () => [], resolve });
    const server = createSecureServer({ key: KEY, cert: CERTIFICATE });
    new WebSocketServer({ server }).on('connection', (websocket) => websocket.send('"secure"'));
    const { port } = await listen(server);
    const heard = newReader();
    pipes.push(await openWebSocket(named, targetOf(`${scheme}://good.test:${port}/`), heard, patience(), ownMemory));
    expect(await heard.next()).toBe('secure');
    const other = openWebSocket(named, targetOf(`${scheme}://other.test:${port}/`), newReader(), patience(), ownMemory);
    expect(await failureOf(other)).toBe(failureOfTls('ERR_TLS_CERT_ALTNAME_INVALID'));
    setDefaultCACertificates(authorities);
    await named.dispatcher.close();
  });

  test('fails for an untrusted certificate', async () => {
    const { port } = await listen(createSecureServer({ key: KEY, cert: CERTIFICATE }));
    expect(await failureOf(open(`wss://127.0.0.1:${port}/`))).toBe(failureOfTls('DEPTH_ZERO_SELF_SIGNED_CERT'));
  });

  const failureOfTls = (reason: string): string => {
    const cause = Object.assign(new Error(reason), { code: reason });
    const failure = toServerFailed('Scripted', { kind: 'unreachable', isAnswered: false, reason, cause }, 0);
    expect(failure.message).toContain(reason);
    return toldOf(failure);
  };

  test('fails for an address that the egress policy refuses', async () => {
    const strict = createEgress({ allow: [], own: () => [] });
    const server = await serve(() => undefined);
    expect(await failureOf(openWebSocket(strict, targetOf(server.url), newReader(), patience(), ownMemory))).toBe(
      "unreachable: The MCP server 'Scripted' cannot be reached. Connections to 127.0.0.1 are refused: " +
        'its address is loopback. The operator can list it in GATEHOUSE_EGRESS_ALLOW.',
    );
    await strict.dispatcher.close();
  });

  test('fails for a closed port and for an unknown name', async () => {
    const server = await serve(() => undefined);
    await server.stop();
    servers.pop();
    expect(await failureOf(open(server.url))).toBe(
      "unreachable: The MCP server 'Scripted' cannot be reached (ECONNREFUSED).",
    );
    const resolve = async () => {
      throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    };
    const nameless = createEgress({ allow: ['127.0.0.1'], own: () => [], resolve });
    expect(
      await failureOf(openWebSocket(nameless, targetOf('ws://no.test/'), newReader(), patience(), ownMemory)),
    ).toBe("unreachable: The MCP server 'Scripted' cannot be reached (ENOTFOUND).");
    await nameless.dispatcher.close();
  });
});

describe('opening fails', () => {
  const refused = (status: number) =>
    `refused: The MCP server 'Scripted' refused the credentials that it is sent (HTTP ${status}). ` +
    'Whoever owns it must look after its headers.';
  const unavailable = (status: number) =>
    `unavailable: The MCP server 'Scripted' says that it cannot answer now (HTTP ${status}).`;
  test.each([
    [200, `${NOT_SPOKEN}it answered with HTTP 200.`],
    [301, `${NOT_SPOKEN}it answered with HTTP 301.`],
    [400, `${NOT_SPOKEN}it answered with HTTP 400.`],
    [401, refused(401)],
    [403, refused(403)],
    [404, `${NOT_SPOKEN}it answered with HTTP 404.`],
    [426, `${NOT_SPOKEN}it answered with HTTP 426.`],
    [429, unavailable(429)],
    [500, unavailable(500)],
    [503, unavailable(503)],
  ])('for HTTP %d', async (status, expected) => {
    let asked = 0;
    const server = await serveHttp((_request, response) => {
      asked += 1;
      response.writeHead(status, { location: '/elsewhere', 'content-type': 'text/html' }).write(SAID);
    });
    expect(await failureOf(open(server.url))).toBe(expected);
    await vi.waitFor(() => expect(server.open()).toBe(0));
    expect(asked).toBe(1);
  });

  const notChosen = `${NOT_SPOKEN}it did not choose the subprotocol mcp.`;
  test.each([
    ['chooses no subprotocol', () => false],
    ['chooses another subprotocol', () => SAID],
  ])('for a server that %s', async (_, handleProtocols) => {
    const server = await serve(() => undefined, { handleProtocols });
    expect(await failureOf(open(server.url))).toBe(notChosen);
    await vi.waitFor(() => expect(server.open()).toBe(0));
  });

  const upgrade = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Sec-WebSocket-Protocol: mcp'];
  test.each([
    ['a handshake with another key', [...upgrade, 'Upgrade: websocket', `Sec-WebSocket-Accept: ${SAID}`]],
    ['another protocol', [...upgrade, 'Upgrade: h2c']],
  ])('for a server that answers with %s', async (_, lines) => {
    const server = await serveUpgrade((socket) => socket.write(`${lines.join('\r\n')}\r\n\r\n`));
    expect(await failureOf(open(server.url))).toBe(`${NOT_SPOKEN}its answer is not the one of a WebSocket.`);
    await vi.waitFor(() => expect(server.open()).toBe(0));
  });

  test('for a server that breaks off, or speaks another protocol', async () => {
    const silent = await listen(createTcpServer((socket) => void socket.once('data', () => socket.resetAndDestroy())));
    expect(await failureOf(open(silent.url))).toBe(BROKEN('broke off (ECONNRESET)'));
    const other = await listen(
      createTcpServer((socket) => void socket.on('error', () => undefined).write(`${SAID}\n`)),
    );
    expect(await failureOf(open(other.url))).toBe(BROKEN('broke off (HPE_INVALID_CONSTANT)'));
  });
});

describe('the signal of the opening', () => {
  test('ends the opening, connected or not', async () => {
    const resolving = Promise.withResolvers<void>();
    const resolve = async () => {
      await resolving.promise;
      return [{ address: '127.0.0.1', family: 4 }];
    };
    const slow = createEgress({ allow: ['127.0.0.1'], own: () => [], resolve });
    const asked = Promise.withResolvers<void>();
    const server = await serveUpgrade(() => asked.resolve());
    const leaving = new AbortController();
    const ofName = server.url.replace('127.0.0.1', 'slow.test');
    const openings = [
      open(server.url, {}, leaving.signal),
      openWebSocket(slow, targetOf(ofName), newReader(), leaving.signal, ownMemory),
    ];
    await asked.promise;
    leaving.abort(new Error('gone'));
    await Promise.all(openings.map((opening) => expect(opening).rejects.toThrow('gone')));
    resolving.resolve();
    await delay(100);
    await vi.waitFor(() => expect(server.open()).toBe(0));
    await expect(open(server.url, {}, leaving.signal)).rejects.toThrow('gone');
    await slow.dispatcher.close();
  });

  test('does not affect an open pipe', async () => {
    const { url } = await serve((websocket) => websocket.on('message', (data) => websocket.send(`${data}`)));
    const leaving = new AbortController();
    const { pipe, heard } = await open(url, {}, leaving.signal);
    leaving.abort();
    await pipe.send('"again"');
    expect(await heard.next()).toBe('again');
  });
});

describe('messages', () => {
  test('go in both directions as text, and none is read before the pipe is open', async () => {
    const { url } = await serve((websocket) => {
      websocket.send('"at once"');
      websocket.on('message', (data, isBinary) => websocket.send(JSON.stringify([isBinary, String(data)])));
    });
    const { pipe, heard } = await open(url);
    expect(heard.messages).toEqual([]);
    expect(await heard.next()).toBe('at once');
    await pipe.send('zażółć 💥');
    await pipe.send('x'.repeat(1024 * 1024));
    expect(await heard.next()).toEqual([false, 'zażółć 💥']);
    expect((await heard.next())[1]).toHaveLength(1024 * 1024);
  });

  test('are not read after the end', async () => {
    const { url } = await serve((websocket) => {
      websocket.send('1');
      websocket.send('2');
    });
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
    const pipe = await openWebSocket(egress, targetOf(url), reader, patience(), ownMemory);
    await closed.promise;
    expect([heard.messages, heard.endings]).toEqual([['1'], []]);
  });

  test.each<[string, (websocket: WebSocket) => void, number, string]>([
    ['a binary frame', (websocket) => websocket.send(Buffer.from(SAID)), 1003, 'it sent a frame that is not text.'],
    [
      'a message that is too long',
      (websocket) => websocket.send('x'.repeat(LONGEST_MESSAGE + 1)),
      1009,
      `a message is longer than ${LONGEST_MESSAGE} bytes.`,
    ],
    [
      'a frame that is none',
      (websocket) => (websocket as unknown as { _socket: Socket })._socket.write(Buffer.of(0x83, 0)),
      1002,
      'its frames cannot be read (WS_ERR_INVALID_OPCODE).',
    ],
    [
      'text that is no UTF-8',
      (websocket) => (websocket as unknown as { _socket: Socket })._socket.write(Buffer.of(0x81, 1, 0xff)),
      1007,
      'its frames cannot be read (WS_ERR_INVALID_UTF8).',
    ],
  ])('end with %s', async (_, send, status, what) => {
    const closed = Promise.withResolvers<number>();
    const server = await serve((websocket) => {
      websocket.on('close', closed.resolve);
      send(websocket);
      websocket.send('1');
    });
    const { pipe, heard } = await open(server.url);
    expect(toldOf(await heard.end())).toBe(NOT_SPOKEN + what);
    expect(await failureOf(pipe.send('{}'))).toBe(ENDED);
    expect(await closed.promise).toBe(status);
    await vi.waitFor(() => expect(server.open()).toBe(0));
    await pipe.close();
    expect([heard.messages, heard.endings.length]).toEqual([[], 1]);
  });

  test('half a message before the end is dropped', async () => {
    const { url } = await serve((websocket) => {
      websocket.send('"half', { fin: false }, () => websocket.terminate());
    });
    const { heard } = await open(url);
    expect(toldOf(await heard.end())).toBe(BROKEN('ended the connection (WebSocket status 1006)'));
    expect(heard.messages).toEqual([]);
  });

  test('that can no longer be sent fail', async () => {
    const began = Promise.withResolvers<WebSocket>();
    const server = await serve(began.resolve);
    const { pipe } = await open(server.url);
    (await began.promise).pause();
    // More than the buffers of the machine hold.
    const sending = failureOf(pipe.send('x'.repeat(64 * 1024 * 1024)));
    await delay(100);
    server.drop();
    expect(await sending).toMatch(/^broken: The MCP server 'Scripted' broke off \(\w+\); what it was asked may have/);
  });
});

describe('the end', () => {
  test('of the server is reported with its status', async () => {
    const server = await serve((websocket) => websocket.close(1011, SAID));
    const { heard } = await open(server.url);
    expect(toldOf(await heard.end())).toBe(BROKEN('ended the connection (WebSocket status 1011)'));
    await vi.waitFor(() => expect(server.open()).toBe(0));
  });

  test('is sent to the server', async () => {
    const closed = Promise.withResolvers<number>();
    const { url } = await serve((websocket) => websocket.on('close', closed.resolve));
    const { pipe } = await open(url);
    await pipe.close();
    expect(await closed.promise).toBe(1000);
  });

  test('comes even if the server does not confirm it', async () => {
    const server = await serve((websocket) => websocket.pause());
    const { pipe, heard } = await open(server.url);
    await pipe.close();
    expect(heard.endings).toEqual([]);
  });

  test('comes if the server answers no ping', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    let pings = 0;
    const server = await serve((websocket) => websocket.on('ping', () => pings++), { autoPong: false });
    const { heard } = await open(server.url);
    vi.advanceTimersByTime(30_000);
    await vi.waitFor(() => expect(pings).toBe(1));
    expect(heard.endings).toEqual([]);
    vi.advanceTimersByTime(30_000);
    expect(toldOf(await heard.end())).toBe(BROKEN('was not heard for 60 s, and answers no ping'));
    await vi.waitFor(() => expect(server.open()).toBe(0));
    expect(heard.endings).toHaveLength(1);
  });

  test('does not come while the server answers or sends', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    let pings = 0;
    const began = Promise.withResolvers<WebSocket>();
    const { url } = await serve((websocket) => began.resolve(websocket.on('ping', () => pings++)));
    const { heard } = await open(url);
    const websocket = await began.promise;
    for (let count = 1; count <= 3; count++) {
      vi.advanceTimersByTime(30_000);
      await vi.waitFor(() => expect(pings).toBe(count));
      // The answer to it has come when what is sent behind it has.
      websocket.send('1');
      await heard.next();
      vi.advanceTimersByTime(30_000);
    }
    expect([pings, heard.endings]).toEqual([3, []]);
  });
});
