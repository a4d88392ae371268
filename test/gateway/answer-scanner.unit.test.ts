import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AnswerScanner } from '../../src/gateway/answer-scanner.ts';

type Read = { outcome: boolean | undefined; changes: number };
type Kind = 'JSON' | 'events';

/** What is read of a text that comes in pieces of so many bytes. */
function read(kind: Kind, text: string, size = text.length + 9, id: unknown = 1): Read {
  let changes = 0;
  const onToolsChanged = () => {
    changes += 1;
  };
  const scanner = new AnswerScanner({ id, areEvents: kind === 'events', onToolsChanged });
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) {
    scanner.scan(bytes.subarray(at, at + size));
  }
  return { outcome: scanner.isError, changes };
}

const long = 'x"\\'.repeat(100);
const CASES: readonly (readonly [string, unknown, boolean | undefined])[] = [
  ['{"jsonrpc":"2.0","id":1,"result":{"content":[]}}', 1, false],
  ['{"jsonrpc":"2.0","id":1,"result":{"content":[],"isError":true}}', 1, true],
  ['{"jsonrpc": "2.0", "id": 1, "result": {"content": [], "isError" : true }}', 1, true],
  ['\n{"result":\t{"isErr\\u006fr":true,"content":[]},"id":1}\n', 1, true],
  ['{"id":1,"result":{"isError":false}}', 1, false],
  ['{"id":1,"result":{"isError":"true"}}', 1, false],
  ['{"id":1,"result":{"isError":true,"isError":false}}', 1, false],
  ['{"id":1,"result":{"structuredContent":{"isError":true},"content":[{"isError":true}]}}', 1, false],
  ['{"id":1,"result":{"content":[{"text":"\\"isError\\":true"}]}}', 1, false],
  ['{"id":1,"isError":true,"result":{}}', 1, false],
  ['{"id":1,"result":[{"isError":true}]}', 1, false],
  ['{"id":1,"result":"isError"}', 1, false],
  ['{"id":1,"error":{"message":"Denied","code":-32000}}', 1, true],
  ['{"jsonrpc": "2.0", "id": 1, "error": {"code": -32602, "message": "x"}}', 1, true],
  ['{"id":1,"error":null,"result":{}}', 1, false],
  ['{"id":null,"error":{"code":-32700}}', 1, true],
  ['{"error":{"code":-32700}}', 1, true],
  ['{"id":2,"result":{}}', 1, undefined],
  ['{"id":"1","result":{}}', 1, undefined],
  ['{"id":1}', 1, undefined],
  ['{"method":"notifications/message","params":{"data":{"isError":true,"id":1,"result":{}}}}', 1, undefined],
  ['{"id":1,"method":"ping"}', 1, undefined],
  ['{"id":1,"result":{"content":[]', 1, undefined],
  ['not JSON', 1, undefined],
  ['', 1, undefined],
  ['[{"id":2,"result":{"isError":true}},{"id":1,"result":{}}]', 1, false],
  ['[{"method":"x"}, {"id":1,"error":{}}]', 1, true],
  [JSON.stringify({ id: 1, result: { content: [{ text: long }], isError: true } }), 1, true],
  [JSON.stringify({ result: { content: [{ text: `${long}\\` }] }, id: 'ü"\\' }), 'ü"\\', false],
  ['{"id":"\\u00fc","result":{}}', 'ü', false],
];

describe.each(CASES)('%s', (text, id, outcome) => {
  test.each([1, 2, 7, 1000])('reads the answer in pieces of %i bytes', (size) => {
    expect(read('JSON', text, size, id).outcome).toBe(outcome);
    const events = `: open\r\nid: 1\r\ndata: ${text.replaceAll(/\s/g, ' ')}\r\n\r\n`;
    expect(read('events', events, size, id).outcome).toBe(outcome);
  });

  test('reads the answer in one piece', () => expect(read('JSON', text, undefined, id).outcome).toBe(outcome));
});

test('reads any message like a parser, in any pieces', () => {
  const message = fc.record(
    {
      id: fc.constantFrom(1, 2, null, '1'),
      method: fc.constantFrom('ping', 'notifications/tools/list_changed'),
      result: fc.oneof(fc.jsonValue(), fc.record({ isError: fc.boolean(), x: fc.jsonValue() }, { requiredKeys: [] })),
      error: fc.oneof(fc.constant(null), fc.record({ code: fc.integer() })),
      other: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(message, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 2 }), (value, size, indent) => {
      const { id = null, method, result, error = null } = value;
      const isAnswer = method === undefined && (result !== undefined || error !== null) && (id === 1 || id === null);
      const says = typeof result === 'object' && result !== null && 'isError' in result && result.isError === true;
      const outcome = isAnswer ? error !== null || says : undefined;
      const changes = method === 'notifications/tools/list_changed' && value.id === undefined ? 1 : 0;
      expect(read('JSON', JSON.stringify(value, null, indent), size)).toEqual({ outcome, changes });
    }),
    { numRuns: 2000 },
  );
});

const CHANGED = '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}';
test.each<[string, string, number]>([
  ['a notification', `data:${CHANGED}\n\n`, 1],
  ['two of them', `data: ${CHANGED}\r\rdata: ${CHANGED}\r\n\r\n`, 2],
  ['with spaces, over two lines', `\ufeffdata: {"method" :\ndata: "notifications\\/tools/list_changed"}\n\n`, 1],
  [
    'a result that repeats it',
    `data: {"id":1,"result":{"content":[{"text":"notifications/tools/list_changed"}]}}\n\n`,
    0,
  ],
  ['a result that has it for a method', `data: {"id":1,"result":{"method":"notifications/tools/list_changed"}}\n\n`, 0],
  ['a request of that name', `data: {"id":1,"method":"notifications/tools/list_changed"}\n\n`, 0],
  ['an event of another name', `event: x\ndata: ${CHANGED}\n\n`, 0],
  ['an event that is called another name afterwards', `data: ${CHANGED}\nevent: x\n\n`, 0],
  ['an event that has not ended', `event: message\ndata: ${CHANGED}\n`, 0],
  ['another field', `x-data: ${CHANGED}\nid: ${CHANGED}\n: ${CHANGED}\n\n`, 0],
])('%s reports each change of tools once', (_, text, changes) => {
  for (const size of [1, 3, 1000]) {
    expect(read('events', text, size).changes).toBe(changes);
  }
});
