import { describe, expect, it, test } from 'vitest';
import { derive } from '../../src/tools/derive.ts';
import { argumentsOf, derived, documentOf, jsonBody, toolOf } from './support/documents.ts';
import { compile, danglingReferences, unreachableDefinitions } from './support/schemas.ts';

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const extending = (base: string, properties: Record<string, object>, required = Object.keys(properties)) => ({
  allOf: [ref(base), { type: 'object', properties, required }],
});
const PET = { type: 'object', required: ['petType'], properties: { petType: { type: 'string' } } };
const INTEGER = { type: 'integer' };
const pets = (discriminator: object, rest: Record<string, object> = {}) => ({
  Pet: { ...PET, discriminator: { propertyName: 'petType', ...discriminator } },
  Cat: extending('Pet', { lives: INTEGER }),
  Dog: extending('Pet', { bark: { type: 'string' } }),
  ...rest,
});
const MAPPED = { mapping: { cat: '#/components/schemas/Cat', hound: 'Dog', dog: 'Dog' } };

/** Whether the schema of a body allows a value; the schema of the tool is sound. */
function allows(schemas: Record<string, object>, schema: object, body: unknown): boolean {
  const { inputSchema } = toolOf('post', '/pets', jsonBody(schema), { components: { schemas } });
  expect(danglingReferences(inputSchema)).toEqual([]);
  expect(unreachableDefinitions(inputSchema)).toEqual([]);
  return compile(inputSchema)(Object.hasOwn(inputSchema.properties as object, 'body') ? { body } : body) === true;
}

describe('a schema with a discriminator stands for the schemas that inherit from it', () => {
  const cat = { petType: 'cat', lives: 9 };
  const places: [string, object, (pet: unknown) => unknown][] = [
    ['as the body', ref('Pet'), (pet) => pet],
    ['as a member', { properties: { pet: ref('Pet') } }, (pet) => ({ pet })],
    [
      'in a list in a member',
      { properties: { a: { properties: { b: { type: 'array', items: ref('Pet') } } } } },
      (pet) => ({ a: { b: [pet] } }),
    ],
    [
      'as a part of a member',
      { properties: { pet: { description: 'Mine.', allOf: [ref('Pet')] } } },
      (pet) => ({ pet }),
    ],
    ['as a part of the body', { allOf: [ref('Pet'), { properties: { more: {} } }] }, (pet) => pet],
    ['as values of a map', { type: 'object', additionalProperties: ref('Pet') }, (pet) => ({ rex: pet })],
  ];

  test.each(places)('%s', (_, schema, put) => {
    expect(allows(pets(MAPPED), schema, put(cat))).toBe(true);
    expect(allows(pets(MAPPED), schema, put({ petType: 'hound', bark: 'loud', more: 1 }))).toBe(true);
    for (const wrong of [{ petType: 'cat' }, { petType: 'dog', lives: 9 }, { petType: 'bird' }, { lives: 9 }]) {
      expect(allows(pets(MAPPED), schema, put(wrong)), JSON.stringify(wrong)).toBe(false);
    }
  });

  it('gives each of them the values that select it', () => {
    const tool = toolOf('post', '/pets', jsonBody(ref('Pet')), { components: { schemas: pets(MAPPED) } });
    expect(argumentsOf(tool)).toEqual({ body: { $ref: '#/$defs/Pet' } });
    expect(tool.inputSchema.$defs).toMatchObject({
      Pet: {
        anyOf: [
          { $ref: '#/$defs/Cat', properties: { petType: { const: 'cat' } }, required: ['petType'] },
          { $ref: '#/$defs/Dog', properties: { petType: { enum: ['hound', 'dog'] } }, required: ['petType'] },
        ],
      },
    });
  });

  test.each<[string, Record<string, object>, unknown[], unknown[]]>([
    ['without a mapping, by their own names', pets({}), [{ petType: 'Cat', lives: 1 }], [{ petType: 'cat', lives: 1 }]],
    [
      'by the values that the base allows',
      { ...pets({}), Pet: { ...pets({}).Pet, properties: { petType: { enum: ['CAT', 'dog', 'other'] } } } },
      [{ petType: 'CAT', lives: 1 }, { petType: 'other' }],
      [{ petType: 'Cat', lives: 1 }, { petType: 'CAT' }],
    ],
    [
      'by the value that they name themselves',
      { ...pets({}), Cat: extending('Pet', { lives: INTEGER, petType: { enum: ['feline'] } }) },
      [{ petType: 'feline', lives: 1 }],
      [{ petType: 'Cat', lives: 1 }],
    ],
    [
      'by the value of an extension',
      { ...pets({}), Cat: { ...extending('Pet', { lives: INTEGER }), 'x-ms-discriminator-value': '#cat' } },
      [{ petType: '#cat', lives: 1 }],
      [{ petType: 'Cat', lives: 1 }],
    ],
    [
      'also itself, where the mapping names it',
      pets({ mapping: { ...MAPPED.mapping, any: 'Pet' } }),
      [{ petType: 'any' }, cat],
      [{ petType: 'cat' }],
    ],
    [
      'also at a distance',
      pets({}, { Lion: extending('Cat', { mane: INTEGER }), Cub: { allOf: [{ allOf: [ref('Lion')] }] } }),
      [
        { petType: 'Lion', lives: 1, mane: 1 },
        { petType: 'Cub', lives: 1, mane: 1 },
        { petType: 'Cat', lives: 1 },
      ],
      [
        { petType: 'Lion', lives: 1 },
        { petType: 'Cub', mane: 1 },
      ],
    ],
    [
      'by a second property',
      pets(
        {},
        {
          Cat: { ...extending('Pet', { lives: INTEGER, kind: {} }), discriminator: { propertyName: 'kind' } },
          Lion: extending('Cat', { mane: INTEGER }),
        },
      ),
      [{ petType: 'Cat', lives: 1, kind: 'Lion', mane: 1 }],
      [{ petType: 'Cat', lives: 1, kind: 'Lion' }],
    ],
    [
      'those that only the mapping names',
      {
        ...pets(MAPPED),
        Fish: { type: 'object', required: ['fins'] },
        Pet: pets({ mapping: { fish: 'Fish', no: 'No' } }).Pet,
      },
      [{ petType: 'fish', fins: 2 }],
      [{ petType: 'fish' }],
    ],
    [
      'with a mapping that no value of the base fits',
      { ...pets(MAPPED), Pet: { ...pets(MAPPED).Pet, properties: { petType: { enum: ['x'] } } } },
      [{ petType: 'x', lives: 1 }],
      [{ petType: 'cat', lives: 1 }],
    ],
    [
      'that may be null',
      { ...pets(MAPPED), Pet: { ...pets(MAPPED).Pet, nullable: true } },
      [null, cat],
      [{ petType: 'cat' }],
    ],
  ])('%s', (_, schemas, right, wrong) => {
    for (const value of right) {
      expect(allows(schemas, { properties: { pet: ref('Pet') } }, { pet: value }), JSON.stringify(value)).toBe(true);
    }
    for (const value of wrong) {
      expect(allows(schemas, { properties: { pet: ref('Pet') } }, { pet: value }), JSON.stringify(value)).toBe(false);
    }
  });

  it('keeps one of them itself, and the flat members of one that nothing inherits from', () => {
    const tool = toolOf('post', '/cats', jsonBody(ref('Cat')), { components: { schemas: pets(MAPPED) } });
    expect(Object.keys(argumentsOf(tool)).toSorted()).toEqual(['lives', 'petType']);
    expect(allows(pets(MAPPED), { properties: { cat: ref('Cat') } }, { cat: { petType: 'x', lives: 1 } })).toBe(true);
  });

  it('stands for itself where nothing inherits from it', () => {
    const { Pet } = pets({ mapping: { no: 'No' } });
    expect(argumentsOf(toolOf('post', '/pets', jsonBody(ref('Pet')), { components: { schemas: { Pet } } }))).toEqual(
      PET.properties,
    );
  });

  it('survives inheritance in a circle', () => {
    const schemas = {
      A: { ...extending('B', {}), discriminator: { propertyName: 'a' } },
      B: { ...extending('A', {}), discriminator: { propertyName: 'b' } },
    };
    const { tools, skipped } = derived(
      documentOf(
        { '/a': { post: { summary: 'x', ...jsonBody({ properties: { a: ref('A') } }) } } },
        { components: { schemas } },
      ),
    );
    expect(tools.length + skipped.length).toBe(1);
  });

  it('reads parts that are nested deeper than any stack', () => {
    const LEVELS = 20_000;
    const schemas = { ...pets(MAPPED), Deep: '@' };
    const document = documentOf(
      { '/a': { post: { summary: 'x', ...jsonBody({ type: 'object' }) } } },
      { components: { schemas } },
    );
    const nested = `${'{"allOf":['.repeat(LEVELS)}{"$ref":"#/components/schemas/Pet"}${']}'.repeat(LEVELS)}`;
    const text = JSON.stringify(document).replace('"@"', nested);
    expect(derive(text, { integration: 'x' }).tools).toHaveLength(1);
  });

  it('does without them in a tool that they would make too large', () => {
    const large = { type: 'string', description: 'x'.repeat(150 * 1024) };
    const schemas = {
      ...pets(MAPPED),
      Cat: extending('Pet', { large }),
      Dog: extending('Pet', { large: { ...large } }),
    };
    const document = documentOf(
      { '/a': { post: { summary: 'x', ...jsonBody({ properties: { pet: ref('Pet') } }) } } },
      { components: { schemas } },
    );
    const { tools, warnings } = derived(document);
    expect(warnings).toEqual([{ operation: 'POST /a', message: expect.stringContaining('larger than 256 KiB') }]);
    expect(compile(tools[0]?.inputSchema ?? {})({ pet: { petType: 'cat', large: 1 } })).toBe(true);
  });
});
