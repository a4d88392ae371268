import { describe, expect, it, test } from 'vitest';
import { argumentsOf, jsonBody, reasonOf, toolOf } from './support/documents.ts';
import { compile } from './support/schemas.ts';

const bodyOf = (content: Record<string, object>, required = true) => ({ requestBody: { required, content } });
const post = (schema: unknown, rest: Record<string, unknown> = {}) => toolOf('post', '/things', jsonBody(schema), rest);
const person = { type: 'object', properties: { name: { type: 'string' }, age: {} }, required: ['name'] };

describe('an object body becomes flat arguments', () => {
  test.each<[string, object, string[], string[]]>([
    ['a plain object', person, ['name', 'age'], ['name']],
    ['without a type', { properties: { a: {} } }, ['a'], []],
    ['that may be null', { ...person, type: ['object', 'null'] }, ['name', 'age'], ['name']],
    ['nullable', { ...person, nullable: true }, ['name', 'age'], ['name']],
    ['without members', { type: 'object', properties: {}, additionalProperties: false }, [], []],
    [
      'allOf, each part once',
      { allOf: [{ $ref: '#/components/schemas/Person' }, { properties: { extra: {} }, required: ['age'] }] },
      ['name', 'age', 'extra'],
      ['name', 'age'],
    ],
    [
      'allOf inside allOf, beside properties',
      { allOf: [{ allOf: [person] }], properties: { z: {} } },
      ['z', 'name', 'age'],
      ['name'],
    ],
    ['allOf of itself', { $ref: '#/components/schemas/Loop' }, ['own'], []],
    [
      'beside a $ref (3.1)',
      { $ref: '#/components/schemas/Person', required: ['age'] },
      ['name', 'age'],
      ['name', 'age'],
    ],
    [
      'a discriminator without alternatives',
      { ...person, discriminator: { propertyName: 'name' } },
      ['name', 'age'],
      ['name'],
    ],
    [
      'alternatives that only require members',
      { ...person, anyOf: [{ required: ['age'] }, { required: ['name'] }], not: { required: ['x'] }, minProperties: 1 },
      ['name', 'age'],
      ['name'],
    ],
    [
      'read-only members are left out',
      { ...person, properties: { ...person.properties, id: { readOnly: true } }, required: ['name', 'id'] },
      ['name', 'age'],
      ['name'],
    ],
  ])('%s', (_, schema, names, required) => {
    const components = {
      schemas: {
        Person: person,
        Loop: { allOf: [{ $ref: '#/components/schemas/Loop' }, { properties: { own: {} } }] },
      },
    };
    const tool = post(schema, { components });
    expect(Object.keys(argumentsOf(tool))).toEqual(names);
    expect(tool.inputSchema.required ?? []).toEqual(required);
    expect(tool.request.body).toMatchObject({ kind: 'json', members: names.map((name) => ({ argument: name, name })) });
  });

  it('a member in several parts must satisfy all of them', () => {
    const schema = { allOf: [{ properties: { a: { type: 'string' } } }, { properties: { a: { maxLength: 3 } } }] };
    expect(argumentsOf(post(schema))).toEqual({ a: { allOf: [{ type: 'string' }, { maxLength: 3 }] } });
  });

  it('siblings of a $ref are ignored in 3.0', () => {
    const schema = { $ref: '#/components/schemas/Person', required: ['age'] };
    const tool = post(schema, { openapi: '3.0.3', components: { schemas: { Person: person } } });
    expect(tool.inputSchema.required).toEqual(['name']);
  });

  it('an optional body requires its members as soon as one is given', () => {
    const schema = { ...person, properties: { ...person.properties, 'x!': {} }, required: ['name', 'x!'] };
    const tool = toolOf('post', '/things/{name}', jsonBody(schema, false));
    expect(tool.inputSchema.required).toEqual(['name']);
    expect(tool.inputSchema.dependentRequired).toEqual({
      body_name: ['x_not'],
      age: ['body_name', 'x_not'],
      x_not: ['body_name'],
    });
    expect(tool.request.body).toMatchObject({ required: false, requiredMembers: ['body_name', 'x_not'] });
    const validate = compile(tool.inputSchema);
    expect(validate({ name: 'a' })).toBe(true);
    expect(validate({ name: 'a', age: 1 })).toBe(false);
    expect(validate({ name: 'a', age: 1, body_name: 'b', x_not: 1 })).toBe(true);
  });

  it('members that the document requires with others keep that under their arguments', () => {
    const parts = [
      {
        properties: { card: {}, address$: {}, id: { readOnly: true } },
        dependentRequired: { card: ['address$', 'id'] },
      },
      { dependentRequired: { card: ['none'], id: ['card'], address$: 3 } },
    ];
    expect(post({ allOf: parts }).inputSchema.dependentRequired).toEqual({ card: ['address'] });
  });

  test.each<[string, object, object]>([
    ['as anything', {}, {}],
    ['as the document says of all others', { additionalProperties: { type: 'integer' } }, { type: 'integer' }],
    ['also where the document is closed', { additionalProperties: false }, {}],
  ])('a member that is required without a schema is an argument: %s', (_, rest, schema) => {
    const tool = post({ ...person, required: ['name', 'method'], ...rest });
    expect(argumentsOf(tool).method).toEqual(schema);
    expect(tool.inputSchema.required).toEqual(['name', 'method']);
  });

  it('a tool with more dependent arguments than it can hold is skipped', () => {
    const names = Array.from({ length: 150 }, (_, index) => `a${index}`);
    const schema = { properties: Object.fromEntries(names.map((name) => [name, {}])), required: names };
    expect(reasonOf('post', '/things', jsonBody(schema, false))).toBe('It is larger than 256 KiB.');
    expect(post(schema).inputSchema.required).toHaveLength(150);
  });

  test.each<[string, object, unknown, boolean]>([
    ['not spoken of', {}, true, true],
    ['refused as unevaluated', { unevaluatedProperties: false }, false, false],
    ['refused', { additionalProperties: false }, false, false],
    ['allowed', { additionalProperties: true }, true, true],
    ['with a schema', { additionalProperties: { type: 'integer' } }, { type: 'integer' }, true],
    ['with a $ref', { additionalProperties: { $ref: '#/components/schemas/Value' } }, { $ref: '#/$defs/Value' }, true],
    ['refused by one part', { additionalProperties: true, allOf: [{ additionalProperties: false }] }, false, false],
    ['with two schemas', { additionalProperties: {}, allOf: [{ additionalProperties: {} }] }, true, true],
  ])('members without a name: %s', (_, schema, additionalProperties, rest) => {
    const components = { schemas: { Value: { type: 'integer' } } };
    const tool = post({ ...person, ...schema }, { components });
    expect(tool.inputSchema.additionalProperties).toEqual(additionalProperties);
    expect(tool.request.body).toMatchObject({ kind: 'json', rest });
  });
});

describe('any other body becomes the argument `body`', () => {
  test.each<[string, unknown]>([
    ['an array', { type: 'array', items: person }],
    ['a text', { type: 'string' }],
    ['anything', {}],
    ['anything, too', true],
    ['an object of any members', { type: 'object' }],
    ['a map', { type: 'object', additionalProperties: { type: 'string' } }],
    ['alternatives', { oneOf: [person, { type: 'object', properties: { b: {} } }] }],
    ['alternatives of members', { ...person, anyOf: [{ properties: { a: {} } }, { properties: { b: {} } }] }],
    ['alternatives inside allOf', { allOf: [person, { oneOf: [person, person] }] }],
    ['an object or something else', { type: ['object', 'string'], properties: { a: {} } }],
    ['patterns of names', { type: 'object', properties: { a: {} }, patternProperties: { '^x': {} } }],
    ['a condition', JSON.parse('{"properties":{"a":{}},"if":{"required":["a"]},"then":{"required":["b"]}}')],
    ['one of some objects', { ...person, enum: [{ name: 'a' }, { name: 'b' }] }],
  ])('%s', (_, schema) => {
    const tool = post(schema);
    expect(tool.inputSchema).toEqual({
      type: 'object',
      properties: { body: schema },
      required: ['body'],
      additionalProperties: false,
    });
    expect(tool.request.body).toEqual({
      mediaType: 'application/json',
      required: true,
      kind: 'root',
      argument: 'body',
      encoding: 'json',
    });
  });

  it('with the description of the body, and optional if the body is', () => {
    const tool = toolOf('post', '/things', {
      requestBody: { description: 'All of them.', content: { 'application/json': { schema: { type: 'array' } } } },
    });
    expect(tool.inputSchema.required).toBeUndefined();
    expect(argumentsOf(tool)).toEqual({ body: { type: 'array', items: {}, description: 'All of them.' } });
  });

  it('also with a parameter of that name', () => {
    const parameters = [{ in: 'path', name: 'body', schema: {} }];
    const tool = toolOf('post', '/things/{body}', { parameters, ...jsonBody({ type: 'array' }) });
    expect(Object.keys(argumentsOf(tool))).toEqual(['body', 'body_body']);
    expect(tool.request.body).toMatchObject({ argument: 'body_body' });
  });

  it('with a discriminator that refers inside the tool', () => {
    const schemas = { Cat: { type: 'object', properties: { kind: {} } }, Dog: { type: 'object' }, Cow: {} };
    const tool = post(
      {
        oneOf: [{ $ref: '#/components/schemas/Cat' }, { $ref: '#/components/schemas/Dog' }],
        discriminator: {
          propertyName: 'kind',
          mapping: { cat: '#/components/schemas/Cat', dog: 'Dog', cow: 'Cow', x: { toString: 1 } },
        },
      },
      { components: { schemas } },
    );
    expect(argumentsOf(tool)).toEqual({
      body: {
        oneOf: [{ $ref: '#/$defs/Cat' }, { $ref: '#/$defs/Dog' }],
        discriminator: { propertyName: 'kind', mapping: { cat: '#/$defs/Cat', dog: '#/$defs/Dog' } },
      },
    });
  });
});

describe('the first writable media type is used', () => {
  test.each<[string[], string, string]>([
    [['application/xml', 'application/x-www-form-urlencoded', 'application/json'], 'application/json', 'json'],
    [['text/plain', 'application/vnd.api+json; charset=utf-8'], 'application/vnd.api+json; charset=utf-8', 'json'],
    [['*/*'], '*/*', 'json'],
    [['multipart/form-data', 'application/x-www-form-urlencoded'], 'application/x-www-form-urlencoded', 'form'],
    [['application/octet-stream', 'multipart/form-data'], 'multipart/form-data', 'multipart'],
    [['application/octet-stream', 'application/xml'], 'application/xml', 'root'],
    [['image/png'], 'image/png', 'root'],
  ])('%j: %s', (types, mediaType, kind) => {
    const tool = toolOf('post', '/things', bodyOf(Object.fromEntries(types.map((type) => [type, { schema: person }]))));
    expect(tool.request.body).toMatchObject({ mediaType, kind });
  });

  test.each<[string[], string, unknown]>([
    [['application/json-patch+json', 'application/merge-patch+json'], 'application/merge-patch+json', person],
    [['application/merge-patch+json', 'application/json'], 'application/json', person],
    [['application/json-patch+json', 'application/vnd.a+json', '*/*'], 'application/vnd.a+json', person],
    [['application/vnd.a+json', 'application/merge-patch+json'], 'application/merge-patch+json', person],
    [['application/json-patch+json'], 'application/json-patch+json', { type: 'array' }],
  ])('of several kinds of JSON, the plainest: %j: %s', (types, mediaType, schema) => {
    const content = Object.fromEntries(types.map((type) => [type, { schema }]));
    expect(toolOf('patch', '/things/{id}', bodyOf(content)).request.body).toMatchObject({ mediaType });
  });

  test.each(['*/*', 'application/*', 'application/json'])('a file in %s is bytes', (mediaType) => {
    for (const schema of [{ type: 'string', format: 'binary' }, { type: 'file' }]) {
      const tool = toolOf('post', '/things', bodyOf({ [mediaType]: { schema } }));
      expect(tool.request.body).toMatchObject({ mediaType, kind: 'root', encoding: 'base64' });
    }
  });

  it('XML says its schema, with the names of elements and attributes', () => {
    const components = {
      schemas: {
        Pet: {
          type: 'object',
          xml: { name: 'pet', namespace: 'https://pets', 'x-more': 1 },
          properties: {
            id: { type: 'integer', xml: { attribute: true } },
            owner: { $ref: '#/components/schemas/Owner' },
          },
        },
        Owner: { type: 'object', xml: { name: 'o' }, properties: { name: { type: 'string' } } },
      },
    };
    const schema = { $ref: '#/components/schemas/Pet' };
    const parameters = [{ in: 'query', name: 'owner', schema: { $ref: '#/components/schemas/Owner' } }];
    const tool = toolOf(
      'post',
      '/things',
      { parameters, ...bodyOf({ 'application/xml': { schema } }) },
      { components },
    );
    expect(argumentsOf(tool).body).toEqual({
      type: 'string',
      contentMediaType: 'application/xml',
      contentSchema: { $ref: '#/$defs/Pet' },
      description: 'The body (application/xml, root element pet)',
    });
    expect(tool.inputSchema.$defs).toEqual({
      Pet: {
        type: 'object',
        xml: { name: 'pet', namespace: 'https://pets' },
        properties: { id: { type: 'integer', xml: { attribute: true } }, owner: { $ref: '#/$defs/Owner' } },
      },
      Owner: { type: 'object', xml: { name: 'o' }, properties: { name: { type: 'string' } } },
    });
    const yaml = toolOf('post', '/things', bodyOf({ 'application/yaml': { schema } }), { components });
    expect(argumentsOf(yaml).body).toMatchObject({ contentSchema: { $ref: '#/$defs/Pet' } });
    expect(JSON.stringify(yaml.inputSchema)).not.toContain('"xml"');
  });

  test.each<[string, 'text' | 'base64', object]>([
    ['text/csv', 'text', { type: 'string', description: 'The body (text/csv)' }],
    ['application/soap+xml', 'text', { type: 'string', description: 'The body (application/soap+xml)' }],
    [
      'application/pdf',
      'base64',
      { type: 'string', contentEncoding: 'base64', description: 'The body (application/pdf, base64)' },
    ],
  ])('%s is one argument, as %s', (mediaType, encoding, schema) => {
    const tool = toolOf('put', '/things/{id}', bodyOf({ [mediaType]: {} }));
    expect(argumentsOf(tool)).toMatchObject({ body: schema });
    expect(tool.request.body).toEqual({ mediaType, required: true, kind: 'root', argument: 'body', encoding });
  });

  it('a form or multipart that is not an object is skipped for the next, or gives no tool', () => {
    const schema = { type: 'array' };
    const form = { 'application/x-www-form-urlencoded': { schema } };
    expect(toolOf('post', '/things', bodyOf({ ...form, 'text/plain': {} })).request.body).toMatchObject({
      mediaType: 'text/plain',
    });
    expect(reasonOf('post', '/things', bodyOf({ ...form, 'multipart/form-data': { schema } }))).toBe(
      'Its body (`application/x-www-form-urlencoded`, `multipart/form-data`) is not an object, so it cannot be written as a form.',
    );
  });

  it('a body without a media type is ignored', () => {
    expect(toolOf('post', '/things', { requestBody: { required: true } }).request.body).toBeUndefined();
  });
});

describe('forms', () => {
  it('keep style, explode and content type of each member', () => {
    const schema = { type: 'object', properties: { tags: { type: 'array' }, meta: { type: 'object' }, 'a[b]': {} } };
    const encoding = {
      tags: { style: 'pipeDelimited', allowReserved: true },
      meta: { contentType: 'application/json' },
    };
    const tool = toolOf('post', '/things', bodyOf({ 'application/x-www-form-urlencoded': { schema, encoding } }));
    expect(tool.request.body).toEqual({
      mediaType: 'application/x-www-form-urlencoded',
      required: true,
      kind: 'form',
      members: [
        { argument: 'tags', name: 'tags', style: 'pipeDelimited', explode: false, allowReserved: true },
        {
          argument: 'meta',
          name: 'meta',
          style: 'form',
          explode: true,
          allowReserved: false,
          mediaType: 'application/json',
        },
        { argument: 'a_b', name: 'a[b]', style: 'form', explode: true, allowReserved: false, objectsAsJson: true },
      ],
      rest: true,
    });
  });
});

describe('a form whose members are not known one by one is the argument `body`', () => {
  const file = { type: 'string', format: 'binary' };
  const alternatives = { oneOf: [{ properties: { file } }, { $ref: '#/components/schemas/Link' }] };
  const components = { schemas: { Link: { properties: { link: { type: 'string' }, more: alternatives } } } };

  test.each<[string, object, string[]]>([
    ['alternatives', alternatives, ['file', 'link', 'more']],
    ['any members', { type: 'object' }, []],
    ['anything', {}, []],
  ])('%s', (_, schema, names) => {
    const form = toolOf('post', '/t', bodyOf({ 'application/x-www-form-urlencoded': { schema } }), { components });
    const parts = toolOf('post', '/t', bodyOf({ 'multipart/form-data': { schema } }), { components });
    for (const [tool, kind] of [
      [form, 'form'],
      [parts, 'multipart'],
    ] as const) {
      expect(tool.inputSchema).toMatchObject({ required: ['body'], properties: { body: { type: 'object' } } });
      expect(tool.request.body).toMatchObject({
        kind,
        argument: 'body',
        rest: true,
        members: names.map((name) => ({ argument: name, name })),
      });
    }
  });

  it('a multipart body that is a file is one part called `file`', () => {
    for (const schema of [{ type: 'file' }, file]) {
      const tool = toolOf('post', '/t', bodyOf({ 'multipart/form-data': { schema } }));
      expect(tool.inputSchema).toMatchObject({ required: ['file'], additionalProperties: false });
      expect(tool.request.body).toMatchObject({ members: [{ argument: 'file', encoding: 'base64' }], rest: false });
    }
  });
});

describe('multipart', () => {
  const base64 = { type: 'string', contentEncoding: 'base64' };

  test.each<[string, object, object, object, object]>([
    ['a text', { type: 'string' }, {}, { mediaType: 'text/plain', encoding: 'text', many: false }, { type: 'string' }],
    [
      'a number',
      { type: 'integer' },
      {},
      { mediaType: 'text/plain', encoding: 'text', many: false },
      { type: 'integer' },
    ],
    [
      'one of some texts',
      { enum: ['a'] },
      {},
      { mediaType: 'text/plain', encoding: 'text', many: false },
      { enum: ['a'] },
    ],
    [
      'an object',
      { type: 'object' },
      {},
      { mediaType: 'application/json', encoding: 'json', many: false },
      { type: 'object' },
    ],
    [
      'bytes (3.0)',
      { type: 'string', format: 'binary', description: 'A file.' },
      {},
      { mediaType: 'application/octet-stream', encoding: 'base64', many: false },
      { ...base64, description: 'A file.' },
    ],
    [
      'bytes (3.1)',
      { contentMediaType: 'image/png' },
      {},
      { mediaType: 'image/png', encoding: 'base64', many: false },
      base64,
    ],
    [
      'bytes (2.0)',
      { type: 'file' },
      {},
      { mediaType: 'application/octet-stream', encoding: 'base64', many: false },
      base64,
    ],
    [
      'text that holds bytes',
      { type: 'string', contentMediaType: 'image/png', contentEncoding: 'base64' },
      {},
      { mediaType: 'text/plain', encoding: 'text', many: false },
      { ...base64, contentMediaType: 'image/png' },
    ],
    [
      'a type of its own',
      { type: 'string' },
      { contentType: 'image/png, image/jpeg' },
      { mediaType: 'image/png', encoding: 'base64', many: false },
      base64,
    ],
    [
      'many files',
      { type: 'array', items: { type: 'string', format: 'binary' } },
      {},
      { mediaType: 'application/octet-stream', encoding: 'base64', many: true },
      { type: 'array', items: base64 },
    ],
    [
      'many texts',
      { type: 'array', items: { type: 'string' } },
      {},
      { mediaType: 'text/plain', encoding: 'text', many: true },
      { type: 'array', items: { type: 'string' } },
    ],
    [
      'a text as JSON',
      { type: 'string' },
      { contentType: 'application/json' },
      { mediaType: 'application/json', encoding: 'json', many: false },
      { type: 'string' },
    ],
  ])('%s', (_, schema, encoding, plan, argument) => {
    const content = { schema: { type: 'object', properties: { part: schema } }, encoding: { part: encoding } };
    const tool = toolOf('post', '/things', bodyOf({ 'multipart/form-data': content }));
    expect(argumentsOf(tool)).toEqual({ part: argument });
    expect(tool.request.body).toEqual({
      mediaType: 'multipart/form-data',
      required: true,
      kind: 'multipart',
      members: [{ argument: 'part', name: 'part', ...plan }],
      rest: true,
    });
  });
});

describe('a body with GET', () => {
  it('is ignored if optional, and makes the operation unusable if required', () => {
    const schema = { type: 'object', properties: { a: {} } };
    expect(toolOf('get', '/things', jsonBody(schema, false)).request.body).toBeUndefined();
    expect(reasonOf('get', '/things', jsonBody(schema))).toBe(
      'It requires a body, which HTTP clients do not send with GET.',
    );
    expect(toolOf('delete', '/things/{id}', jsonBody(schema)).request.body).toMatchObject({ kind: 'json' });
  });
});
