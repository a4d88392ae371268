import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { readEvents, type StreamEvent } from '../../src/runtime/read-events.ts';
import { ownMemory } from '../support/memory.ts';

const room = () => ({ longest: 32 * 1024 * 1024, held: ownMemory().hold('answers', 0), bytesOf: () => 0 });

async function read(...chunks: (string | Buffer)[]): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  for await (const event of readEvents(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), room())) {
    events.push(event);
  }
  return events;
}
const dataOf = async (...chunks: (string | Buffer)[]) => (await read(...chunks)).map(({ data }) => data);

describe('the events do not depend on the ends of chunks', () => {
  const LINES = [
    ': hello',
    'retry: 10',
    'id: 1',
    'event: endpoint',
    'data: {"a": "zażółć 💥"}',
    '',
    'id',
    'data:x',
    '',
  ];
  const EVENTS = [
    { event: 'endpoint', data: '{"a": "zażółć 💥"}', id: '1' },
    { event: 'message', data: 'x', id: '' },
  ];

  test.each([
    ['\\n', '\n'],
    ['\\r\\n', '\r\n'],
    ['\\r', '\r'],
  ])('lines end with %s', async (_, end) => {
    const bytes = Buffer.from(LINES.map((line) => line + end).join(''));
    for (let at = 0; at <= bytes.length; at++) {
      expect(await read(bytes.subarray(0, at), bytes.subarray(at)), `split at ${at}`).toEqual(EVENTS);
    }
    for (let first = 0; first < bytes.length; first++) {
      const [a, b, c] = [bytes.subarray(0, first), bytes.subarray(first, first + 1), bytes.subarray(first + 1)];
      expect(await read(a, b, c), `a byte of its own at ${first}`).toEqual(EVENTS);
    }
    expect(await read(...[...bytes].map((byte) => Buffer.of(byte)))).toEqual(EVENTS);
  });
});

describe('events follow the standard', () => {
  test.each<[string, string, string[]]>([
    ['several lines of data are one, with line ends between', 'data: a\ndata:  b\ndata\ndata: c\n\n', ['a\n b\n\nc']],
    ['data that is empty', 'data:\n\n', ['']],
    ['an event without data is none', 'event: x\nid: 1\n\ndata: a\n\n', ['a']],
    ['unknown fields and comments count for nothing', ':\n:x\nfoo: bar\ndata: a\n:data: b\n\n', ['a']],
    ['a byte order mark at the start is no part of the first field', '\ufeffdata: a\n\n', ['a']],
    ['and one anywhere else is text', 'data: \ufeffa\n\n\ufeffdata: b\n\n', ['\ufeffa']],
    ['nothing at all', '', []],
  ])('%s', async (_, text, expected) => {
    expect(await dataOf(text)).toEqual(expected);
  });

  test('the byte order mark may arrive in pieces', async () => {
    expect(await dataOf(...[...Buffer.from('\ufeffdata: a\n\n')].map((byte) => Buffer.of(byte)))).toEqual(['a']);
  });

  test('an id applies until the next id', async () => {
    expect(await read('id: 1\ndata: a\n\ndata: b\n\nid: 2\n\ndata: c\n\n')).toEqual([
      { event: 'message', data: 'a', id: '1' },
      { event: 'message', data: 'b', id: '1' },
      { event: 'message', data: 'c', id: '2' },
    ]);
  });

  test.each<[string, string, string[]]>([
    ['that it names', 'event: endpoint\ndata: a\n\n', ['endpoint']],
    ['that it names after its data', 'data: a\nevent:endpoint\n\n', ['endpoint']],
    ['that it names last, of several', 'event: a\nevent: b\ndata: a\n\n', ['b']],
    ['message where it names none, or an empty one', 'data: a\n\nevent:\ndata: b\n\n', ['message', 'message']],
    ['its own only', 'event: a\ndata: a\n\ndata: b\n\nevent: c\n\ndata: d\n\n', ['a', 'message', 'message']],
    ['that it names, when the stream ends without the last empty line', 'event: a\ndata: a', ['a']],
  ])('the type of an event is the one %s', async (_, text, expected) => {
    expect((await read(text)).map(({ event }) => event)).toEqual(expected);
  });

  test('an event is returned as soon as it ends', async () => {
    const chunks = new Readable({ read: () => undefined });
    const events = readEvents(chunks, room());
    chunks.push('data: a\n\n');
    expect(await events.next()).toMatchObject({ value: { data: 'a' } });
    chunks.push('data: b\r\n\r\n');
    expect(await events.next()).toMatchObject({ value: { data: 'b' } });
    await events.return(undefined);
    expect(chunks.destroyed).toBe(true);
  });
});

test.each(['data: a', 'data: a\n', 'data: a\r', 'data: a\r\n'])(
  '%j at the end of the stream still gives an event',
  async (text) => {
    expect(await dataOf(text)).toEqual(['a']);
  },
);

describe('long events', () => {
  const MIB = 1024 * 1024;

  test.each([1, 7, 1000, 65_536])('1 MiB is read in chunks of %d', async (size) => {
    const bytes = Buffer.from(`data: ${'é'.repeat(MIB / 2)}\n\n`);
    async function* chunks() {
      for (let at = 0; at < bytes.length; at += size) {
        yield bytes.subarray(at, at + size);
      }
    }
    const began = performance.now();
    const events: StreamEvent[] = [];
    for await (const event of readEvents(chunks(), room())) {
      events.push(event);
    }
    expect(events.map(({ data }) => data.length)).toEqual([MIB / 2]);
    // Joining what has come at every chunk would take minutes.
    expect(performance.now() - began).toBeLessThan(15_000);
  });

  test('more than 32 Mi characters are an error, in one line or in many lines', async () => {
    async function* endless(line: string) {
      for (;;) {
        yield Buffer.from(line);
      }
    }
    for (const line of ['x'.repeat(MIB), `data: ${'x'.repeat(MIB)}\n`]) {
      const reading = (async () => {
        for await (const _ of readEvents(endless(line), room())) {
          throw new Error('there is no event in it');
        }
      })();
      await expect(reading).rejects.toThrow(RangeError);
    }
  });

  test('many short events may be longer together', async () => {
    async function* chunks() {
      for (let count = 0; count < 40; count++) {
        yield Buffer.from(`data: ${'x'.repeat(MIB)}\n\n`);
      }
    }
    let count = 0;
    for await (const _ of readEvents(chunks(), room())) {
      count++;
    }
    expect(count).toBe(40);
  });
});

test('an event has at most 100,000 lines of any fields', async () => {
  expect(await dataOf(`${'data:\n'.repeat(99_999)}\n`)).toHaveLength(1);
  for (const line of ['data:\n', ':\r\n', 'id: 1\r', '\ufeff\n']) {
    await expect(dataOf(line.repeat(100_001)), JSON.stringify(line)).rejects.toThrow('more than 100000 lines');
  }
});
