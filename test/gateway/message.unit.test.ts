import { describe, expect, test } from 'vitest';
import { readMessage } from '../../src/gateway/message.ts';

const { signal } = new AbortController();
const read = async (text: string, owner = 'a', until = signal) => readMessage(Buffer.from(text), owner, until);
const holding = (args: string): string =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"act","arguments":${args}}}`;
const members = (count: number): string => Array.from({ length: count }, (_, index) => `"k${index}":1`).join(',');

describe('messages that take too long to read are refused', () => {
  test.each(['1.0', '1e2', '-0', '12345678901234567890'])(
    'refuses more than 10,000 numbers such as %s',
    async (number) => {
      const numbers = (count: number) => holding(`{"x":[${Array(count).fill(number).join(',')}]}`);
      expect(String((await read(numbers(10_000))).json)).toBe(numbers(10_000));
      await expect(read(numbers(10_001))).rejects.toMatchObject({
        code: -32600,
        message: expect.stringContaining('at most 10000 numbers'),
      });
    },
  );

  test('does not count numbers that JavaScript writes unchanged', async () => {
    const text = holding(` {"x":[${Array(50_000).fill('1.5').join(',')}]}`);
    expect(String((await read(text)).json)).toBe(text.replace(': {', ':{'));
  });

  test.each(['', ' '])('refuses more than 1,000 members of the message or of its params (%j)', async (space) => {
    const inParams = (count: number) => `{"jsonrpc":"2.0",${space}"id":1,"method":"x","params":{${members(count)}}}`;
    const around = (count: number) => `{"jsonrpc":"2.0",${space}"id":1,"method":"x",${members(count - 3)}}`;
    for (const text of [inParams, around]) {
      expect((await read(text(1000))).method).toBe('x');
      await expect(read(text(1001))).rejects.toMatchObject({
        code: -32600,
        message: 'A message, and its params, may have at most 1000 members each.',
      });
    }
  });

  test('accepts any members in arguments', async () => {
    const text = holding(`{${members(90_000)}}`);
    expect(String((await read(text)).json)).toBe(text);
  });
});

describe('large messages', () => {
  const large = holding(`{"x":"${'x'.repeat(64 * 1024)}"}`);

  test('are read in pieces, one per turn of the event loop', async () => {
    let turns = 0;
    let isRead = false;
    const all = Promise.all(Array.from({ length: 4 }, () => read(large))).then(() => {
      isRead = true;
    });
    while (!isRead) {
      turns += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await all;
    expect(turns).toBeGreaterThanOrEqual(8);
  });

  test('of one owner take turns with those of another', async () => {
    const done: string[] = [];
    const readFor = (owner: string) => read(large, owner).then(() => done.push(owner));
    await Promise.all([...Array.from({ length: 8 }, () => readFor('many')), readFor('one')]);
    expect(done.indexOf('one')).toBeLessThan(3);
  });

  test('are not read further when the client has left', async () => {
    const leaving = new AbortController();
    const reading = read(large, 'a', leaving.signal);
    leaving.abort(new Error('left'));
    await expect(reading).rejects.toThrow('left');
  });

  test('may have 200 levels, and not more', async () => {
    const deep = (levels: number) =>
      holding(`${'['.repeat(levels - 2)}"${'x'.repeat(20_000)}["${']'.repeat(levels - 2)}`);
    expect(String((await read(deep(200))).json)).toBe(deep(200));
    await expect(read(deep(201))).rejects.toMatchObject({ code: -32700 });
  });
});

describe('null counts as absent where the protocol has no null', () => {
  const id = '"id":1,';
  test.each([
    ['params', `{${id}"jsonrpc":"2.0","method":"ping","params":null}`, { method: 'ping' }],
    [
      'everything that a serializer writes',
      `{${id}"jsonrpc":null,"method":"ping","params":null,"result":null,"error":null}`,
      { method: 'ping' },
    ],
    [
      'optional params',
      holding('null').replace('"params":{', '"params":{"_meta":null,"cursor":null,'),
      { method: 'tools/call', params: { name: 'act' } },
    ],
    ['an argument, which is not touched', holding('{"a":null}'), { params: { name: 'act', arguments: { a: null } } }],
    ['the error of an answer', `{${id}"jsonrpc":"2.0","result":{},"error":null,"method":null}`, { result: {} }],
    ['the result of an error', `{${id}"jsonrpc":"2.0","result":null,"error":{"code":1}}`, { error: { code: 1 } }],
    ['a result without an error, which is one', `{${id}"jsonrpc":"2.0","result":null}`, { result: null }],
  ])('%s', async (_, text, expected) => {
    const { json, method, params } = await read(text);
    const base = { jsonrpc: '2.0', id: 1 };
    const written = JSON.parse(String(json));
    expect(written).toEqual({ ...base, ...('params' in expected && { method: 'tools/call' }), ...expected });
    expect([method, params]).toEqual([written.method, written.params ?? {}]);
  });

  test('the id of a notification', async () => {
    const { id: none, json } = await read('{"jsonrpc":"2.0","id":null,"method":"notifications/initialized"}');
    expect([none, String(json)]).toEqual([undefined, '{"jsonrpc":"2.0","method":"notifications/initialized"}']);
    expect((await read('{"jsonrpc":"2.0","id":null,"method":"ping"}')).id).toBeNull();
  });

  test('does not hide a member whose name is equal up to case', async () => {
    await expect(read(holding('null,"Arguments":{}'))).rejects.toMatchObject({ code: -32600 });
    await expect(read('{"id":1,"method":"ping","params":null,"Params":{}}')).rejects.toMatchObject({ code: -32600 });
  });
});
