import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Automaton } from '../../src/redaction/automaton.ts';

/** The longest word that ends at each byte. */
function found(words: readonly string[], text: string): (string | undefined)[] {
  const automaton = new Automaton(words.map((word) => Buffer.from(word, 'latin1')));
  let state = 0;
  return [...Buffer.from(text, 'latin1')].map((byte) => {
    state = automaton.next(state, byte);
    return words[automaton.wordAt[state] as number];
  });
}

const expected = (words: readonly string[], text: string): (string | undefined)[] =>
  Array.from(text, (_, at) => words.filter((word) => text.slice(0, at + 1).endsWith(word)).toSorted(longer)[0]);
const longer = (a: string, b: string): number => b.length - a.length;

test.each([['a', 'b'], [...'abcdefghijkl']])('finds all overlapping words that end at each place', (...letters) => {
  const text = fc.string({ unit: fc.constantFrom(...letters), minLength: 1 });
  fc.assert(
    fc.property(fc.uniqueArray(text, { minLength: 1, maxLength: 40 }), text, (words, whole) => {
      expect(found(words, whole)).toEqual(expected(words, whole));
    }),
  );
});

test('knows the longest other word at the end of each word', () => {
  const { wordWithin } = new Automaton(['abc', 'bc', 'c', 'xyz'].map((word) => Buffer.from(word)));
  expect([...wordWithin]).toEqual([1, 2, -1, -1]);
});

test('a step is not slower for words that nearly match everywhere', () => {
  const automaton = new Automaton([Buffer.from(`${'a'.repeat(4000)}b${'a'.repeat(4000)}`)]);
  const text = Buffer.alloc(2_000_000, 'a');
  let state = 0;
  for (const byte of text) {
    state = automaton.next(state, byte);
  }
  expect(automaton.depth(state)).toBe(4000);
});
