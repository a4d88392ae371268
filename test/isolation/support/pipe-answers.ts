import { type Answer, eventOf, flood, MESSAGES, type Place } from './answers.ts';

/** A frame of a WebSocket (RFC 6455, section 5.2) as a server sends it; `first`: its first byte. */
function frame(first: number, payload: string | Buffer, claimed?: bigint): Buffer {
  const bytes = Buffer.from(payload);
  const head = Buffer.alloc(10);
  head[0] = first;
  head[1] = 127;
  head.writeBigUInt64BE(claimed ?? BigInt(bytes.length), 2);
  return Buffer.concat([
    bytes.length < 126 && claimed === undefined ? Buffer.from([first, bytes.length]) : head,
    bytes,
  ]);
}
const TEXT = 0x81;
const sends = (name: string, bytes: (place: Place) => Buffer, then?: 'end' | 'reset'): Answer => ({
  name,
  write: (place) => {
    place.socket.write(bytes(place));
    if (then === 'end') {
      place.socket.end();
    } else if (then === 'reset') {
      setTimeout(() => place.socket.resetAndDestroy(), 20);
    }
  },
});
const control = (code: number, payload = Buffer.alloc(0)): Buffer => frame(code, payload);

/** Malformed and odd frames. */
const FRAMES: readonly Answer[] = [
  sends('garbage', () => Buffer.from('garbage garbage garbage')),
  sends('a frame of a reserved code', () => frame(0x83, 'x')),
  sends('reserved bits', ({ good }) => frame(0xf1, good)),
  sends('a masked frame', ({ good }) =>
    Buffer.concat([Buffer.from([TEXT, 0x80 | 10, 1, 2, 3, 4]), Buffer.from(good.slice(0, 10))]),
  ),
  sends('invalid UTF-8', () => frame(TEXT, Buffer.from([0xc3, 0x28, 0xff]))),
  sends('a length of 100 MB', () => frame(TEXT, 'x', 100n * 1024n * 1024n)),
  sends('a length beyond 2^53', () => frame(TEXT, 'x', 2n ** 53n + 1n)),
  sends('a negative length', () => frame(TEXT, 'x', 2n ** 64n - 1n)),
  sends('half a frame and an end', ({ good }) => frame(TEXT, good, 100_000n), 'end'),
  sends('half a frame and a reset', ({ good }) => frame(TEXT, good, 100_000n), 'reset'),
  { ...sends('half a frame and silence', ({ good }) => frame(TEXT, good, 100_000n)), isSlow: true },
  sends('a binary frame', ({ good }) => frame(0x82, good)),
  sends('an end of a message that never began', () => frame(0x80, 'x')),
  sends('a message inside another', ({ good }) => Buffer.concat([frame(0x01, 'x'), frame(TEXT, good)])),
  sends('20,000 fragments', () =>
    Buffer.concat([frame(0x01, '"'), ...Array(20_000).fill(frame(0x00, 'x')), frame(0x80, '"')]),
  ),
  sends('a fragmented ping', () => frame(0x09, 'x')),
  sends('a ping of 200 bytes', () => frame(0x89, 'x'.repeat(200))),
  sends('20,000 pings', ({ good }) => Buffer.concat([...Array(20_000).fill(control(0x89)), frame(TEXT, good)])),
  sends('pongs', ({ good }) => Buffer.concat([control(0x8a), frame(TEXT, good)])),
  sends('a close', () => control(0x88)),
  sends('a close of one byte', () => control(0x88, Buffer.from([3]))),
  sends('a close of code 0', () => control(0x88, Buffer.from([0, 0]))),
  sends('a close of code 1005', () => control(0x88, Buffer.from([3, 0xed]))),
  sends('a close with invalid UTF-8', () => control(0x88, Buffer.from([3, 0xe8, 0xff, 0xfe]))),
  sends('an answer after a close', ({ good }) =>
    Buffer.concat([control(0x88, Buffer.from([3, 0xe8])), frame(TEXT, good)]),
  ),
  sends('the answer, and an end', ({ good }) => frame(TEXT, good), 'end'),
  sends('an end', () => Buffer.alloc(0), 'end'),
  sends('a reset', () => Buffer.alloc(0), 'reset'),
  { name: 'silence', isSlow: true, write: () => undefined },
  {
    name: 'a flood of fragments',
    write: ({ socket }) => {
      socket.write(frame(0x01, 'x'));
      flood(socket, () => frame(0x00, 'x'.repeat(65_536)).toString('latin1'));
    },
  },
];

const asFrame = ([name, text]: [string, (place: Place) => string]): Answer =>
  sends(`a message: ${name}`, (place) => frame(TEXT, text(place)));
export const WEBSOCKET_ANSWERS: readonly Answer[] = [...FRAMES, ...Object.entries(MESSAGES).map(asFrame)];

/** What comes over the one stream of SSE. */
export const SSE_ANSWERS: readonly Answer[] = [
  { name: 'an end', write: ({ socket }) => socket.end() },
  { name: 'a reset', write: ({ socket }) => socket.resetAndDestroy() },
  { name: 'silence', isSlow: true, write: () => undefined },
  {
    name: 'half an event, and an end',
    write: ({ socket, good }) => socket.end(`event: message\ndata: ${good.slice(0, 10)}`),
  },
  {
    name: 'another endpoint',
    write: ({ socket, good }) => socket.write(`event: endpoint\ndata: http://127.0.0.1:9/\n\n${eventOf(good)}`),
  },
  {
    name: 'one event without end',
    write: ({ socket }) => {
      socket.write('data: "');
      flood(socket, () => 'x'.repeat(65_536));
    },
  },
  {
    name: 'a flood of events',
    write: ({ socket }) => flood(socket, () => eventOf('{"jsonrpc":"2.0","method":"x"}').repeat(1000)),
  },
  {
    name: 'a flood of messages that are none',
    write: ({ socket }) => flood(socket, () => eventOf('[[[[]]]]').repeat(1000)),
  },
  ...Object.entries(MESSAGES).map(
    ([name, text]): Answer => ({
      name: `a message: ${name}`,
      write: (place) => place.socket.write(eventOf(text(place))),
    }),
  ),
];

/** The first event of SSE, which says where messages go. */
export const ENDPOINTS: readonly Answer[] = [
  '',
  'http://127.0.0.1:9/x',
  '//evil.test/',
  '::',
  'blob:http://127.0.0.1/x',
  'javascript:1',
  '\u0000',
  'x'.repeat(100_000),
  '/\u00ff?\u4f60',
  '../../..',
  'http://u:p@127.0.0.1/',
].map((data) => ({
  name: `the endpoint ${JSON.stringify(data.slice(0, 24))}`,
  isSlow: true,
  write: ({ socket }) =>
    socket.write(`HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: endpoint\ndata: ${data}\n\n`),
}));
