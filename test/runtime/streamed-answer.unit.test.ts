import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readBeginning } from '../../src/runtime/read-beginning.ts';
import { streamAnswer } from '../../src/runtime/streamed-answer.ts';

const OWN = 17;
const piecesOf = (text: string, size: number): Buffer[] => {
  const bytes = Buffer.from(text);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
};

/** What is handed on of an answer that comes in pieces of so many bytes, and what is known of it afterwards. */
async function streamed(text: string, size: number, id: unknown = 'mine') {
  const body = Readable.from(piecesOf(text, size));
  const headers = { 'content-length': String(Buffer.byteLength(text)) };
  const { chunks, length, bytes, isError } = streamAnswer('Odd', { status: 200, headers, body }, OWN, id);
  let passed = '';
  let failure: unknown;
  try {
    for await (const chunk of chunks) {
      passed += chunk.toString('latin1');
    }
  } catch (error) {
    failure = error;
  }
  const json = Buffer.from(passed, 'latin1').toString();
  return { json, isWhole: passed.length === length, failure, bytes: bytes(), isError: isError() };
}

const value = fc.oneof(fc.jsonValue(), fc.record({ id: fc.constant(OWN), isError: fc.boolean() }));
const answer = fc
  .record(
    { jsonrpc: fc.constant('2.0'), id: fc.constantFrom(OWN, OWN, 1, 170, '17', null), result: value, other: value },
    { requiredKeys: ['result'] },
  )
  .chain((record) => fc.shuffledSubarray(Object.entries(record), { minLength: Object.keys(record).length }))
  .map((members) => Object.fromEntries(members) as { id?: unknown; result: { isError?: unknown } | null });

test('passes on the answer with the id of the caller, in any pieces', async () => {
  const ids = fc.oneof(fc.string(), fc.integer(), fc.constant(null));
  await fc.assert(
    fc.asyncProperty(answer, fc.integer({ min: 0, max: 2 }), fc.integer({ min: 1, max: 20 }), ids, async (...given) => {
      const [message, indent, size, id] = given;
      const text = JSON.stringify(message, null, indent);
      const { json, isWhole, failure, bytes, isError } = await streamed(text, size, id);
      if (message.id !== OWN) {
        expect(failure).toMatchObject({ kind: 'broken' });
        return;
      }
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify({ ...message, id })));
      expect([isWhole, bytes, isError]).toEqual([true, Buffer.byteLength(text), message.result?.isError === true]);
    }),
    { numRuns: 1500 },
  );
});

test.each([
  ['half an answer', `{"id":${OWN},"result":{}`],
  ['two answers', `{"id":${OWN},"result":{}}{"id":${OWN},"result":{}}`],
  ['an id that never ends', `{"id":1${'7'.repeat(5000)},"result":{}}`],
  ['a request', `{"id":${OWN},"method":"ping","result":{}}`],
  ['neither a result nor an error', `{"jsonrpc":"2.0","id":${OWN}}`],
])('%s is not an answer', async (_, text) => {
  for (const size of [1, 7, 10_000]) {
    expect(await streamed(text, size)).toMatchObject({ failure: { kind: 'broken' }, isError: undefined });
  }
});

test('passes on no part of an answer to another request if the id comes first', async () => {
  expect(await streamed('{"jsonrpc":"2.0","id":18,"result":{"content":[]}}', 100)).toMatchObject({ json: '' });
});

test.each([100, 16_000, 17_000, 70_000])('the beginning of %i bytes can be read again', async (length) => {
  const text = 'x'.repeat(length);
  for (const size of [999, 16_384, 100_000]) {
    const body = Readable.from(piecesOf(text, size));
    const { bytes, isWhole } = await readBeginning(body);
    const rest = isWhole ? [bytes] : await body.toArray();
    expect([isWhole, Buffer.concat(rest).toString() === text]).toEqual([length <= 16_384, true]);
  }
});
