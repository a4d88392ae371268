import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NestedEnd } from '../../../src/base/fast/nested-end.ts';

/** Where the first object or list of a text ends, read in pieces that begin and end at these places; -1 if it does not. */
function find(bytes: Buffer, cuts: readonly number[]): number {
  const nested = new NestedEnd();
  nested.begin();
  let start = 1;
  for (const end of [...cuts.filter((cut) => cut > 1 && cut < bytes.length), bytes.length]) {
    const found = nested.find(bytes, start, end);
    if (found !== -1) {
      return found;
    }
    start = end;
  }
  return -1;
}

const inOrder = (cuts: readonly number[]) => cuts.toSorted((a, b) => a - b);
const cutsOf = (length: number) => fc.array(fc.nat(length), { maxLength: 12 }).map(inOrder);

/** Strings in which everything stands that could be taken for something else. */
const odd = fc.string({ unit: fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', 'é', ' ', 'x'), maxLength: 300 });
const value = fc.oneof(
  fc.array(fc.dictionary(odd, fc.oneof(odd, fc.jsonValue())), { maxLength: 8 }),
  fc.dictionary(odd, fc.jsonValue()),
  fc.array(odd),
);

test('finds the end of an object or a list of any content in any pieces', () => {
  fc.assert(
    fc.property(
      fc
        .tuple(value, fc.constantFrom('', ' ', '\t'), fc.constantFrom('', '}', ',"id":1}', ' ]]}"'))
        .chain(([content, indent, behind]) => {
          const text = JSON.stringify(content, null, indent);
          const bytes = Buffer.from(text + behind);
          return fc.record({
            bytes: fc.constant(bytes),
            end: fc.constant(Buffer.byteLength(text)),
            cuts: cutsOf(bytes.length),
          });
        }),
      ({ bytes, end, cuts }) => {
        expect(find(bytes, cuts)).toBe(end);
        expect(find(bytes.subarray(0, end - 1), cuts)).toBe(-1);
      },
    ),
    { numRuns: 1500 },
  );
});

test.each([1, 63, 64, 65, 1000, 1023, 1024, 1025, 16_383, 16_384, 16_385, 100_000])(
  'passes strings with %i backslashes, in front of any place',
  (count) => {
    // Two characters of JSON for each backslash; a quote behind them, which is escaped too.
    for (const text of ['\\'.repeat(count), `${'\\'.repeat(count)}"`, `${'x'.repeat(count)}\\`, '"'.repeat(count)]) {
      const bytes = Buffer.from(JSON.stringify([text, { x: text }]));
      for (const size of [bytes.length, 4096, 1021, 64, 61]) {
        const cuts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => index * size);
        expect(find(bytes, cuts), `pieces of ${size} bytes`).toBe(bytes.length);
      }
    }
  },
);

test('finds the ends of several texts that come at the same time', () => {
  const texts = [[['"'.repeat(99)]], [{ a: [{}] }, '\\'], [[[[['}']]]]]].map((content) => JSON.stringify(content));
  const readers = texts.map((text) => ({ bytes: Buffer.from(text), nested: new NestedEnd(), found: -1, at: 1 }));
  for (const { nested } of readers) {
    nested.begin();
  }
  while (readers.some(({ found }) => found === -1)) {
    for (const reader of readers.filter(({ found }) => found === -1)) {
      reader.found = reader.nested.find(reader.bytes, reader.at, reader.at + 1);
      reader.at += 1;
    }
  }
  expect(readers.map(({ found }) => found)).toEqual(texts.map((text) => text.length));
});
