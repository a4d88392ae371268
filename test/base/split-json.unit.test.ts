import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isShallow } from '../../src/base/json.ts';
import { type JsonPart, type SplitOptions, splitJson } from '../../src/base/split-json.ts';
import { toOneLine, Unparsed, writeJson } from '../../src/base/unparsed.ts';

const ALL: SplitOptions = { levels: 3, mostParts: 1_000_000 };

const parses = (text: string): boolean => {
  try {
    return isShallow(JSON.parse(text));
  } catch {
    return false;
  }
};

const countOf = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce((sum: number, member) => sum + countOf(member), 1)
    : 1;

/** Checks a part against the value that it is said to be, and what it holds. */
function check(part: JsonPart, value: unknown, level: number): void {
  expect(JSON.parse(part.text)).toEqual(value);
  expect(part.values).toBe(countOf(value));
  expect(part.kind).toBe(
    Array.isArray(value) ? 'list' : typeof value === 'object' && value !== null ? 'object' : 'scalar',
  );
  const isSplit = part.kind === 'object' ? level < ALL.levels : part.kind === 'list' && level === 0;
  const members = isSplit ? Object.entries(value as object) : [];
  expect(part.parts.map(({ name }) => name)).toEqual(
    members.map(([name]) => (part.kind === 'object' ? name : undefined)),
  );
  members.forEach(([, member], index) => {
    check(part.parts[index] as JsonPart, member, level + 1);
  });
}

test('a text is split into its parts, level by level', async () => {
  const indents = fc.constantFrom('', '\t', ' \r\n');
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), indents, async (value, indent) => {
      // Names that are numbers would be put first.
      const renamed = JSON.parse(JSON.stringify(value).replaceAll(/"(\d+)":/g, '"n$1":'));
      check((await splitJson(JSON.stringify(renamed, null, indent), ALL)) as JsonPart, renamed, 0);
    }),
    { numRuns: 1000 },
  );
});

test('exactly the texts that JSON.parse refuses are refused', async () => {
  const text = fc
    .tuple(fc.jsonValue(), fc.nat(), fc.nat(4), fc.stringMatching(/^[-+.,:[\]{}"\\\d eEu\ntfn]{0,3}$/))
    .map(([value, place, cut, more]) => {
      const source = JSON.stringify(value, null, place % 3);
      const at = place % (source.length + 1);
      return source.slice(0, at) + more + source.slice(at + cut);
    });
  await fc.assert(
    fc.asyncProperty(text, async (source) => {
      expect((await splitJson(source, ALL)) !== 'no JSON').toBe(parses(source));
    }),
    { numRuns: 5000 },
  );
  const odd = [
    '',
    ' ',
    '-',
    '-0',
    '01',
    '1.',
    '1.e1',
    '1e',
    '1e+5',
    '.5',
    '"\\x"',
    '"\\u12g4"',
    `"${'a'.repeat(99)}\n"`,
  ];
  for (const source of [
    ...odd,
    'tru',
    'truee',
    '1 2',
    '[1,]',
    '{"a":1,}',
    '{"a" \f:1}',
    '{a:1}',
    '\ufeff1',
    '"\u2028"',
  ]) {
    expect((await splitJson(source, ALL)) !== 'no JSON', source).toBe(parses(source));
  }
  for (const depth of [200, 201]) {
    expect((await splitJson('['.repeat(depth) + ']'.repeat(depth), ALL)) !== 'no JSON').toBe(depth === 200);
  }
});

test('more parts or values than the maximum give "too many"', async () => {
  expect(await splitJson('{"a":1,"b":[1,2,3]}', { levels: 1, mostParts: 3 })).toMatchObject({ values: 6 });
  expect(await splitJson('{"a":1,"b":[1,2,3]}', { levels: 1, mostParts: 2 })).toBe('too many');
  expect(await splitJson('{"a":1,"b":[1,2,3]}', { ...ALL, mostValues: 5 })).toBe('too many');
});

test('other work runs while a long text is read', async () => {
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  }, 1);
  const long = `[${'{"a":[1.5,"x",null]},'.repeat(400_000)}1]`;
  expect(await splitJson(long, { levels: 1, mostParts: 1_000_000 })).toMatchObject({ values: 2_000_002 });
  clearInterval(timer);
  expect(turns).toBeGreaterThan(3);
});

test('unparsed JSON is written unchanged by writeJson, and parsed by JSON.stringify', async () => {
  const text = '{"a":[1.0,12345678901234567890], "b":"\\u0041"}';
  const value = { jsonrpc: '2.0', result: { big: new Unparsed(text), list: [new Unparsed('1e0'), '"quoted"'] } };
  expect(writeJson(value)).toBe(`{"jsonrpc":"2.0","result":{"big":${text},"list":[1e0,"\\"quoted\\""]}}`);
  expect(writeJson({ a: 1 })).toBe('{"a":1}');
  expect(JSON.parse(JSON.stringify(value)).result.big).toEqual(JSON.parse(text));
  expect(await toOneLine('{\r\n"a":\n1}')).toBe('{  "a": 1}');
});
