import { runInThisContext } from 'node:vm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Expression, JAVASCRIPT, literal, PYTHON } from '../../src/docs/literals.ts';

test('a literal of JavaScript is the value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      // JSON knows no -0.
      const json = JSON.parse(JSON.stringify(value)) as unknown;
      expect(JSON.stringify(runInThisContext(`(${literal(json, JAVASCRIPT)})`))).toBe(JSON.stringify(json));
    }),
  );
});

test.each([
  [`it's`, `'it\\'s'`],
  ['say "yes"', `'say "yes"'`],
  ['a\\"b', `'a\\\\"b'`],
  ['two\nlines', `'two\\nlines'`],
])('%j is written in single quotes', (text, expected) => {
  expect(literal(text, JAVASCRIPT)).toBe(expected);
});

test('__proto__ is a key like any other', () => {
  const value = JSON.parse('{"__proto__":{"a":1},"b":{"__proto__":""}}') as unknown;
  expect(JSON.stringify(runInThisContext(`(${literal(value, JAVASCRIPT)})`))).toBe(JSON.stringify(value));
});

test('short values stay on one line, long ones do not, and what holds objects is never flat', () => {
  expect(literal({ a: 1, 'b-c': [true, null] }, JAVASCRIPT)).toBe(`{\n  a: 1,\n  'b-c': [true, null],\n}`);
  expect(literal({ a: 1, b: 'x' }, JAVASCRIPT)).toBe(`{ a: 1, b: 'x' }`);
  expect(literal(['x'.repeat(50), 'y'.repeat(50)], JAVASCRIPT).split('\n')).toHaveLength(4);
  expect(literal([[], {}], JAVASCRIPT)).toBe('[\n  [],\n  {},\n]');
});

test('expressions stand as they are', () => {
  expect(literal({ a: new Expression('process.env.A'), b: 1 }, JAVASCRIPT)).toBe('{ a: process.env.A, b: 1 }');
});

test('Python has its own words', () => {
  expect(literal({ yes: true, no: false, none: null, text: `it's` }, PYTHON)).toBe(
    `{ "yes": True, "no": False, "none": None, "text": "it's" }`,
  );
});
