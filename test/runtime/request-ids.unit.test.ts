import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  createRequestIds,
  findAnsweredIds,
  mapProgressToken,
  replaceAnswerId,
  writeRequest,
} from '../../src/runtime/request-ids.ts';

test('ids are integers that are counted per connection', () => {
  const [one, other] = [createRequestIds(), createRequestIds()];
  expect([one(), one(), other()]).toEqual([1, 2, 1]);
});

const OWN = 7;
/** An answer to the request 7, or something else, with its members in any order. */
const message = fc
  .record(
    {
      jsonrpc: fc.constant('2.0'),
      id: fc.oneof({ weight: 3, arbitrary: fc.constant(OWN) }, fc.constantFrom(8, 77, '7', null)),
      result: fc.oneof(
        fc.jsonValue(),
        fc.record({ isError: fc.boolean(), id: fc.constant(OWN), x: fc.jsonValue() }, { requiredKeys: [] }),
      ),
      error: fc.oneof(fc.constant(null), fc.record({ code: fc.integer(), id: fc.constant(OWN) })),
      method: fc.constant('ping'),
      other: fc.jsonValue(),
    },
    { requiredKeys: ['id'] },
  )
  .chain((record) => fc.shuffledSubarray(Object.entries(record), { minLength: Object.keys(record).length }))
  .map((members) => Object.fromEntries(members));
/** JSON of a value, with any white space, and with some letters of its names escaped. */
const written = (value: object, indent: number, escaped: string): string => {
  const text = JSON.stringify(value, null, indent);
  const code = escaped.charCodeAt(0).toString(16).padStart(4, '0');
  return escaped === '' ? text : text.replaceAll(/"\w+"(?=\s*:)/g, (name) => name.replaceAll(escaped, `\\u${code}`));
};

test('an answer equals the parsed one with the id of the caller', () => {
  fc.assert(
    fc.property(
      message,
      fc.integer({ min: 0, max: 2 }),
      fc.constantFrom('', 'i', 'E', 'r'),
      fc.oneof(fc.string(), fc.integer(), fc.constant(null)),
      (value, indent, escaped, id) => {
        const text = written(value, indent, escaped);
        const parsed = JSON.parse(text);
        const isAnswer =
          parsed.id === OWN && parsed.method === undefined && ('result' in parsed || (parsed.error ?? null) !== null);
        const answer = replaceAnswerId(Buffer.from(text), OWN, id);
        expect(answer && { ...answer, json: JSON.parse(String(answer.json)) }).toEqual(
          isAnswer
            ? { json: { ...parsed, id }, isError: (parsed.error ?? null) !== null || parsed.result?.isError === true }
            : undefined,
        );
      },
    ),
    { numRuns: 3000 },
  );
});

test.each([
  ['a batch', '[{"id":7,"result":{}}]'],
  ['two messages', '{"id":7,"result":{}}{"id":7,"result":{}}'],
  ['half a message', '{"id":7,"result":{}'],
  ['an id below', '{"result":{"id":7}}'],
  ['an id in a text', '{"result":{"text":"\\"id\\":7"}}'],
  ['a request', '{"id":7,"method":"ping","result":{}}'],
])('%s is not an answer', (_, text) => {
  expect(replaceAnswerId(Buffer.from(text), OWN, 'mine')).toBeUndefined();
});

test.each([
  ['{"jsonrpc":"2.0","id":7,"result":{}}', 'mine', '{"jsonrpc":"2.0","id":"mine","result":{}}'],
  ['{"result":{"id":7},"jsonrpc":"2.0","id":7}', 8, '{"result":{"id":7},"jsonrpc":"2.0","id":8}'],
  ['{ "id" : 7 , "result" : {} }', null, '{ "id" : null , "result" : {} }'],
  ['{"id":9,"result":{},"id":7.0}', 1, '{"id":9,"result":{},"id":1}'],
])('%s is unchanged except for the id', (text, id, json) => {
  expect(String(replaceAnswerId(Buffer.from(text), OWN, id)?.json)).toBe(json);
});

const padding = 'x'.repeat(200_000);
test.each<[string, string, number[]]>([
  ['an answer', '{"jsonrpc":"2.0","id":7,"result":{}}', [7]],
  ['the beginning of one', '{"jsonrpc":"2.0","id":7,"result":{"content":[', [7]],
  ['a batch', '[{"id":7,"result":{}},{"id":8,"error":"odd"},1]', [7, 8]],
  ['an answer that says nothing', '{"jsonrpc":"2.0","id":7}', [7]],
  ['a large one', `{"jsonrpc":"2.0","id":7,"result":["${padding}`, [7]],
  ['a large one whose id comes last', `{"result":["${padding}"],"jsonrpc":"2.0","id":7}`, [7]],
  ['a line of a log', '{"id":7,"level":"info"}', []],
  ['a request', '{"jsonrpc":"2.0","id":7,"method":"ping","params":{', []],
  ['a text that quotes an answer', '{"result":"{\\"jsonrpc\\":\\"2.0\\",\\"id\\":7}', []],
  ['a text', `id 7 ${padding}`, []],
])('finds the ids that %s answers', (_, text, ids) => {
  expect([...new Set(findAnsweredIds(text))]).toEqual(ids);
});

test("progress of another request with the number of the caller's token is dropped", () => {
  const progress = (progressToken: unknown) => ({ method: 'notifications/progress', params: { progressToken } });
  const { params, restore } = mapProgressToken({ _meta: { progressToken: 3 } }, OWN);
  expect(params).toEqual({ _meta: { progressToken: OWN } });
  expect([OWN, 3, 'of somebody else'].map((token) => restore(progress(token)))).toEqual([
    progress(3),
    undefined,
    progress('of somebody else'),
  ]);
  expect(mapProgressToken({}, OWN).restore(progress(OWN))).toBeUndefined();
});

describe('writeRequest', () => {
  const params = { name: 'search', arguments: { exact: 1 } };
  const request = (id: unknown) => ({ id, method: 'tools/call', params });

  it.each([
    ['a number', '7', 7],
    ['a string with quotes', '"a\\"b"', 'a"b'],
    ['null', 'null', null],
  ])('puts an own id in place of %s, and leaves the JSON as it is', (_, written, id) => {
    const text = `{"jsonrpc":"2.0","id":${written},"method":"tools/call","params":{"name":"search","arguments":{"exact":1.0}}}`;
    expect(String(writeRequest({ ...request(id), json: Buffer.from(text) }, 42))).toBe(
      '{"jsonrpc":"2.0","id":42,"method":"tools/call","params":{"name":"search","arguments":{"exact":1.0}}}',
    );
  });

  it.each([
    ['there is no JSON', undefined],
    ['the id does not stand in front', '{"method":"tools/call","params":{},"jsonrpc":"2.0","id":7}'],
    ['it has another id', '{"jsonrpc":"2.0","id":71,"method":"tools/call","params":{}}'],
  ])('writes the request itself where %s', (_, text) => {
    const json = text === undefined ? undefined : Buffer.from(text);
    expect(JSON.parse(String(writeRequest({ ...request(7), json }, 42)))).toEqual({ jsonrpc: '2.0', ...request(42) });
  });
});
