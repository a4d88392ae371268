import { describe, expect, it, test } from 'vitest';
import { loosen } from '../../src/tools/loosen.ts';
import { jsonAnswer, toolOf } from './support/documents.ts';
import { compile, danglingReferences, unreachableDefinitions } from './support/schemas.ts';

/** A schema that breaks for every small mistake of a service, with all keywords that can. */
const STRICT = {
  type: 'object',
  title: 'Thing',
  description: 'A thing.',
  required: ['id', 'missing'],
  additionalProperties: false,
  minProperties: 1,
  properties: {
    id: { type: 'integer', minimum: 1, description: 'The id.' },
    name: { type: 'string', enum: ['a', 'b'], format: 'date', maxLength: 3, title: 'Name' },
    list: { type: 'array', minItems: 1, items: { type: 'object', required: ['x'], properties: { x: { const: 1 } } } },
    map: { type: 'object', additionalProperties: { type: 'string', description: 'A value.' } },
    one: { oneOf: [{ title: 'First', type: 'string' }, { type: 'null' }, { title: 'Second', type: 'string' }] },
    both: { anyOf: [{ title: 'Any' }], oneOf: [{ title: 'One' }], not: { type: 'string' } },
    parts: { allOf: [{ $ref: '#/$defs/Part' }, { required: ['y'], description: 'With y.' }] },
    never: false,
    always: true,
    self: { $ref: '#/$defs/Thing' },
    keys: { type: 'object', patternProperties: { '^(a+)+$': { type: 'string' } }, propertyNames: { maxLength: 1 } },
    when: { if: { type: 'string' }, else: { $ref: '#/$defs/Unused' } },
  },
  $defs: {
    Part: { type: 'object', properties: { y: { type: 'number' } } },
    Thing: { type: 'object', properties: { self: { $ref: '#/$defs/Thing' } }, required: ['self'] },
    Unused: { type: 'string' },
  },
};

describe('loosen', () => {
  it('keeps names, titles and descriptions', () => {
    expect(loosen(STRICT)).toEqual({
      type: 'object',
      title: 'Thing',
      description: 'A thing.',
      properties: {
        id: { description: 'The id.' },
        name: { title: 'Name' },
        list: { items: { properties: { x: {} } } },
        map: { additionalProperties: { description: 'A value.' } },
        one: { anyOf: [{ title: 'First' }, { title: 'Second' }] },
        both: { anyOf: [{ title: 'One' }, { title: 'Any' }] },
        parts: { allOf: [{ $ref: '#/$defs/Part' }, { description: 'With y.' }] },
        never: {},
        always: {},
        self: { $ref: '#/$defs/Thing' },
        keys: {},
        when: {},
      },
      $defs: { Part: { properties: { y: {} } }, Thing: { properties: { self: { $ref: '#/$defs/Thing' } } } },
    });
  });

  it('is the same for what is loose', () => {
    expect(loosen(loosen(STRICT))).toEqual(loosen(STRICT));
  });

  it('has the definitions that it uses, and no others', () => {
    expect(danglingReferences(loosen(STRICT))).toEqual([]);
    expect(unreachableDefinitions(loosen(STRICT))).toEqual([]);
    expect(loosen({ type: 'object' })).toEqual({ type: 'object' });
  });

  test.each<[string, unknown]>([
    ['nothing', {}],
    ['null everywhere', Object.fromEntries(Object.keys(STRICT.properties).map((name) => [name, null]))],
    ['texts everywhere', Object.fromEntries(Object.keys(STRICT.properties).map((name) => [name, 'a']))],
    ['lists everywhere', Object.fromEntries(Object.keys(STRICT.properties).map((name) => [name, [[1], {}, null]]))],
    ['objects everywhere', Object.fromEntries(Object.keys(STRICT.properties).map((name) => [name, { x: 2, y: 'z' }]))],
    ['members that nobody knows', { other: 1, result: 'queued', __proto__: 1 }],
  ])('allows %s', (_, value) => {
    expect(compile(loosen(STRICT))(value)).toBe(true);
    expect(compile(STRICT)(value)).toBe(false);
  });

  it('names of members are kept as they are', () => {
    const named = JSON.parse('{"type":"object","properties":{"__proto__":{"title":"a"},"$ref":{"title":"b"}}}');
    expect(JSON.stringify(loosen(named))).toBe(
      '{"properties":{"__proto__":{"title":"a"},"$ref":{"title":"b"}},"type":"object"}',
    );
  });
});

test('output_schemas: none leaves output schemas out', () => {
  const responses = { 200: jsonAnswer({ type: 'object', properties: { a: {} } }) };
  expect(toolOf('get', '/a', { responses }, {}, { outputSchemas: 'none' })).not.toHaveProperty('outputSchema');
  expect(toolOf('get', '/a', { responses }, {}, { outputSchemas: 'loose' })).toHaveProperty('outputSchema');
});
