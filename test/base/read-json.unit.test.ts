import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readJson } from '../../src/base/read-json.ts';

/** Few characters, so that names often begin alike: each name that was read is what later ones could be taken for. */
const name = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.string({ unit: fc.constantFrom('a', '\\', '"', '\n', '/', 'u', '0', ':'), maxLength: 4 }),
  },
  fc.constantFrom('__proto__', 'constructor', '12', ''),
  fc.string({ unit: 'binary', maxLength: 4 }).map((text) => text.toWellFormed()),
);
const scalar = fc.oneof(
  name,
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(true, false, null),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(name, tie('value')), { maxLength: 4 }).map((members) => Object.fromEntries(members)),
  ),
}));

/** A string as JSON may write it: with `\u` for any of its characters. */
const written = (text: string, isEscaped: (at: number) => boolean): string =>
  `"${Array.from({ length: text.length }, (_, at) =>
    isEscaped(at) ? `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}` : JSON.stringify(text[at]).slice(1, -1),
  ).join('')}"`;

/** Writes JSON; `gap` stands between tokens. */
function write(value: unknown, gap: string, isEscaped: (at: number) => boolean): string {
  const inner = (member: unknown) => gap + write(member, gap, isEscaped) + gap;
  if (typeof value === 'string') {
    return written(value, isEscaped);
  }
  if (Array.isArray(value)) {
    return `[${value.map(inner).join(',')}]`;
  }
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([key, member]) => `${gap}${written(key, isEscaped)}${gap}:${inner(member)}`)
      .join(',')}}`;
  }
  return JSON.stringify(value);
}

test('texts are read as they are written, whatever was read before', () => {
  fc.assert(
    fc.property(value, fc.constantFrom('', ' ', '\r\n\t'), fc.func(fc.boolean()), (expected, gap, isEscaped) => {
      // As text, the order of the names counts.
      expect(JSON.stringify(readJson(write(expected, gap, isEscaped)))).toBe(JSON.stringify(expected));
    }),
    { numRuns: 5000 },
  );
});

test('a name is never taken for one that another text had at its place', () => {
  const names = ['\\', '"', '\n', 'A', '/', 'a\\', 'a"', 'a\n', '\\"', '\\\\', '\\a'];
  for (const [at, before] of names.entries()) {
    for (const name of names) {
      const place = `"place-${at}":0`;
      readJson(`{${place},${JSON.stringify(before)}:1}`);
      for (const spelled of [JSON.stringify(name), written(name, () => true)]) {
        expect(Object.keys(readJson(`{${place},${spelled}:1}`) as object)).toEqual([`place-${at}`, name]);
      }
    }
  }
});

test('of equal names the last counts, however they are spelled', () => {
  expect(readJson('{"a":1,"\\u0061":2,"b\\n":3}')).toEqual({ a: 2, 'b\n': 3 });
  expect(readJson('{"\\u0061":1,"b":2,"a":3}')).toEqual({ a: 3, b: 2 });
});

test('`__proto__` is a member, and changes no prototype', () => {
  const read = readJson('{"__proto__":{"isAdmin":true},"\\n":1}') as Record<string, unknown>;
  expect([Object.keys(read), read.isAdmin]).toEqual([['__proto__', '\n'], undefined]);
});

test.each(['', '{"a\\n":1', '{"a\\x":1}', '{"\\n":01}', '{"\\n":1,}', '"\\'])('%j is refused', (text) => {
  expect(() => readJson(text)).toThrow(SyntaxError);
});
