import fc from 'fast-check';
import { expect, test } from 'vitest';
import { measureJson } from '../../src/base/fast/measure-json.ts';
import { parseExact, parseJson } from '../../src/base/json.ts';
import { hasMoreValues } from '../../src/base/json-text.ts';

type Source = { readonly source?: string };
const native = JSON as unknown as {
  readonly rawJSON: (text: string) => unknown;
  readonly parse: (text: string, reviver: (key: string, value: unknown, at: Source) => unknown) => unknown;
};

/** What JSON.parse and its reviver make of a text: the same, at a call per value. */
const revived = (text: string, isKept: (value: number, source: string) => boolean): unknown =>
  native.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && isKept(value, source) ? native.rawJSON(source) : value,
  );
const exactly = (text: string) => revived(text, (value, source) => String(value) !== source);
const safely = (text: string) =>
  revived(text, (value, source) => !Number.isFinite(value) || (!Number.isSafeInteger(value) && /^-?\d+$/.test(source)));

const digits = fc.stringMatching(/^\d{1,20}$/);
const number = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(fc.constant('0'), fc.stringMatching(/^[1-9]\d{0,25}$/)),
    fc.option(digits, { nil: undefined }),
    fc.option(fc.tuple(fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), fc.stringMatching(/^\d{1,4}$/)), {
      nil: undefined,
    }),
  )
  .map(
    ([sign, whole, fraction, exponent]) =>
      sign + whole + (fraction === undefined ? '' : `.${fraction}`) + (exponent?.join('') ?? ''),
  );
const name = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', 'constructor', '1.0', '1e9', '-0'));
const text = fc
  .oneof(name, fc.stringMatching(/^[\\"\d.eE,:[\]{}-]{0,80}$/))
  .map((value) => JSON.stringify(value.toWellFormed()));
/** Names without a backslash: `JSON.parse`, which tells what is expected here, mistakes others (`readJson`). */
const memberName = text.filter((written) => !(JSON.parse(written) as string).includes('\\'));
const space = fc.constantFrom('', '', ' ', '\n\t ');

/** JSON texts with numbers and spaces of every kind; names may stand in an object twice. */
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc
    .tuple(
      space,
      fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        number,
        text,
        fc.constantFrom('true', 'false', 'null'),
        fc.array(tie('json'), { maxLength: 6 }).map((items) => `[${items.join(',')}]`),
        fc
          .array(fc.tuple(memberName, space, tie('json')), { maxLength: 6 })
          .map((members) => `{${members.map(([key, gap, value]) => `${key}${gap}:${value}`).join(',')}}`),
      ),
      space,
    )
    .map((parts) => parts.join('')),
}));

test('parseExact keeps every number that JavaScript would write differently, and changes nothing else', () => {
  fc.assert(
    fc.property(json, (source) => {
      expect(JSON.stringify(parseExact(source))).toBe(JSON.stringify(exactly(source)));
    }),
    { numRuns: 2000 },
  );
});

test('parseJson keeps integers from 2^53 and numbers that would overflow', () => {
  fc.assert(
    fc.property(json, (source) => {
      expect(JSON.stringify(parseJson(source))).toBe(JSON.stringify(safely(source)));
    }),
    { numRuns: 2000 },
  );
});

test('invalid JSON is refused, whatever numbers it contains', () => {
  const broken = fc
    .tuple(json, fc.nat(), fc.stringMatching(/^[-+.,:[\]{}"\\\d eE]{1,3}$/))
    .map(([source, place, more]) => {
      const at = place % (source.length + 1);
      return source.slice(0, at) + more + source.slice(at);
    });
  fc.assert(
    fc.property(broken, (source) => {
      let expected: unknown;
      try {
        expected = exactly(source);
      } catch {
        expect(() => parseExact(source)).toThrow(SyntaxError);
        return;
      }
      expect(JSON.stringify(parseExact(source))).toBe(JSON.stringify(expected));
    }),
    { numRuns: 3000 },
  );
  for (const source of ['{1.0:2}', '{1e0 : 2}', '[1e5-3]', '[01.50]', '[1.]', '[-]', '1.0 2.0', '"a" 1.0', '']) {
    expect(() => parseExact(source), source).toThrow(SyntaxError);
  }
});

/** Objects, lists and scalars on all levels. */
const countOf = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce((sum: number, member) => sum + countOf(member), 1)
    : 1;

const levelsOf = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce((most: number, member) => Math.max(most, levelsOf(member)), 0) + 1
    : 0;

test('a text is measured without parsing it, also as bytes', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('', '\t', '  '), (value, indent) => {
      const source = JSON.stringify(value, null, indent);
      const size = { values: countOf(value), levels: levelsOf(value) };
      expect(measureJson(source)).toEqual(size);
      expect(measureJson(Buffer.from(source))).toEqual(size);
    }),
    { numRuns: 1000 },
  );
});

test('a long text is measured in pieces, wherever they are cut', () => {
  const odd = fc.string({
    unit: fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', 'é', '🙂', ' ', 'x'),
    maxLength: 99,
  });
  const content = fc.oneof(fc.array(fc.dictionary(odd, odd, { maxKeys: 3 }), { maxLength: 3 }), fc.jsonValue());
  fc.assert(
    fc.property(
      fc.constantFrom('x', '\\', '"', 'é', '🙂'),
      fc.nat(20_000),
      content,
      fc.constantFrom('', ' '),
      (...drawn) => {
        const [filler, count, behind, indent] = drawn;
        const value = [filler.repeat(count), [[]], behind, 'x'.repeat(count), { a: {} }, behind];
        const source = JSON.stringify(value, null, indent);
        const size = { values: countOf(value), levels: levelsOf(value) };
        expect(measureJson(source)).toEqual(size);
        expect(measureJson(Buffer.from(source))).toEqual(size);
        const spaced = `${' '.repeat(count)}[${' '.repeat(count)}]`;
        expect(measureJson(spaced)).toEqual({ values: 1, levels: 1 });
      },
    ),
    { numRuns: 300 },
  );
});

test('the values of a text are counted without parsing it', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('', '\t', '  '), (value, indent) => {
      const count = countOf(value);
      // Long enough to be looked at.
      const source = JSON.stringify(value, null, indent) + ' '.repeat(2 * count);
      expect([hasMoreValues(source, count - 1), hasMoreValues(source, count)]).toEqual([true, false]);
    }),
    { numRuns: 2000 },
  );
  const ones = `[${'1,'.repeat(99_998)}1]`;
  expect(hasMoreValues(ones, 100_000)).toBe(false);
  expect(hasMoreValues(`[1,${ones.slice(1)}`, 100_000)).toBe(true);
  expect(hasMoreValues(`[${'{ },'.repeat(99_998)}[]]`, 100_000)).toBe(false);
  expect(hasMoreValues(JSON.stringify({ a: '[,{'.repeat(200_000) }), 100_000)).toBe(false);
});
