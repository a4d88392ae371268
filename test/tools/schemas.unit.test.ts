import { describe, expect, it, test } from 'vitest';
import type { DerivedTool } from '../../src/tools/types.ts';
import { argumentsOf, derived, documentOf, jsonAnswer, jsonBody, reasonOf, toolOf } from './support/documents.ts';
import { compile, danglingReferences, unreachableDefinitions } from './support/schemas.ts';

/** What becomes of the schema of an argument. */
const converted = (schema: unknown, rest: Record<string, unknown> = {}) =>
  argumentsOf(toolOf('post', '/things', jsonBody({ type: 'object', properties: { a: schema } }), rest)).a;
const inputOf = (schema: unknown, schemas: Record<string, unknown>) =>
  toolOf('post', '/things', jsonBody(schema), { components: { schemas } }).inputSchema;

describe('OpenAPI 3.0 becomes JSON Schema 2020-12', () => {
  test.each<[string, unknown, unknown]>([
    ['nullable', { type: 'string', nullable: true }, { type: ['string', 'null'] }],
    ['nullable enum', { type: 'string', enum: ['a'], nullable: true }, { type: ['string', 'null'], enum: ['a', null] }],
    ['nullable enum with null', { enum: ['a', null], nullable: true }, { enum: ['a', null] }],
    ['nullable without a type', { nullable: true }, {}],
    [
      'nullable beside alternatives',
      { nullable: true, description: 'One.', allOf: [{ type: 'string' }] },
      { description: 'One.', anyOf: [{ allOf: [{ type: 'string' }] }, { type: 'null' }] },
    ],
    ['exclusiveMinimum: true', { minimum: 3, exclusiveMinimum: true }, { exclusiveMinimum: 3 }],
    ['exclusiveMinimum: false', { minimum: 3, exclusiveMinimum: false }, { minimum: 3 }],
    ['exclusiveMaximum: true', { maximum: 3, exclusiveMaximum: true }, { exclusiveMaximum: 3 }],
    ['exclusiveMinimum of 3.1', { minimum: 1, exclusiveMinimum: 3 }, { minimum: 1, exclusiveMinimum: 3 }],
    ['example', { type: 'string', example: 'x' }, { type: 'string', examples: ['x'] }],
    ['example beside examples', { examples: ['y'], example: 'x' }, { examples: ['y'] }],
    ['format: binary', { type: 'string', format: 'binary' }, { type: 'string', contentEncoding: 'base64' }],
    ['format: byte', { type: 'string', format: 'byte' }, { type: 'string', contentEncoding: 'base64' }],
    [
      'what only documentation reads',
      { xml: { name: 'x' }, externalDocs: {}, 'x-y': 1, type: 'string' },
      { type: 'string' },
    ],
  ])('%s', (_, schema, expected) => {
    expect(converted(schema, { openapi: '3.0.3' })).toEqual(expected);
  });

  it('keeps only a description beside a $ref', () => {
    const components = { schemas: { A: { type: 'string' } } };
    const schema = { $ref: '#/components/schemas/A', description: 'Mine.', maxLength: 3 };
    expect(converted(schema, { openapi: '3.0.3', components })).toEqual({ $ref: '#/$defs/A', description: 'Mine.' });
    expect(converted(schema, { components })).toEqual({ $ref: '#/$defs/A', description: 'Mine.', maxLength: 3 });
  });
});

describe('JSON Schema 2020-12 stays unchanged', () => {
  test.each<[string, unknown]>([
    ['true', true],
    ['false', false],
    ['types', { type: ['string', 'null'] }],
    ['const', { const: { a: [null] } }],
    ['tuples', { prefixItems: [{ type: 'string' }, {}], items: false, minItems: 1, uniqueItems: true }],
    ['conditions', JSON.parse('{"if":{"type":"string"},"then":{"minLength":1},"else":{"not":{"type":"null"}}}')],
    [
      'objects',
      {
        properties: { a: {} },
        required: ['a'],
        additionalProperties: { type: 'integer' },
        minProperties: 1,
        propertyNames: { maxLength: 3 },
        dependentRequired: { a: ['b'] },
        dependentSchemas: { a: { required: ['c'] } },
        unevaluatedProperties: false,
      },
    ],
    ['a pattern, as text', { type: 'string', pattern: '^(a+)+$' }],
    ['patterns of names', { patternProperties: { '^x-': { type: 'string' } }, additionalProperties: false }],
    [
      'annotations',
      { title: 'A', description: 'B', default: [1], examples: [2], deprecated: true, format: 'date', writeOnly: true },
    ],
  ])('%s', (_, schema) => {
    expect(converted(schema)).toEqual(schema);
  });
});

describe('invalid keywords are left out, so that every schema compiles', () => {
  test.each<[string, unknown, unknown]>([
    ['unknown types', { type: 'file', description: 'x' }, { description: 'x' }],
    ['types twice', { type: ['string', 'string', 'any'] }, { type: ['string'] }],
    ['required of draft 3', { type: 'string', required: true }, { type: 'string' }],
    ['required twice', { required: ['a', 'a', 1] }, { required: ['a'] }],
    [
      'values twice',
      { enum: ['a', 'a', 1, '1', { a: 1, b: 2 }, { b: 2, a: 1 }] },
      { enum: ['a', 1, '1', { b: 2, a: 1 }] },
    ],
    ['empty lists', { enum: [], allOf: [], anyOf: [], oneOf: [], examples: [] }, {}],
    ['numbers as text', { minimum: '3', maxLength: '4', multipleOf: 0 }, {}],
    ['negative and broken counts', { minLength: -1, maxItems: 1.5 }, {}],
    ['lists where schemas belong', { items: [{}], properties: [], additionalProperties: 'yes', not: 3 }, {}],
    [
      'things where schemas belong',
      { properties: { a: null, b: 'string', c: ['x'] } },
      { properties: { a: {}, b: {}, c: {} } },
    ],
    [
      'what moves references',
      { $id: 'https://example.com/x', $anchor: 'a', $defs: { A: {} }, $dynamicAnchor: 'b', type: 'string' },
      { type: 'string' },
    ],
    ['a pattern of another language', { pattern: '(?i)x', type: 'string' }, { 'x-pattern': '(?i)x', type: 'string' }],
    [
      'patterns of names in another language',
      { patternProperties: { '(?i)x': {}, y: {} }, additionalProperties: false },
      { patternProperties: { y: {} } },
    ],
    ['a value that takes itself for a number', { multipleOf: { valueOf: 3, toString: 4 }, minimum: {} }, {}],
  ])('%s', (_, schema, expected) => {
    const tool = toolOf('post', '/things', jsonBody({ type: 'object', properties: { a: schema } }));
    expect(argumentsOf(tool).a).toEqual(expected);
    compile(tool.inputSchema);
  });
});

describe('a schema gets the parts that clients need', () => {
  test.each<[string, unknown, unknown]>([
    ['items of a list', { type: 'array' }, { type: 'array', items: {} }],
    ['items of a list or null', { type: ['array', 'null'] }, { type: ['array', 'null'], items: {} }],
    ['not for a tuple', { type: 'array', prefixItems: [{}] }, { type: 'array', prefixItems: [{}] }],
    ['not for what is no list', { type: 'string' }, { type: 'string' }],
    [
      'names that a closed object requires',
      { properties: { a: {} }, required: ['a', 'b'], additionalProperties: false },
      { properties: { a: {}, b: {} }, required: ['a', 'b'], additionalProperties: false },
    ],
    ['not for an open object', { properties: {}, required: ['b'] }, { properties: {}, required: ['b'] }],
    [
      'not where patterns may allow them',
      { patternProperties: { '^b': {} }, required: ['b'], additionalProperties: false },
      { patternProperties: { '^b': {} }, required: ['b'], additionalProperties: false },
    ],
  ])('%s', (_, schema, expected) => {
    expect(converted(schema)).toEqual(expected);
    expect(converted({ type: 'object', properties: { deep: schema } })).toMatchObject({
      properties: { deep: expected },
    });
  });
});

describe('$refs are resolved inside the tool', () => {
  it('with $defs of the reachable schemas only', () => {
    const schemas = {
      Pet: { type: 'object', properties: { owner: { $ref: '#/components/schemas/Owner' } } },
      Owner: { type: 'object', properties: { name: { type: 'string' } } },
      Other: { type: 'object' },
    };
    const schema = inputOf({ type: 'object', properties: { pet: { $ref: '#/components/schemas/Pet' } } }, schemas);
    expect(schema).toMatchObject({
      properties: { pet: { $ref: '#/$defs/Pet' } },
      $defs: { Pet: { properties: { owner: { $ref: '#/$defs/Owner' } } }, Owner: schemas.Owner },
    });
    expect(Object.keys(schema.$defs as object)).toEqual(['Pet', 'Owner']);
    compile(schema);
  });

  it('with recursive schemas', () => {
    const Node = {
      type: 'object',
      properties: { children: { type: 'array', items: { $ref: '#/components/schemas/Node' } } },
    };
    const schema = inputOf({ $ref: '#/components/schemas/Node' }, { Node });
    const validate = compile(schema);
    expect(validate({ children: [{ children: [] }] })).toBe(true);
    expect(validate({ children: [{ children: [3] }] })).toBe(false);
  });

  it('with one definition for a chain', () => {
    const schemas = {
      A: { $ref: '#/components/schemas/B' },
      B: { $ref: '#/components/schemas/C' },
      C: { type: 'string' },
    };
    expect(inputOf({ properties: { a: { $ref: '#/components/schemas/A' } } }, schemas)).toMatchObject({
      properties: { a: { $ref: '#/$defs/C' } },
      $defs: { C: { type: 'string' } },
    });
  });

  it('to any place of the document, with names that are safe as keys', () => {
    const schemas = {
      'A B/C~D': { type: 'string' },
      Outer: { properties: { inner: { type: 'integer' } } },
      ...JSON.parse('{"__proto__": {"type": "boolean"}, "constructor": {"type": "null"}}'),
    };
    const schema = inputOf(
      {
        properties: {
          a: { $ref: '#/components/schemas/A%20B~1C~0D' },
          b: { $ref: '#/components/schemas/Outer/properties/inner' },
          c: { $ref: '#/components/schemas/__proto__' },
          d: { $ref: '#/components/schemas/constructor' },
        },
      },
      schemas,
    );
    const names = Object.keys(schema.$defs as object);
    expect(names).toHaveLength(4);
    for (const name of names) {
      expect(name).toMatch(/^[A-Za-z0-9_.~-]+-[0-9a-f]{8}$/);
    }
    expect(danglingReferences(schema)).toEqual([]);
    const validate = compile(schema);
    expect(validate({ a: 'x', b: 1, c: true, d: null })).toBe(true);
    for (const wrong of [{ a: 1 }, { b: 'x' }, { c: 1 }, { d: 1 }]) {
      expect(validate(wrong)).toBe(false);
    }
  });

  test.each([
    ['missing', '#/components/schemas/No', 'which is not in the document'],
    ['inherited', '#/components/schemas/toString', 'which is not in the document'],
    ['an anchor', '#anchor', 'which is not in the document'],
    ['broken', '#/%E0%A4%A', 'which is not in the document'],
    ['no schema', '#/info/title', 'which is not a schema'],
    ['external', 'https://example.com/pet.json', 'which is outside of the document'],
    ['a file', './pet.yaml#/Pet', 'which is outside of the document'],
    ['a loop', '#/components/schemas/A', 'which refers to itself without end'],
  ])('%s: any value is allowed there, with a warning', (_, $ref, fact) => {
    const loop = { A: { $ref: '#/components/schemas/B' }, B: { $ref: '#/components/schemas/A' } };
    const Far = { items: { items: { $ref } } };
    const schemas = { ...loop, Far, Base: { allOf: [{ $ref }, { properties: { known: { type: 'string' } } }] } };
    const properties = {
      a: { $ref, description: 'Mine.' },
      far: { $ref: '#/components/schemas/Far' },
      r: { properties: { x: { $ref } } },
    };
    // A part that leads back to itself adds nothing.
    const base = fact.endsWith('without end') ? { $ref } : { $ref: '#/components/schemas/Base' };
    const bodies = [{ properties }, base, { $ref }];
    for (const [index, schema] of bodies.entries()) {
      const operation = { summary: 'x', ...jsonBody(schema) };
      const { tools, warnings, skipped } = derived(
        documentOf({ '/things': { post: operation } }, { components: { schemas } }),
      );
      expect(skipped).toEqual([]);
      expect(warnings).toEqual([
        {
          operation: 'POST /things',
          message: expect.stringMatching(/^It uses `.*: any value is allowed there\./),
        },
      ]);
      expect(warnings[0]?.message).toContain(fact);
      const { inputSchema } = tools[0] as DerivedTool;
      expect(danglingReferences(inputSchema)).toEqual([]);
      const value = [{ a: 1, far: [[2]] }, base.$ref === $ref ? { body: 3 } : { known: 'a', other: 1 }, { body: 3 }][
        index
      ];
      expect(compile(inputSchema)(value)).toBe(true);
    }
  });

  test.each([
    ['allOf', { allOf: [{ type: 'object' }, { $ref: '#/components/schemas/C' }] }],
    ['alternatives', { oneOf: [{ type: 'string' }, { anyOf: [{ $ref: '#/components/schemas/C' }] }] }],
  ])('a loop of %s: the operation is skipped', (_, C) => {
    const body = jsonBody({ type: 'object', properties: { a: { $ref: '#/components/schemas/C' } } });
    expect(reasonOf('post', '/things', body, { components: { schemas: { C } } })).toBe(
      'It uses `#/components/schemas/C`, which refers to itself without end.',
    );
  });
});

describe('read-only properties are left out of requests', () => {
  const schemas = {
    Id: { type: 'string', readOnly: true },
    Base: { type: 'object', properties: { id: { readOnly: true }, name: {} } },
    Thing: {
      type: 'object',
      properties: {
        id: { $ref: '#/components/schemas/Id' },
        at: { allOf: [{ $ref: '#/components/schemas/Id' }] },
        secret: { type: 'string', writeOnly: true },
        inner: { type: 'object', properties: { a: {}, b: { readOnly: true } }, required: ['a', 'b'] },
      },
      required: ['id', 'at', 'secret'],
    },
    Derived: { allOf: [{ $ref: '#/components/schemas/Base' }, { required: ['id', 'name'] }] },
  };
  const things = { type: 'array', items: { $ref: '#/components/schemas/Thing' } };

  it('on every level, with their entries in required', () => {
    expect(inputOf(things, schemas).$defs).toEqual({
      Thing: {
        type: 'object',
        properties: {
          secret: { type: 'string', writeOnly: true },
          inner: { type: 'object', properties: { a: {} }, required: ['a'] },
        },
        required: ['secret'],
      },
    });
  });

  it('also if another part of an allOf requires them', () => {
    expect(inputOf({ type: 'array', items: { $ref: '#/components/schemas/Derived' } }, schemas).$defs).toEqual({
      Base: { type: 'object', properties: { name: {} } },
      Derived: { allOf: [{ $ref: '#/$defs/Base' }, { required: ['name'] }] },
    });
  });

  it('write-only properties are left out of answers', () => {
    const answer = { responses: { 200: jsonAnswer({ type: 'object', properties: { things } }) } };
    const { outputSchema } = toolOf('get', '/things', answer, { components: { schemas } });
    expect(outputSchema?.$defs).toMatchObject({ Thing: { properties: { id: {}, at: {} } } });
    expect(JSON.stringify(outputSchema)).not.toContain('secret');
  });
});

describe('outputSchema', () => {
  const object = { type: 'object', properties: { a: { type: 'string' } } };
  const loose = { type: 'object', properties: { a: {} } };
  const outputOf = (responses: Record<string, unknown>, schemas: Record<string, unknown> = {}) =>
    toolOf('get', '/things', { responses }, { components: { schemas } }).outputSchema;

  test.each<[string, Record<string, unknown>, object]>([
    ['of 200', { 200: jsonAnswer(object), 404: jsonAnswer({}) }, loose],
    ['of any 2xx', { '2XX': jsonAnswer(object) }, loose],
    ['of two that are the same', { 200: jsonAnswer(object), 201: jsonAnswer({ ...object }) }, loose],
    [
      'of a JSON type',
      { 200: { content: { 'text/csv': {}, 'application/hal+json; x=y': { schema: object } } } },
      loose,
    ],
    [
      'that is plainly an object',
      { 200: jsonAnswer({ properties: { a: {} } }) },
      { type: 'object', properties: { a: {} } },
    ],
    [
      'of alternatives that are objects',
      { 200: jsonAnswer({ oneOf: [object, object] }) },
      { type: 'object', anyOf: [{ properties: { a: {} } }, { properties: { a: {} } }] },
    ],
    ['of allOf', { 200: jsonAnswer({ allOf: [object, {}] }) }, { type: 'object', allOf: [{ properties: { a: {} } }] }],
    ['of a $ref, at the top', { 200: jsonAnswer({ $ref: '#/components/schemas/A' }) }, loose],
  ])('is taken from %s', (_, responses, expected) => {
    expect(outputOf(responses, { A: object })).toEqual(expected);
  });

  it('contains its definitions', () => {
    const schemas = { A: { type: 'object', properties: { next: { $ref: '#/components/schemas/A' } } } };
    const schema = outputOf({ 200: jsonAnswer({ $ref: '#/components/schemas/A' }) }, schemas) ?? {};
    expect(danglingReferences(schema)).toEqual([]);
    expect(unreachableDefinitions(schema)).toEqual([]);
    expect(compile(schema)({ next: { next: {} } })).toBe(true);
  });

  test.each<[string, Record<string, unknown>]>([
    ['an array', { 200: jsonAnswer({ type: 'array' }) }],
    ['anything', { 200: jsonAnswer({}) }],
    ['no type at all', { 200: jsonAnswer({ type: [], properties: {} }) }],
    ['an object or null', { 200: jsonAnswer({ type: ['object', 'null'], properties: {} }) }],
    ['a nullable object', { 200: jsonAnswer({ ...object, nullable: true }) }],
    ['one that may be something else', { 200: jsonAnswer({ oneOf: [object, { type: 'string' }] }) }],
    ['different answers', { 200: jsonAnswer(object), 202: jsonAnswer({ type: 'object' }) }],
    ['sometimes no answer', { 200: jsonAnswer(object), 204: { description: 'none' } }],
    ['no JSON', { 200: { content: { 'text/plain': { schema: object } } } }],
    ['no success', { 404: jsonAnswer(object), default: jsonAnswer(object) }],
    ['an external $ref', { 200: jsonAnswer({ $ref: 'a.json' }) }],
    ['a loop', { 200: jsonAnswer({ $ref: '#/components/schemas/Loop' }) }],
  ])('is absent for %s', (_, responses) => {
    expect(outputOf(responses, { Loop: { $ref: '#/components/schemas/Loop' } })).toBeUndefined();
  });
});

describe('sizes', () => {
  const KIB = 1024;
  const described = (characters: number) => ({ description: 'x'.repeat(characters) });

  it('a tool of more than 256 KiB is skipped', () => {
    const sized = (characters: number) => documentOf({ '/a': { get: { description: 'x'.repeat(characters) } } });
    const rest = JSON.stringify({ ...derived(sized(1)).tools[0], name: undefined }).length - 1;
    expect(derived(sized(256 * KIB - rest)).tools).toHaveLength(1);
    expect(derived(sized(256 * KIB - rest + 1))).toMatchObject({
      tools: [],
      skipped: [{ operation: 'GET /a', reason: 'It is larger than 256 KiB.' }],
    });
  });

  it.each([
    ['in one schema', described(300 * KIB), {}],
    [
      'in all it refers to',
      { $ref: '#/components/schemas/A' },
      { A: { ...described(200 * KIB), items: { $ref: '#/components/schemas/B' } }, B: described(100 * KIB) },
    ],
    ['in a value', { default: Array.from({ length: 200_000 }, () => 1) }, {}],
  ])('%s', (_, schema, schemas) => {
    const body = jsonBody({ type: 'object', properties: { a: schema } });
    expect(reasonOf('post', '/things', body, { components: { schemas } })).toBe('It is larger than 256 KiB.');
  });

  it('a too large output schema is left out', () => {
    const responses = { 200: jsonAnswer({ type: 'object', properties: { a: described(250 * KIB) } }) };
    const tool = (characters: number) => toolOf('get', '/things', { description: 'x'.repeat(characters), responses });
    expect(tool(1).outputSchema).toBeDefined();
    expect(tool(10 * KIB).outputSchema).toBeUndefined();
  });

  it('all output schemas are left out beyond 32 MiB of tools, which are refused if still too large', () => {
    const large = { $ref: '#/components/schemas/Large' };
    const components = { schemas: { Large: { type: 'object', properties: { a: described(200 * KIB) } } } };
    const many = (operation: object, count: number) =>
      documentOf(
        Object.fromEntries(
          Array.from({ length: count }, (_, index) => [`/a${index}`, { post: { summary: 'x', ...operation } }]),
        ),
        { components },
      );
    const answers = { responses: { 200: jsonAnswer(large) } };
    expect(derived(many(answers, 100)).tools.filter((tool) => tool.outputSchema)).toHaveLength(100);
    expect(derived(many(answers, 200)).tools.filter((tool) => !tool.outputSchema)).toHaveLength(200);
    expect(() => derived(many(jsonBody(large), 200))).toThrow('The tools of the document would be larger than 32 MiB.');
  });
});
