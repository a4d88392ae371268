import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { parseStringified } from '../../src/tools/stringified.ts';
import type { JsonSchema } from '../../src/tools/types.ts';

const parsed = (schema: JsonSchema, value: unknown, rest: JsonSchema = {}) =>
  parseStringified({ type: 'object', properties: { a: schema }, ...rest }, { a: value }).a;
const LIST = { type: 'array', items: { type: 'string' } };
const COUNT = { type: 'integer' };

describe('a text of JSON is parsed where the schema allows no text', () => {
  test.each<[string, JsonSchema, unknown, unknown]>([
    ['a list', LIST, '["x"]', ['x']],
    ['an object', { type: 'object' }, ' {"b":1} ', { b: 1 }],
    ['a number', COUNT, '7', 7],
    ['a number where any may be', { type: 'number' }, '-7.5e1', -75],
    ['a number in a list', { type: 'array', items: COUNT }, '["1",2]', [1, 2]],
    ['truth', { type: 'boolean' }, 'true', true],
    ['null', { type: ['array', 'null'] }, 'null', null],
    ['by a value', { enum: [1, 2] }, '2', 2],
    ['by the only value', { const: { b: 1 } }, '{"b":1}', { b: 1 }],
    ['of alternatives', { anyOf: [LIST, { oneOf: [COUNT] }] }, '[]', []],
    [
      'of parts',
      { allOf: [{ description: 'x' }, { type: ['array', 'string'] }, { type: ['array', 'null'] }] },
      '[]',
      [],
    ],
    [
      'in a member',
      { type: 'object', properties: { b: { type: 'object', properties: { c: LIST } } } },
      { b: '{"c":"[\\"x\\"]"}' },
      { b: { c: ['x'] } },
    ],
    ['in a member of a part', { allOf: [{ properties: { b: COUNT } }] }, { b: '1', c: '1' }, { b: 1, c: '1' }],
    ['in a member without a name', { type: 'object', additionalProperties: COUNT }, { b: '1' }, { b: 1 }],
    ['in an item of a list', { type: 'array', items: LIST }, ['["x"]'], [['x']]],
    ['behind a reference', { $ref: '#/$defs/B' }, '[[]]', [[]]],
    ['a reference to itself', { $ref: '#/$defs/Loop' }, '["[]"]', [[]]],
  ])('%s', (_, schema, value, expected) => {
    const $defs = {
      B: { $ref: '#/$defs/C' },
      C: { type: 'array' },
      Loop: { allOf: [{ $ref: '#/$defs/Loop' }, { type: 'array', items: { $ref: '#/$defs/Loop' } }] },
    };
    expect(parsed(schema, value, { $defs })).toEqual(expected);
  });

  it('with its digits', () => {
    expect(JSON.stringify(parseStringified({ properties: { a: COUNT } }, { a: '12345678901234567890' }))).toBe(
      '{"a":12345678901234567890}',
    );
  });
});

describe('a text stays', () => {
  test.each<[string, JsonSchema, string]>([
    ['where it is allowed', { type: 'string' }, '["x"]'],
    ['where it is one of several', { type: ['string', 'array'] }, '["x"]'],
    ['where an alternative allows it', { oneOf: [LIST, { type: 'string' }] }, '[]'],
    ['where an alternative allows anything', { anyOf: [LIST, {}] }, '[]'],
    ['where anything is allowed', {}, '[]'],
    ['where a value is a text', { enum: ['1', 2] }, '2'],
    ['if it is no JSON', LIST, '["x"'],
    ['if it is JSON of another type', LIST, '{"a":1}'],
    ['if it is no integer', COUNT, '1.5'],
    ['if it is empty', LIST, ''],
    ['behind a reference to nothing', { $ref: '#/$defs/No' }, '[]'],
  ])('%s', (_, schema, text) => {
    const args = { a: text };
    expect(parseStringified({ properties: { a: schema } }, args)).toBe(args);
  });
});

it('what holds no such text stays as it is', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (args) => {
      expect(
        parseStringified({ type: 'object', properties: { a: LIST }, additionalProperties: true }, { ...args, a: [] }),
      ).toEqual({ ...args, a: [] });
    }),
  );
});
