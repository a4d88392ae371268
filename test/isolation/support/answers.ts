import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';

/** Where an answer goes, and what it would be if its server were well-behaved. */
export type Place = {
  readonly socket: Socket;
  /** The JSON of the id that was asked with; `null` where the message had none. */
  readonly id: string;
  /** The message that answers, as JSON; empty where none is wanted. */
  readonly good: string;
};

/** One way to answer. `isSlow`: it keeps its asker waiting for as long as that is patient. */
export type Answer = { readonly name: string; readonly isSlow?: boolean; readonly write: (place: Place) => void };

/** Bytes that a flood has at most: more than any limit of the gateway. */
const FLOOD_BYTES = 40 * 1024 * 1024;
const JSON_TYPE = 'Content-Type: application/json';
const EVENTS = 'Content-Type: text/event-stream';
const CHUNKED = 'Transfer-Encoding: chunked';

/** An HTTP head. */
const head = (...headers: string[]): string => headOf('HTTP/1.1 200 OK', ...headers);
const headOf = (status: string, ...headers: string[]): string =>
  `${status}\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n`;
const length = (body: string): string => `Content-Length: ${Buffer.byteLength(body)}`;
const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
/** A whole answer in JSON. */
export const whole = (body: string, ...headers: string[]): string =>
  `${head(JSON_TYPE, length(body), ...headers)}${body}`;
const events = (body: string): string => `${head(EVENTS, CHUNKED)}${chunk(body)}0\r\n\r\n`;

/** Writes until the other side has had enough of it, no faster than it reads. */
export function flood(socket: Socket, next: (count: number) => string): void {
  let bytes = 0;
  let count = 0;
  const write = (): void => {
    while (bytes < FLOOD_BYTES && !socket.destroyed) {
      const text = next(count++);
      bytes += text.length;
      if (!socket.write(text)) {
        socket.once('drain', write);
        return;
      }
    }
    socket.destroy();
  };
  write();
}

const reset = (socket: Socket, afterMs = 20): void => void setTimeout(() => socket.resetAndDestroy(), afterMs);
const says = (name: string, bytes: string | ((place: Place) => string | Buffer), then?: 'reset' | 'end'): Answer => ({
  name,
  write: (place) => {
    const { socket } = place;
    socket.write(typeof bytes === 'string' ? bytes : bytes(place));
    if (then === 'reset') {
      reset(socket);
    } else if (then === 'end') {
      socket.end();
    }
  },
});
const status = (line: string, ...headers: string[]): Answer =>
  says(
    `status ${line || 'empty'}`,
    `HTTP/1.1 ${line}\r\nContent-Length: 2\r\n${headers.map((one) => `${one}\r\n`).join('')}\r\nno`,
  );

/** Malformed and odd answers of HTTP. */
export const HTTP_ANSWERS: readonly Answer[] = [
  { name: 'end before the head', write: ({ socket }) => socket.end() },
  { name: 'reset before the head', write: ({ socket }) => socket.resetAndDestroy() },
  { name: 'silence', isSlow: true, write: () => undefined },
  says('garbage', '\u0000\u0001garbage\r\n\r\n'),
  says('another protocol', 'SSH-2.0-OpenSSH_9.9\r\n'),
  says('an alert of TLS', () => Buffer.from([0x15, 3, 1, 0, 2, 2, 40])),
  says('HTTP/0.9', ({ good }) => good, 'end'),
  says('HTTP/2', 'HTTP/2 200 OK\r\n\r\n'),
  says('HTTP/1.0 until the end', ({ good }) => `HTTP/1.0 200 OK\r\n${JSON_TYPE}\r\n\r\n${good}`, 'end'),
  status(''),
  status('20 OK'),
  status('000 Nothing'),
  status('999 Odd'),
  status('99999999 Long'),
  status('200'),
  status('301 Moved'),
  status('302 Found', 'Location: http://169.254.169.254/latest/meta-data'),
  status('307 Loop', 'Location: ?again'),
  status('308 Elsewhere', 'Location: http://127.0.0.1:9/', 'Location: http://127.0.0.1:10/'),
  status('401 Unauthorized', 'WWW-Authenticate: Bearer', 'WWW-Authenticate: Basic'),
  status('403 Forbidden'),
  status('404 Not Found', 'Content-Type: text/html'),
  status('405 Method Not Allowed'),
  status('406 Not Acceptable'),
  status('421 Misdirected'),
  status('429 Too Many', 'Retry-After: 99999999999999'),
  status('500 Error', 'Content-Type: text/html'),
  status('500 Error', 'Content-Type: application/json'),
  status('503 Unavailable', 'Retry-After: -1', 'Retry-After: never'),
  says('status 204 with a body', 'HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nno'),
  says('status 304', 'HTTP/1.1 304 Not Modified\r\n\r\n'),
  says('status 101', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: evil\r\n\r\nevil'),
  says('1000 × status 102', ({ good }) => 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(1000) + whole(good)),
  {
    name: 'a flood of 1xx',
    write: ({ socket }) => flood(socket, () => 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'.repeat(100)),
  },
  says('half a head', `HTTP/1.1 200 OK\r\n${JSON_TYPE}`, 'end'),
  says('half a head and a reset', 'HTTP/1.1 200 OK\r\nContent-', 'reset'),
  { ...says('half a head and silence', 'HTTP/1.1 200 OK\r\nContent-Ty'), isSlow: true },
  says('a head alone', head(JSON_TYPE, 'Content-Length: 100'), 'end'),
  { ...says('a head alone and silence', head(JSON_TYPE, 'Content-Length: 100')), isSlow: true },
  says('less than promised', ({ good }) => `${head(JSON_TYPE, 'Content-Length: 100000')}${good}`, 'end'),
  says('more than promised', ({ good }) => `${head(JSON_TYPE, 'Content-Length: 3')}${good}`),
  says('two lengths alike', ({ good }) => `${head(JSON_TYPE, length(good), length(good))}${good}`),
  says('two lengths that differ', ({ good }) => `${head(JSON_TYPE, length(good), 'Content-Length: 5')}${good}`),
  says('a negative length', head(JSON_TYPE, 'Content-Length: -1')),
  says('a length of letters', head(JSON_TYPE, 'Content-Length: abc')),
  says('a length beyond 2^64', head(JSON_TYPE, 'Content-Length: 99999999999999999999'), 'end'),
  says('a length of 2^52', head(JSON_TYPE, 'Content-Length: 4503599627370496'), 'reset'),
  says('length and chunks', ({ good }) => `${head(JSON_TYPE, length(good), CHUNKED)}${chunk(good)}0\r\n\r\n`),
  says('chunks twice', ({ good }) => `${head(JSON_TYPE, CHUNKED, CHUNKED)}${chunk(good)}0\r\n\r\n`),
  says('gzip as transfer coding', ({ good }) => `${head(JSON_TYPE, 'Transfer-Encoding: gzip')}${good}`, 'end'),
  says('two types alike', ({ good }) => `${head(JSON_TYPE, JSON_TYPE, length(good))}${good}`),
  says('two types alike, chunks, a reset', `${head(JSON_TYPE, JSON_TYPE, CHUNKED)}5\r\nhello\r\n`, 'reset'),
  says('two types that differ, chunks, a reset', `${head(JSON_TYPE, EVENTS, CHUNKED)}5\r\nhello\r\n`, 'reset'),
  says('two types that differ', ({ good }) => `${head(JSON_TYPE, 'Content-Type: text/html', length(good))}${good}`),
  says('two sessions', ({ good }) => whole(good, 'Mcp-Session-Id: one', 'Mcp-Session-Id: two')),
  says('a session of 16 KB', ({ good }) => whole(good, `Mcp-Session-Id: ${'s'.repeat(16_000)}`)),
  says('a session of odd bytes', ({ good }) => Buffer.from(whole(good, 'Mcp-Session-Id: \u00ff\u0080'), 'latin1')),
  says('an empty session', ({ good }) => whole(good, 'Mcp-Session-Id: ')),
  says('a chunk size of letters', `${head(JSON_TYPE, CHUNKED)}zz\r\nhello\r\n`),
  says('a chunk size beyond 2^64', `${head(JSON_TYPE, CHUNKED)}FFFFFFFFFFFFFFFFF\r\nhello\r\n`),
  says('a chunk that is longer than its size', `${head(JSON_TYPE, CHUNKED)}2\r\nhello\r\n0\r\n\r\n`),
  says('a chunk and an end', `${head(JSON_TYPE, CHUNKED)}5\r\nhello\r\n`, 'end'),
  says('a chunk and a reset', `${head(JSON_TYPE, CHUNKED)}5\r\nhello\r\n`, 'reset'),
  says('events and a reset', `${head(EVENTS, CHUNKED)}${chunk(': hello\n\n')}`, 'reset'),
  says('events and an end', `${head(EVENTS, CHUNKED)}${chunk(': hello\n\n')}`, 'end'),
  { ...says('events and silence', `${head(EVENTS, CHUNKED)}${chunk(': hello\n\n')}`), isSlow: true },
  says('text and a reset', `${head('Content-Type: text/plain', CHUNKED)}5\r\nhello\r\n`, 'reset'),
  { ...says('text and silence', `${head('Content-Type: text/plain', CHUNKED)}5\r\nhello\r\n`), isSlow: true },
  says('extensions of chunks', ({ good }) => {
    const extension = `;${'x'.repeat(20_000)}\r\n`;
    return `${head(JSON_TYPE, CHUNKED)}${chunk(good).replace('\r\n', extension)}0${extension}\r\n`;
  }),
  says(
    'trailers',
    ({ good }) => `${head(JSON_TYPE, CHUNKED, 'Trailer: Content-Type')}${chunk(good)}0\r\nContent-Type: evil\r\n\r\n`,
  ),
  {
    name: 'a drip of bytes',
    isSlow: true,
    write: ({ socket, good }) => {
      const bytes = Buffer.from(whole(good));
      let at = 0;
      const timer = setInterval(() => socket.write(bytes.subarray(at, ++at)) || undefined, 50);
      socket.once('close', () => clearInterval(timer));
    },
  },
  says('a head of 1 MB', ({ good }) => whole(good, `X-Large: ${'x'.repeat(1024 * 1024)}`)),
  says('10,000 headers', ({ good }) => whole(good, ...Array.from({ length: 10_000 }, (_, at) => `X-${at}: y`))),
  {
    name: 'a flood of headers',
    write: ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      flood(socket, (at) => `X-${at}: y\r\n`);
    },
  },
  says('a header with NUL', ({ good }) => whole(good, 'X-Nul: a\u0000b')),
  says('a header without a colon', ({ good }) => whole(good, 'no colon here')),
  says('a header with a space before its colon', ({ good }) => whole(good, 'Content-Type : text/evil')),
  says('a folded header', ({ good }) => whole(good, 'X-Folded: a\r\n b')),
  says('bare line feeds', ({ good }) => whole(good).replaceAll('\r\n', '\n')),
  says('odd names of headers', ({ good }) =>
    whole(good, '__proto__: x', '__proto__: y', 'constructor: z', 'hasOwnProperty: 1'),
  ),
  says('gzip that is none', ({ good }) => whole(good, 'Content-Encoding: gzip')),
  says('gzip that was not asked for', ({ good }) => {
    const bytes = gzipSync(good);
    return Buffer.concat([
      Buffer.from(head(JSON_TYPE, 'Content-Encoding: gzip', `Content-Length: ${bytes.length}`)),
      bytes,
    ]);
  }),
  says('a bomb of gzip', () => {
    const bytes = gzipSync(Buffer.alloc(20 * 1024 * 1024));
    return Buffer.concat([
      Buffer.from(head(JSON_TYPE, 'Content-Encoding: gzip', `Content-Length: ${bytes.length}`)),
      bytes,
    ]);
  }),
  says('an unknown coding', ({ good }) => whole(good, 'Content-Encoding: evil')),
  says('garbage after the answer', ({ good }) => `${whole(good)}garbage garbage`),
  says('two answers', ({ good }) => whole(good) + whole(good)),
  {
    name: 'garbage later on',
    write: ({ socket, good }) => {
      socket.write(whole(good));
      setTimeout(() => socket.write('garbage\r\n\r\n'), 30);
    },
  },
  {
    name: 'a reset later on',
    write: ({ socket, good }) => {
      socket.write(whole(good));
      reset(socket, 30);
    },
  },
  says('Connection: close and nothing', ({ good }) => whole(good, 'Connection: close'), 'end'),
  says('Keep-Alive of no time', ({ good }) => whole(good, 'Connection: keep-alive', 'Keep-Alive: timeout=0, max=0')),
  says('half-closed', ({ good }) => whole(good), 'end'),
  says('no type', ({ good }) => `${head(length(good))}${good}`),
  says('an odd type', ({ good }) => `${head('Content-Type: ;;;', length(good))}${good}`),
  says('JSON called events', ({ good }) => `${head(EVENTS, length(good))}${good}`),
  says('events called JSON', ({ good }) => whole(`event: message\ndata: ${good}\n\n`)),
  says('HTML', `${head('Content-Type: text/html', 'Content-Length: 13')}<h1>Hi</h1>\r\n`),
  says('nothing at all', whole('')),
  {
    name: 'a flood of JSON',
    write: ({ socket }) => {
      socket.write(`${head(JSON_TYPE, CHUNKED)}${chunk('{"x":"')}`);
      flood(socket, () => chunk('x'.repeat(65_536)));
    },
  },
  {
    name: 'a flood of text',
    write: ({ socket }) => {
      socket.write(head('Content-Type: text/plain', CHUNKED));
      flood(socket, () => chunk('x'.repeat(65_536)));
    },
  },
  {
    name: 'one event without end',
    write: ({ socket }) => {
      socket.write(`${head(EVENTS, CHUNKED)}${chunk('data: "')}`);
      flood(socket, () => chunk('x'.repeat(65_536)));
    },
  },
  {
    name: 'a flood of empty events',
    write: ({ socket }) => {
      socket.write(head(EVENTS, CHUNKED));
      flood(socket, () => chunk('data:\n\n: x\n\n'.repeat(4000)));
    },
  },
  {
    name: 'a flood of notifications',
    write: ({ socket }) => {
      socket.write(head(EVENTS, CHUNKED));
      const told = 'data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n';
      flood(socket, () => chunk(told.repeat(500)));
    },
  },
  says('events of invalid UTF-8', ({ good }) =>
    Buffer.from(events(`data: \u00ff\u00fe\n\ndata: ${good}\n\n`), 'latin1'),
  ),
  says('events with carriage returns only', ({ good }) => events(`\ufeffid: 1\rdata: ${good}\r\r`)),
  says('events that end before the answer', events('data:\n\n')),
  says('events with unknown fields', ({ good }) =>
    events(`retry: -1\nid: \u0000\nevil: x\nevent: evil\ndata: ${good}\n\n`),
  ),
];

const deep = (open: string, close: string, levels: number): string => open.repeat(levels) + close.repeat(levels);
const response =
  (members: string): ((place: Pick<Place, 'id'>) => string) =>
  ({ id }) =>
    `{"jsonrpc":"2.0","id":${id},${members}}`;
const tools = (list: string) => response(`"result":{"tools":${list},"content":[],"protocolVersion":"2025-11-25"}`);
const tool = (members: string): string => `{"name":"t","inputSchema":{"type":"object"}${members}}`;

/** Messages as text, well framed: odd JSON, and what is no message of JSON-RPC. */
export const MESSAGES: Readonly<Record<string, (place: Pick<Place, 'id' | 'good'>) => string>> = {
  'no JSON': () => 'hello',
  'half of it': ({ good }) => good.slice(0, Math.max(1, good.length / 2)),
  null: () => 'null',
  true: () => 'true',
  'a number': () => '1e999999',
  'a text': () => '"hello"',
  'an empty object': () => '{}',
  'an empty list': () => '[]',
  'a list of nulls': () => '[null,null]',
  'a list of the answer': ({ good }) => `[${good}]`,
  'a list of the answer twice': ({ good }) => `[${good},${good}]`,
  'a list of a list': ({ good }) => `[[${good}]]`,
  'a list of 10,000 objects': () => `[${Array(10_000).fill('{}').join()}]`,
  'a byte order mark': ({ good }) => `\ufeff${good}`,
  'NUL inside': ({ good }) => `${good}\u0000`,
  'the wrong id': ({ good, id }) => good.replace(`"id":${id}`, '"id":"other"'),
  'id null': ({ good, id }) => good.replace(`"id":${id}`, '"id":null'),
  'an object as id': ({ good, id }) => good.replace(`"id":${id}`, '"id":{"a":1}'),
  'no version': ({ good }) => good.replace('"jsonrpc":"2.0",', ''),
  'a version that is a list': ({ good }) => good.replace('"2.0"', '[2]'),
  'result null': response('"result":null'),
  'a list as result': response('"result":[]'),
  'a text as result': response('"result":"x"'),
  'a result of odd members': response('"result":{"toString":1,"hasOwnProperty":2,"constructor":3,"then":4,"toJSON":5}'),
  'a result with a prototype': response('"result":{"__proto__":{"tools":[],"isError":false}}'),
  'result and error': response('"result":{},"error":{"code":-1,"message":"x"}'),
  'error null': response('"error":null'),
  'a text as error': response('"error":"x"'),
  'an empty error': response('"error":{}'),
  'an error of odd types': response('"error":{"code":"x","message":5,"data":[]}'),
  'an error of a code beyond doubles': response('"error":{"code":1e999,"message":"x"}'),
  'an error of 1 MB': response(`"error":{"code":-32000,"message":"${'x'.repeat(1024 * 1024)}"}`),
  '100,000 lists in each other': () => deep('[', ']', 100_000),
  '100,000 objects in each other': () => `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
  'a result of 100,000 levels': response(`"result":{"a":${deep('[', ']', 100_000)}}`),
  'a result of 195 levels': response(`"result":{"a":${deep('[', ']', 190)}}`),
  'an error of 5,000 levels': response(`"error":{"code":-1,"message":"x","data":${deep('[', ']', 5000)}}`),
  'a request with an id of 5,000 levels': () => `{"jsonrpc":"2.0","id":${deep('[', ']', 5000)},"method":"ping"}`,
  'a request with an id of 150 levels': ({ good }) =>
    `[{"jsonrpc":"2.0","id":${deep('[', ']', 150)},"method":"ping"},${good}]`,
  'a request of the server': ({ good }) =>
    `[{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":null},${good}]`,
  'a method that is no text': () => '{"jsonrpc":"2.0","method":5}',
  'progress with odd tokens': () =>
    '[{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":{"__proto__":1}}},{"jsonrpc":"2.0","method":"notifications/progress","params":[]}]',
  'the tools changed 10,000 times': ({ good }) =>
    `[${Array(10_000).fill('{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}').join()},${good}]`,
  'tools null': tools('null'),
  'an object as tools': tools('{"length":5}'),
  'tools that are none': tools('[null,1,"x",[],{}]'),
  'tools with odd names': tools(
    `[${['{}', '[]', 'null', '1e400', '""', '"\\ud800"', '"__proto__"', '"\\u0000"'].map((name) => `{"name":${name},"inputSchema":{}}`).join()}]`,
  ),
  'tools of 150 levels': tools(`[${tool(`,"x":${deep('[', ']', 150)}`)}]`),
  'a schema of 190 levels': tools(
    `[{"name":"t","inputSchema":{"a":${deep('{"a":', '}', 0)}${'{"a":'.repeat(185)}1${'}'.repeat(185)}}}]`,
  ),
  'a schema with a prototype': tools('[{"name":"t","inputSchema":{"__proto__":null,"type":["x",{}]}}]'),
  'odd hints': tools(`[${tool(',"annotations":null,"description":{"a":1},"title":[]')},${tool('')}]`),
  'an odd cursor': response('"result":{"tools":[],"nextCursor":{"a":[]}}'),
  'the same cursor for ever': response('"result":{"tools":[],"nextCursor":"again"}'),
  'numbers of 100,000 digits': response(`"result":{"tools":[],"x":${'9'.repeat(100_000)}}`),
  '200,000 numbers beyond doubles': response(`"result":{"tools":[],"x":[${Array(200_000).fill('1e999').join()}]}`),
  'capabilities of odd types': response(
    '"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":null,"logging":5,"__proto__":[]},"serverInfo":null,"supportedVersions":["2026-07-28",{}]}',
  ),
  'a version of the protocol that is none': response(
    '"result":{"protocolVersion":"\\u0000\\r\\nX: y","capabilities":[],"supportedVersions":{"includes":1}}',
  ),
  'a version beyond headers': response(
    '"result":{"protocolVersion":"\u4f60\u597d","capabilities":{"tools":{"listChanged":true}}}',
  ),
  'content of odd types': response('"result":{"content":null,"isError":"yes","structuredContent":[]}'),
  'line ends inside': ({ good }) => good.replaceAll(',', ',\r\n\r\n'),
};

/** A text as one event of a stream. */
export const eventOf = (text: string): string =>
  `event: message\n${text
    .split(/\r?\n/)
    .map((line) => `data: ${line}\n`)
    .join('')}\n`;

/** Every message as an answer over Streamable HTTP: in JSON, and as an event. */
export const MESSAGE_ANSWERS: readonly Answer[] = Object.entries(MESSAGES)
  .flatMap(([name, text]) => [
    says(`JSON: ${name}`, (place) => whole(text(place))),
    says(`an event: ${name}`, (place) => events(eventOf(text(place)))),
  ])
  // A list that goes on is followed for 1,000 pages.
  .map((answer) => ({ ...answer, isSlow: answer.name.includes('cursor') }));
