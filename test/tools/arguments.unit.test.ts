import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { argumentNames, type Source } from '../../src/tools/flat-arguments.ts';
import { argumentsOf, derived, documentOf, jsonBody, reasonOf, toolOf } from './support/documents.ts';

const BUNDLE = 'Bundle the document first, for example with `npx @redocly/cli bundle`.';

const parameter = (place: string, name: string, rest: object = {}) => ({
  in: place,
  name,
  schema: { type: 'string' },
  ...rest,
});

describe('arguments arrive flat', () => {
  it('come from path, query, header, cookie and body, with their place', () => {
    const tool = toolOf('patch', '/contacts/{id}', {
      parameters: [
        parameter('cookie', 'session'),
        parameter('header', 'X-Trace', { required: true }),
        parameter('query', 'fields'),
        parameter('path', 'id', { required: true }),
      ],
      ...jsonBody({
        type: 'object',
        properties: { name: { type: 'string' }, age: { type: 'integer' } },
        required: ['age'],
      }),
    });
    expect(tool.inputSchema).toEqual({
      type: 'object',
      properties: {
        id: { type: 'string' },
        fields: { type: 'string' },
        'X-Trace': { type: 'string' },
        session: { type: 'string' },
        name: { type: 'string' },
        age: { type: 'integer' },
      },
      required: ['id', 'X-Trace', 'age'],
      additionalProperties: true,
    });
    expect(tool.request).toEqual({
      path: '/contacts/{id}',
      parameters: [
        { argument: 'id', name: 'id', in: 'path', style: 'simple', explode: false, allowReserved: false },
        { argument: 'fields', name: 'fields', in: 'query', style: 'form', explode: true, allowReserved: false },
        { argument: 'X-Trace', name: 'X-Trace', in: 'header', style: 'simple', explode: false, allowReserved: false },
        { argument: 'session', name: 'session', in: 'cookie', style: 'form', explode: true, allowReserved: false },
      ],
      body: {
        mediaType: 'application/json',
        required: true,
        kind: 'json',
        members: [
          { argument: 'name', name: 'name' },
          { argument: 'age', name: 'age' },
        ],
        rest: true,
        requiredMembers: ['age'],
      },
    });
  });

  it('keep the paging parameters of list tools', () => {
    const tool = toolOf('get', '/contacts', {
      parameters: [parameter('query', 'limit'), parameter('query', 'next_cursor')],
    });
    expect(Object.keys(argumentsOf(tool))).toEqual(['limit', 'next_cursor']);
  });
});

describe('on a clash, the path keeps the name, and the others get their place as a prefix', () => {
  it('a clash in all places at once', () => {
    const tool = toolOf('post', '/contacts/{id}', {
      parameters: ['header', 'query', 'path', 'cookie'].map((place) => parameter(place, 'id')),
      ...jsonBody({ type: 'object', properties: { id: {}, other: {} } }),
    });
    expect(tool.request.parameters.map(({ argument, in: place }) => `${place} ${argument}`)).toEqual([
      'path id',
      'query query_id',
      'header header_id',
      'cookie cookie_id',
    ]);
    expect(tool.request.body).toMatchObject({
      members: [
        { argument: 'body_id', name: 'id' },
        { argument: 'other', name: 'other' },
      ],
    });
  });

  test.each<[string, Source[], string[]]>([
    [
      'none keeps it without a path',
      [
        { in: 'query', name: 'a' },
        { in: 'body', name: 'a' },
      ],
      ['query_a', 'body_a'],
    ],
    [
      'a prefixed name may be taken',
      [
        { in: 'query', name: 'a' },
        { in: 'body', name: 'a' },
        { in: 'body', name: 'query_a' },
      ],
      ['query_a_2', 'body_a', 'query_a'],
    ],
    [
      'names are reduced',
      [
        { in: 'query', name: 'filter[name]' },
        { in: 'query', name: '$top' },
        { in: 'body', name: '@type' },
        { in: 'body', name: 'a b/c' },
      ],
      ['filter_name', 'top', 'type', 'a_b_c'],
    ],
    [
      'signs that tell names apart are words',
      ['StartTime', 'StartTime<', 'StartTime>', 'a<=', 'a>=', 'a!=', 'a==', '!a', 'b[<]', '='].map((name) => ({
        in: 'query' as const,
        name,
      })),
      ['StartTime', 'StartTime_lt', 'StartTime_gt', 'a_lte', 'a_gte', 'a_ne', 'a_eq', 'not_a', 'b_lt', 'eq'],
    ],
    [
      'the exact one keeps the name',
      [
        { in: 'query', name: 'ids[]' },
        { in: 'query', name: 'ids' },
        { in: 'body', name: '(ids)' },
      ],
      ['query_ids', 'ids', 'body_ids'],
    ],
    [
      'what is allowed stays',
      [
        { in: 'query', name: '_a.B-1' },
        { in: 'query', name: '-' },
        { in: 'query', name: '.' },
      ],
      ['_a.B-1', '-', '.'],
    ],
    [
      'reduced names may clash',
      [
        { in: 'query', name: 'a[b]' },
        { in: 'query', name: 'a(b)' },
        { in: 'path', name: 'a_b' },
      ],
      ['query_a_b', 'query_a_b_2', 'a_b'],
    ],
    [
      'two of the path',
      [
        { in: 'path', name: 'a*' },
        { in: 'path', name: 'a' },
      ],
      ['a', 'path_a'],
    ],
    [
      'nothing is left of a name',
      [
        { in: 'query', name: '名前' },
        { in: 'query', name: '' },
      ],
      ['query__', 'query___2'],
    ],
    ['long names are cut', [{ in: 'query', name: 'a'.repeat(70) }], ['a'.repeat(64)]],
    [
      'cut names may clash',
      [
        { in: 'query', name: `${'a'.repeat(64)}b` },
        { in: 'query', name: `${'a'.repeat(64)}c` },
      ],
      [`query_${'a'.repeat(58)}`, `query_${'a'.repeat(56)}_2`],
    ],
    [
      'names that every object has',
      [
        { in: 'body', name: 'constructor' },
        { in: 'query', name: '__proto__' },
      ],
      ['body_constructor', 'query___proto__'],
    ],
  ])('%s', (_, sources, names) => {
    expect(argumentNames(sources)).toEqual(names);
  });

  it('a clash always gives different, valid names', () => {
    const name = fc.oneof(
      fc.constantFrom('a', 'a_2', 'query_a', 'a[', '[a', 'body_a', 'constructor', '_'),
      fc.string(),
    );
    const place = fc.constantFrom('path', 'query', 'header', 'cookie', 'body');
    fc.assert(
      fc.property(fc.array(fc.record({ in: place, name }), { maxLength: 30 }), (sources) => {
        const names = argumentNames(sources);
        expect(new Set(names).size).toBe(sources.length);
        for (const each of names) {
          expect(each).toMatch(/^[A-Za-z0-9_.-]{1,64}$/);
        }
      }),
    );
  });
});

describe('parameters', () => {
  it('of the path apply to each operation, which may replace them', () => {
    const { tools } = derived(
      documentOf({
        '/contacts': {
          parameters: [parameter('query', 'a'), parameter('query', 'b'), parameter('header', 'X-A')],
          get: {
            summary: 'Does it.',
            parameters: [parameter('query', 'a', { schema: { type: 'integer' } }), parameter('header', 'x-a')],
          },
        },
      }),
    );
    expect(tools.map(argumentsOf)).toEqual([
      { a: { type: 'integer' }, b: { type: 'string' }, 'x-a': { type: 'string' } },
    ]);
  });

  it('may be referenced with $ref', () => {
    const tool = toolOf(
      'get',
      '/contacts',
      { parameters: [{ $ref: '#/components/parameters/Limit' }] },
      { components: { parameters: { Limit: parameter('query', 'limit', { schema: { type: 'integer' } }) } } },
    );
    expect(argumentsOf(tool)).toEqual({ limit: { type: 'integer' } });
  });

  it('in headers are arguments, except Accept, Content-Type and Authorization', () => {
    const names = ['accept', 'Content-Type', 'AUTHORIZATION', 'X-Api-Version', 'If-Match'];
    const tool = toolOf('get', '/contacts', { parameters: names.map((name) => parameter('header', name)) });
    expect(Object.keys(argumentsOf(tool))).toEqual(['X-Api-Version', 'If-Match']);
  });

  it('keep style, explode and allowReserved with the defaults of OpenAPI', () => {
    const tool = toolOf('get', '/contacts', {
      parameters: [
        parameter('query', 'filter', { style: 'deepObject' }),
        parameter('query', 'ids', { explode: false }),
        parameter('query', 'raw', { allowReserved: true }),
        parameter('query', 'pipes', { style: 'pipeDelimited', explode: true }),
      ],
    });
    expect(tool.request.parameters.map(({ style, explode, allowReserved }) => [style, explode, allowReserved])).toEqual(
      [
        ['deepObject', false, false],
        ['form', false, false],
        ['form', true, true],
        ['pipeDelimited', true, false],
      ],
    );
  });

  it('with content have its schema and media type', () => {
    const content = { 'application/json': { schema: { type: 'object', properties: { a: {} } } } };
    const tool = toolOf('get', '/contacts', { parameters: [{ in: 'query', name: 'where', content }] });
    expect(argumentsOf(tool)).toEqual({ where: { type: 'object', properties: { a: {} } } });
    expect(tool.request.parameters[0]).toMatchObject({ argument: 'where', mediaType: 'application/json' });
  });

  it('give their description to the argument, before the one of the schema', () => {
    const tool = toolOf('get', '/contacts', {
      parameters: [
        parameter('query', 'a', { description: 'Outer.', schema: { type: 'string', description: 'Inner.' } }),
        parameter('query', 'b', { description: ' ', schema: { type: 'string', description: 'Inner.' } }),
        { in: 'query', name: 'c', description: 'No schema.' },
        parameter('query', 'd', { description: 'Anything.', schema: true }),
      ],
    });
    expect(argumentsOf(tool)).toEqual({
      a: { type: 'string', description: 'Outer.' },
      b: { type: 'string', description: 'Inner.' },
      c: { description: 'No schema.' },
      d: { description: 'Anything.' },
    });
  });

  it('with another name say the one that is sent', () => {
    const tool = toolOf(
      'post',
      '/contacts/{id}',
      {
        parameters: [
          parameter('query', 'StartTime<', { description: 'Earlier.' }),
          parameter('query', 'StartTime>', { schema: { type: 'string', description: 'Later.' } }),
          parameter('query', 'filter[name]'),
          parameter('query', 'constructor', { schema: true }),
          parameter('path', 'id'),
        ],
        ...jsonBody({ type: 'object', properties: { id: {}, '@type': { $ref: '#/components/schemas/T' } } }),
      },
      { components: { schemas: { T: { type: 'string' } } } },
    );
    expect(argumentsOf(tool)).toEqual({
      id: { type: 'string' },
      StartTime_lt: { type: 'string', description: 'Earlier. (sent as "StartTime<")' },
      StartTime_gt: { type: 'string', description: 'Later. (sent as "StartTime>")' },
      filter_name: { type: 'string', description: '(sent as "filter[name]")' },
      query_constructor: { description: '(sent as "constructor")' },
      body_id: { description: '(sent as "id")' },
      type: { $ref: '#/$defs/T', description: '(sent as "@type")' },
    });
  });

  it('that are deprecated say so', () => {
    const parameters = [parameter('query', 'a', { deprecated: true }), parameter('query', 'b', { deprecated: 'yes' })];
    expect(argumentsOf(toolOf('get', '/contacts', { parameters }))).toEqual({
      a: { type: 'string', deprecated: true },
      b: { type: 'string' },
    });
  });

  it('of the path without a description are required strings, and unused ones are left out', () => {
    const tool = toolOf('get', '/a/{x}/{y}/{x}', { parameters: [parameter('path', 'y'), parameter('path', 'z')] });
    expect(tool.inputSchema).toMatchObject({
      properties: { y: { type: 'string' }, x: { type: 'string' } },
      required: ['y', 'x'],
    });
    expect(Object.keys(argumentsOf(tool))).toEqual(['y', 'x']);
  });

  test.each([
    [{ in: 'query', schema: {} }, 'It has a parameter without a name or a place: `query`.'],
    [{ in: 'body', name: 'x', schema: {} }, 'It has a parameter without a name or a place: `x`.'],
    [{ $ref: '#/components/parameters/No' }, 'It uses `#/components/parameters/No`, which is not in the document.'],
    [
      { $ref: 'other.yaml#/Limit' },
      `It uses \`other.yaml#/Limit\`, which is outside of the document: external references are not read. ${BUNDLE}`,
    ],
  ])('%j: the operation is skipped', (broken, reason) => {
    expect(reasonOf('get', '/contacts', { parameters: [broken] })).toBe(reason);
  });
});
