import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { NotSent } from '../../src/base/not-sent.ts';
import { createEgress, createOperatorEgresses, createOrganizationEgresses } from '../../src/egress/egress.ts';
import { discard, type HttpFailure } from '../../src/egress/http-answer.ts';
import { type HttpRequest, sendHttp } from '../../src/egress/send-http.ts';
import { turnsDuring } from '../support/event-loop.ts';
import { startHttp } from './support/listeners.ts';

let asked = 0;
const routes: Record<string, RequestListener> = {
  '/': (_incoming, response) => {
    asked += 1;
    response.end();
  },
  '/silent': () => undefined,
  '/half': (_incoming, response) => response.writeHead(200).write('half'),
  '/slow': (_incoming, response) => {
    response.writeHead(200).write('one ');
    setTimeout(() => response.write('two '), 800);
    setTimeout(() => response.end('three'), 1600);
  },
  '/large': (_incoming, response) => response.end('x'.repeat(LARGE)),
};
/** More than a connection holds while nobody reads. */
const LARGE = 64 * 1024 * 1024;
const served = await startHttp('127.0.0.1', (incoming, response) => routes[incoming.url ?? '']?.(incoming, response));
afterAll(() => {
  served.closeConnections();
  return served.close();
});

/** Adds no listener for the failure, as `once` of node:events would. */
const closed = (body: Readable) => new Promise<void>((resolve) => body.once('close', () => resolve()));

/** Servers that send the same at once. */
const MANY = 60;

const aRequest = (signal: AbortSignal, changes: Partial<HttpRequest> = {}): HttpRequest => ({
  origin: `http://slow.test:${served.port}`,
  path: '/',
  method: 'POST',
  headers: {},
  body: null,
  signal,
  idleTimeoutMs: 0,
  ...changes,
});

test('an abort during the connection rejects at once, and sends nothing', async () => {
  const resolving = Promise.withResolvers<void>();
  const resolve = async () => {
    await resolving.promise;
    return [{ address: '127.0.0.1', family: 4 }];
  };
  const egress = createEgress({ allow: ['127.0.0.1'], own: () => [], resolve });
  const before = asked;
  const leaving = new AbortController();
  const left = sendHttp(egress, aRequest(leaving.signal), ({ cause }) => cause);
  leaving.abort(new Error('gone'));
  await expect(left).rejects.toThrow('gone');
  resolving.resolve();
  const { status } = await sendHttp(egress, aRequest(new AbortController().signal), ({ cause }) => cause);
  expect([status, asked]).toEqual([200, before + 1]);
  await egress.dispatcher.destroy();
});

test('a request that may no longer be sent is not sent', async () => {
  const resolving = Promise.withResolvers<void>();
  const resolve = async () => {
    await resolving.promise;
    return [{ address: '127.0.0.1', family: 4 }];
  };
  const egress = createEgress({ allow: ['127.0.0.1'], own: () => [], resolve });
  const before = asked;
  let may = true;
  const send = () =>
    sendHttp(egress, aRequest(new AbortController().signal, { mayBeSent: () => may }), ({ cause }) => cause);
  const waiting = send();
  may = false;
  resolving.resolve();
  await expect(waiting).rejects.toThrow(NotSent);
  await expect(send()).rejects.toThrow(NotSent);
  expect(asked).toBe(before);
  may = true;
  expect((await send()).status).toBe(200);
  await egress.dispatcher.destroy();
});

test('an aborted signal sends nothing', async () => {
  const egress = createEgress({ allow: ['127.0.0.1'], own: () => [] });
  const before = asked;
  const failed = sendHttp(egress, aRequest(AbortSignal.abort(new Error('gone'))), ({ cause }) => cause);
  await expect(failed).rejects.toThrow('gone');
  expect(asked).toBe(before);
  await egress.dispatcher.close();
});

describe('the idle timeout', () => {
  const egress = createEgress({ allow: ['127.0.0.1'], own: () => [] });
  afterAll(() => egress.dispatcher.destroy());
  const told: HttpFailure[] = [];
  const ask = (path: string, idleTimeoutMs: number) => {
    const origin = served.url;
    const request = aRequest(new AbortController().signal, { origin, path, idleTimeoutMs });
    return sendHttp(egress, request, (failure) => {
      told.push(failure);
      return new Error(failure.kind);
    });
  };

  test('applies before the answer', async () => {
    await expect(ask('/silent', 1000)).rejects.toThrow('late');
    expect(told.pop()?.isAnswered).toBe(false);
  });

  test('applies in the middle of the answer', async () => {
    const { body } = await ask('/half', 1000);
    await expect(text(body as Readable)).rejects.toThrow('late');
    expect(told.pop()?.isAnswered).toBe(true);
  });

  test('starts again with every byte, and stops while the reader is slow', async () => {
    const [slow, large] = await Promise.all([ask('/slow', 1000), ask('/large', 1000)]);
    const body = large.body as Readable;
    await once(body, 'readable');
    const begun: Buffer = body.read(1);
    await expect(text(slow.body as Readable)).resolves.toBe('one two three');
    await delay(500);
    await expect(text(body)).resolves.toHaveLength(LARGE - begun.length);
  });

  test('ends the connection of an answer that is never read', async () => {
    const { body } = await ask('/large', 1000);
    await closed(body as Readable);
    await expect(text(body as Readable)).rejects.toThrow('late');
  });

  test('of 0 never applies', async () => {
    const { body } = await ask('/slow', 0);
    await expect(text(body as Readable)).resolves.toBe('one two three');
  });
});

describe('an answer over a bare socket', () => {
  const egress = createEgress({ allow: ['127.0.0.1'], own: () => [] });
  let answerWith: (socket: Socket) => void = () => undefined;
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => undefined);
    socket.on('data', () => answerWith(socket));
  }).listen(0, '127.0.0.1');
  afterAll(async () => {
    await egress.dispatcher.destroy();
    server.close();
  });
  const failures: HttpFailure[] = [];
  const ask = () => {
    const { port } = server.address() as AddressInfo;
    const request = aRequest(new AbortController().signal, { origin: `http://127.0.0.1:${port}`, idleTimeoutMs: 5000 });
    return sendHttp(egress, request, (failure) => {
      failures.push(failure);
      return failure.cause;
    });
  };
  const head = (...headers: string[]) => `HTTP/1.1 200 OK\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n`;
  const chunked = (...headers: string[]) => `${head('Transfer-Encoding: chunked', ...headers)}5\r\nhello\r\n`;

  test.each([[[]], [['Content-Type: text/plain', 'Content-Type: text/plain']]])(
    'with a broken body that is not read throws nothing: headers %j',
    async (headers) => {
      const uncaught: unknown[] = [];
      const note = (error: unknown) => uncaught.push(error);
      process.on('uncaughtException', note);
      answerWith = (socket) => {
        socket.write(chunked(...headers));
        setTimeout(() => socket.resetAndDestroy(), 50);
      };
      const answer = await ask();
      await closed(answer.body as Readable);
      process.off('uncaughtException', note);
      expect(uncaught).toEqual([]);
      // The failure is still the reader's, also of one who comes late.
      await expect(text(answer.body as Readable)).rejects.toThrow();
    },
  );

  test.each(['Content-Type', 'Location', 'Mcp-Session-Id'])(
    'with two different %s headers is a failure, and its connection ends',
    async (name) => {
      answerWith = (socket) => socket.write(chunked(`${name}: text/a`, `${name}: text/b`));
      await expect(ask()).rejects.toThrow('differ');
      expect(failures.at(-1)).toMatchObject({ kind: 'contradicting', reason: name.toLowerCase(), isAnswered: false });
      await expect.poll(() => open.size).toBe(0);
    },
  );

  test('after more than 1,000 interim answers is a failure', async () => {
    answerWith = (socket) => socket.write(`${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(1000)}${chunked()}0\r\n\r\n`);
    await expect(text((await ask()).body as Readable)).resolves.toBe('hello');
    answerWith = (socket) => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(1001));
    await expect(ask()).rejects.toThrow('interim');
    await expect.poll(() => open.size).toBe(0);
  });

  test('that is discarded ends its connection, and a complete one leaves it open', async () => {
    answerWith = (socket) => socket.write(chunked());
    discard(await ask());
    await expect.poll(() => open.size).toBe(0);
    answerWith = (socket) => socket.write(`${chunked()}0\r\n\r\n`);
    const whole = await ask();
    await expect(text(whole.body as Readable)).resolves.toBe('hello');
    discard(whole);
    await delay(50);
    expect(open.size).toBe(1);
  });
});

describe.each([
  ['lines of a head', 'HTTP/1.1 200 OK\r\n', 'x: y\r\n'],
  ['extensions of a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1', ';x=y'],
  ['trailers', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n', 'x: y\r\n'],
])('an endless answer of %s', (_name, head, piece) => {
  test('of many servers takes turns with the others', async () => {
    const flood = Buffer.from(head + piece.repeat((64 * 1024) / piece.length));
    const server = createServer((socket) => {
      socket.on('error', () => undefined).once('data', () => socket.end(flood));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const egress = createEgress({ allow: ['127.0.0.1'], own: () => [] });
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const ask = async () => {
      const request = aRequest(new AbortController().signal, { origin });
      const { body } = await sendHttp(egress, request, ({ cause }) => cause);
      await text(body as Readable);
    };
    const { turns, result } = await turnsDuring(() => Promise.allSettled(Array.from({ length: MANY }, ask)));
    expect(result.filter(({ status }) => status === 'rejected')).toHaveLength(MANY);
    expect(turns).toBeGreaterThan(MANY);
    server.close();
    await egress.dispatcher.close();
  });
});

const RESOLVING = { dnsTimeoutMs: 100, dnsCacheMs: 100, dnsFailureCacheMs: 100 };

test('closing the outbound access ends pending requests', async () => {
  const ways = createOrganizationEgresses({ allow: ['127.0.0.1'], own: () => [] }, RESOLVING);
  const request = aRequest(new AbortController().signal, {
    origin: `http://127.0.0.1:${served.port}`,
    path: '/silent',
  });
  const failed = expect(sendHttp(ways.of('acme'), request, ({ cause }) => cause)).rejects.toThrow('destroyed');
  await delay(100);
  await ways.close();
  await failed;
});

test.each([
  ['organizations', () => createOrganizationEgresses({ allow: ['127.0.0.1'], own: () => [] }, RESOLVING)],
  ['organizations that use what the operator configures', createOperatorEgresses],
])('%s share no connection', async (_name, create) => {
  const ports: (number | undefined)[] = [];
  const server = createHttpServer((request, response) => {
    ports.push(request.socket.remotePort);
    response.end('hello');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ways = create();
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const owner of ['acme', 'acme', 'other', 'acme']) {
    const request = aRequest(new AbortController().signal, { origin });
    const { body } = await sendHttp(ways.of(owner), request, ({ cause }) => cause);
    await text(body as Readable);
    await delay(20);
  }
  const [acme, again, other, last] = ports;
  expect([again, last]).toEqual([acme, acme]);
  expect(other).not.toBe(acme);
  await ways.close();
  server.close();
});
