import { brotliCompressSync, constants, createGzip, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { eventOf, raw, type Step } from '../support/scripted.ts';
import { type Connected, startConnected } from './support/connected.ts';

let connected: Connected;
afterEach(() => connected.stop());

const NOTE = { jsonrpc: '2.0', method: 'notifications/message', params: { data: 'x' } };
const answerOf = (id: unknown, text = '') => ({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text }] } });
const ask = async (step: Step) => {
  connected = await startConnected('handshake', { 'tools/call': step });
  return connected.ask({ id: 1 });
};

const CODERS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: gzipSync,
  'X-GZIP': gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
  'gzip, br': (bytes) => brotliCompressSync(gzipSync(bytes)),
  identity: (bytes) => bytes,
};
const SIZES = { small: 10, 'of 100 KB': 100_000 };

describe.each(Object.keys(CODERS))('an answer in the coding %s', (coding) => {
  const encode = CODERS[coding] as (bytes: Buffer) => Buffer;

  test.each(Object.entries(SIZES))('is read when it is JSON (%s)', async (_, length) => {
    const text = Array.from({ length: length / 10 }, (_, at) => String(at).padStart(10)).join('');
    const step: Step = (response, { message }) => {
      const body = encode(Buffer.from(JSON.stringify(answerOf(message.id, text))));
      const headers = { 'Content-Type': 'application/json', 'Content-Encoding': coding, 'Content-Length': body.length };
      response.writeHead(200, headers).end(body);
    };
    expect(await ask(step)).toEqual([answerOf(1, text)]);
  });

  test('is read when it is a stream of events', async () => {
    const step: Step = (response, { message }) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Content-Encoding': coding });
      response.end(encode(Buffer.from(eventOf(NOTE) + eventOf(answerOf(message.id)))));
    };
    expect(await ask(step)).toEqual([NOTE, answerOf(1)]);
  });
});

test('events arrive before a compressed stream ends', async () => {
  const step: Step = (response, { message }) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Content-Encoding': 'gzip' });
    const packed = createGzip({ flush: constants.Z_SYNC_FLUSH });
    packed.pipe(response);
    packed.write(eventOf(answerOf(message.id)));
  };
  expect(await ask(step)).toEqual([answerOf(1)]);
});

test.each<[string, string, Buffer, RegExp]>([
  ['an unknown coding', 'compress', Buffer.from('{}'), /content coding that is unknown/],
  ['too many codings', 'gzip, gzip, gzip, gzip', Buffer.from('{}'), /content coding that is unknown/],
  ['the name of a member of every object', 'constructor', Buffer.from('{}'), /content coding that is unknown/],
  ['data of another coding', 'gzip', Buffer.from('{"jsonrpc":"2.0"}'), /does not match its Content-Encoding/],
  [
    'half the data',
    'br',
    brotliCompressSync(Buffer.alloc(9999, 'x')).subarray(0, 9),
    /does not match|ended its answer/,
  ],
  ['data that unpacks to far more', 'gzip', gzipSync(Buffer.alloc(8_000_000, ' ')), /unpacks to more than 100 times/],
])('%s is a failure that says so', async (_, coding, body, message) => {
  const step: Step = (response) =>
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Encoding': coding }).end(body);
  await expect(ask(step)).rejects.toThrow(message);
  await expect(connected.ask()).rejects.toThrow(message);
});

describe('a redirect', () => {
  const redirect = (status: number, location: string): Step => raw(status, 'text/plain', '', { Location: location });
  /** Answers at `/moved` only. */
  const movedBy = (status: number, location: string): Step => {
    const moved = redirect(status, location);
    return (response, got) =>
      response.req.url === '/moved'
        ? raw(200, 'application/json', JSON.stringify(answerOf(got.message.id)))(response, got)
        : moved(response, got);
  };

  test.each([307, 308])('within the origin is followed with the same message (HTTP %i)', async (status) => {
    expect(await ask(movedBy(status, '/moved'))).toEqual([answerOf(1)]);
    const [first, second] = connected.server.got('tools/call');
    expect(second?.message).toEqual(first?.message);
    expect(second?.headers['mcp-session-id']).toBe(first?.headers['mcp-session-id']);
  });

  test.each([
    ['to another origin', 307, 'http://localhost:9/moved', /another origin \(HTTP 307\); register the URL/],
    ['to another scheme', 308, 'blob:http://127.0.0.1/moved', /another origin \(HTTP 308\)/],
    ['to no URL', 308, 'http://', /another origin \(HTTP 308\)/],
    ['that makes a GET of a POST', 302, '/moved', /turns a POST into a GET \(HTTP 302\); register the URL/],
    ['without end', 307, '/mcp', /redirects more than 5 times/],
  ])('%s is a failure that says what to do', async (_, status, location, message) => {
    await expect(ask(redirect(status, location))).rejects.toThrow(message);
  });
});

test.each<[string, Step]>([
  [
    'JSON',
    (response, got) => raw(200, 'application/json', `\ufeff${JSON.stringify(answerOf(got.message.id))}`)(response, got),
  ],
  [
    'a stream of events',
    (response, { message }) =>
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).end(`\ufeff${eventOf(answerOf(message.id))}`),
  ],
])('%s that begins with a byte order mark is read', async (_, step) => {
  expect(await ask(step)).toEqual([answerOf(1)]);
});
