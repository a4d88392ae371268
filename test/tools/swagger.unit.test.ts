import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { derive } from '../../src/tools/derive.ts';
import { argumentsOf, derived } from './support/documents.ts';
import { compile } from './support/schemas.ts';

const swagger = (operation: object, rest: Record<string, unknown> = {}, method = 'post') => ({
  swagger: '2.0',
  info: { title: 'Old', version: '1' },
  paths: { '/things': { [method]: { summary: 'Does it.', ...operation } } },
  ...rest,
});
/** The one tool of a Swagger document with one operation. */
function oldTool(operation: object, rest: Record<string, unknown> = {}, method = 'post') {
  const { tools, skipped } = derived(swagger(operation, rest, method));
  const [tool] = tools;
  if (tool === undefined) {
    throw new Error(`no tool: ${JSON.stringify(skipped)}`);
  }
  return tool;
}
const list = (collectionFormat?: string, rest: object = {}) => ({
  in: 'query',
  name: 'ids',
  type: 'array',
  items: { type: 'integer' },
  ...(collectionFormat === undefined ? {} : { collectionFormat }),
  ...rest,
});

describe('Swagger 2.0 is read as OpenAPI', () => {
  it.each([['2.0'], [2]])('with the version %j, which YAML reads as a number', (version) => {
    expect(derived({ ...swagger({}), swagger: version }).tools).toHaveLength(1);
    const yaml = 'swagger: 2.0\npaths: {/a: {get: {summary: x}}}';
    expect(derive(yaml, { integration: 'acme' }).tools).toHaveLength(1);
  });

  test.each<[string, object, object]>([
    ['csv', list('csv'), { style: 'form', explode: false }],
    ['csv by default', list(), { style: 'form', explode: false }],
    ['multi', list('multi'), { style: 'form', explode: true }],
    ['pipes', list('pipes'), { style: 'pipeDelimited', explode: false }],
    ['ssv', list('ssv'), { style: 'spaceDelimited', explode: false }],
  ])('a list in a query: %s', (_, parameter, plan) => {
    const tool = oldTool({ parameters: [parameter] }, {}, 'get');
    expect(tool.request.parameters).toMatchObject([{ name: 'ids', ...plan }]);
    expect(argumentsOf(tool)).toEqual({ ids: { type: 'array', items: { type: 'integer' } } });
  });

  test.each([
    ['csv by default', undefined, false],
    ['multi', 'multi', true],
  ])('a list in a form: %s', (_, format, explode) => {
    const tool = oldTool({
      consumes: ['application/x-www-form-urlencoded'],
      parameters: [list(format, { in: 'formData', required: true }), { in: 'formData', name: 'a', type: 'string' }],
    });
    expect(tool.inputSchema.required).toBeUndefined();
    expect(tool.request.body).toMatchObject({
      mediaType: 'application/x-www-form-urlencoded',
      members: [{ name: 'ids', style: 'form', explode }, { name: 'a' }],
      requiredMembers: ['ids'],
    });
  });

  it('bodies, also shared ones and those of the path, and references to definitions', () => {
    const definitions = {
      Thing: { type: 'object', required: ['name'], properties: { name: { type: 'string', 'x-nullable': true } } },
    };
    const body = { in: 'body', name: 'thing', required: true, schema: { $ref: '#/definitions/Thing' } };
    const shared = { $ref: '#/parameters/Thing' };
    const documents = [
      swagger({ parameters: [body] }, { definitions }),
      swagger({ parameters: [shared] }, { definitions, parameters: { Thing: body } }),
      { ...swagger({}, { definitions }), paths: { '/things': { post: { summary: 'x' }, parameters: [body] } } },
      {
        ...swagger({}, { definitions, parameters: { Thing: body } }),
        paths: { '/things': { parameters: [{ ...body, schema: {} }], post: { summary: 'x', parameters: [shared] } } },
      },
    ];
    for (const document of documents) {
      const [tool] = derived(document).tools;
      expect(tool?.inputSchema).toMatchObject({
        required: ['name'],
        properties: { name: { type: ['string', 'null'] } },
      });
      expect(tool?.request.body).toMatchObject({ kind: 'json', mediaType: 'application/json', required: true });
    }
  });

  it('files are parts of a multipart body, whatever else the operation takes', () => {
    const parameters = [
      { in: 'formData', name: 'file', type: 'file', required: true },
      { in: 'formData', name: 'note', type: 'string' },
    ];
    for (const consumes of [
      undefined,
      ['multipart/form-data'],
      ['application/x-www-form-urlencoded', 'multipart/form-data'],
    ]) {
      const tool = oldTool({ parameters, ...(consumes === undefined ? {} : { consumes }) });
      expect(tool.request.body).toMatchObject({
        kind: 'multipart',
        members: [
          { name: 'file', encoding: 'base64' },
          { name: 'note', encoding: 'text' },
        ],
      });
    }
  });

  it('a discriminator stands for what inherits', () => {
    const definitions = {
      Pet: { type: 'object', discriminator: 'kind', properties: { kind: { type: 'string' } } },
      Cat: { allOf: [{ $ref: '#/definitions/Pet' }, { properties: { lives: { type: 'integer' } } }] },
    };
    const parameters = [
      { in: 'body', name: 'pet', schema: { type: 'object', properties: { pet: { $ref: '#/definitions/Pet' } } } },
    ];
    expect(JSON.stringify(oldTool({ parameters }, { definitions }).inputSchema)).toContain('"lives"');
  });

  test.each<[object, string[]]>([
    [
      { host: 'a.example', basePath: '/v1', schemes: ['http', 'https', 'wss'] },
      ['https://a.example/v1', 'http://a.example/v1'],
    ],
    [{ host: 'a.example' }, ['https://a.example']],
    [{ host: 'a.example', schemes: ['http'] }, ['http://a.example']],
    [{ basePath: '/v1' }, ['/v1']],
    [{}, []],
  ])('its server: %j', (facts, urls) => {
    expect(derived(swagger({}, facts as Record<string, unknown>)).servers.map(({ url }) => url)).toEqual(urls);
  });

  it('its security', () => {
    const securityDefinitions = {
      key: { type: 'apiKey', in: 'query', name: 'k' },
      login: { type: 'basic' },
      machine: { type: 'oauth2', flow: 'application', tokenUrl: 'https://t', scopes: { a: '' } },
      broken: null,
    };
    expect(derived(swagger({}, { securityDefinitions, security: [{ login: [] }] })).security).toMatchObject([
      { type: 'http', scheme: 'login', httpScheme: 'basic' },
      { type: 'apiKey', scheme: 'key', in: 'query', name: 'k' },
      { type: 'clientCredentials', scheme: 'machine', tokenUrl: 'https://t' },
    ]);
  });
});

describe('a flawed Swagger document loses the flawed operations only', () => {
  const skipped = (item: unknown, rest: Record<string, unknown> = {}) => {
    const paths = {
      '/a': item,
      '/ok': { get: { summary: 'x', responses: { 200: null, 201: { examples: 3, headers: [] } } } },
    };
    const found = derived({ ...swagger({}, rest), paths });
    expect(found.tools.map(({ request }) => request.path)).toContain('/ok');
    return found.skipped.map(({ reason }) => reason);
  };

  test.each<[unknown, string[]]>([
    [{ get: null, post: 'x', 'x-more': null }, ['It is not an object.', 'It is not an object.']],
    [null, ['`/paths/~1a` is not an object.']],
    [{ get: { summary: 'x', parameters: [{ name: 'a' }] } }, ['It has a parameter without a name or a place: `a`.']],
    [
      { get: { summary: 'x', parameters: [{ $ref: '#/parameters/No' }] } },
      ['It uses `#/parameters/No`, which is not in the document.'],
    ],
    [{ get: { summary: 'x', parameters: 3, consumes: 'x', produces: [], responses: [] } }, []],
    [{ get: { summary: 'x', parameters: [null, 3] } }, []],
  ])('%j', (item, reasons) => {
    expect(skipped(item, { parameters: { A: { in: 'query', name: 'a', type: 'string' } } })).toEqual(reasons);
    expect(
      skipped(item, { parameters: 'x', definitions: [], responses: 3, securityDefinitions: 'y', host: {} }),
    ).toHaveLength(reasons.length);
  });

  it('any document gives tools or reasons', () => {
    const junk = fc.jsonValue({ maxDepth: 2 });
    const any = (value: fc.Arbitrary<unknown>) =>
      fc.oneof({ weight: 6, arbitrary: value }, { weight: 1, arbitrary: junk });
    const map = (value: fc.Arbitrary<unknown>) =>
      any(fc.dictionary(fc.constantFrom('a', 'b', '__proto__', '200'), any(value), { maxKeys: 3 }));
    const few = (fields: Record<string, fc.Arbitrary<unknown>>) =>
      any(fc.record(mapOf(fields, any), { requiredKeys: [] }));
    const ref = (kind: string) =>
      fc.constantFrom(...['a', 'b', 'no', ''].map((name) => ({ $ref: `#/${kind}/${name}` })));
    const word = fc.constantFrom(
      'a',
      'b',
      'application/json',
      'multipart/form-data',
      'application/x-www-form-urlencoded',
    );
    const words = fc.array(word, { maxLength: 2 });
    const { schema } = fc.letrec((tie) => ({
      schema: fc.oneof(
        { maxDepth: 3, depthSize: 'small' },
        ref('definitions'),
        few({
          type: fc.constantFrom('object', 'array', 'file', 'string'),
          properties: map(tie('schema')),
          items: tie('schema'),
          allOf: fc.array(tie('schema'), { maxLength: 2 }),
          discriminator: word,
          required: words,
          'x-nullable': fc.boolean(),
          'x-ms-discriminator-value': word,
        }),
      ),
    }));
    const place = fc.constantFrom('body', 'formData', 'query', 'path', 'header');
    const parameter = fc.oneof(
      ref('parameters'),
      few({
        in: place,
        name: word,
        type: fc.constant('array'),
        items: schema,
        schema,
        collectionFormat: fc.constantFrom('csv', 'multi', 'tsv'),
      }),
    );
    const response = fc.oneof(ref('responses'), few({ schema, examples: map(junk), headers: map(junk) }));
    const operation = few({
      summary: fc.constant('Does it.'),
      parameters: fc.array(any(parameter), { maxLength: 3 }),
      responses: map(response),
      consumes: words,
      produces: words,
    });
    const item = few({ get: operation, post: operation, parameters: fc.array(any(parameter), { maxLength: 2 }) });
    const documents = fc.record({
      swagger: fc.constant('2.0'),
      paths: fc.dictionary(fc.constantFrom('/a', '/b/{a}'), any(item)),
      definitions: map(schema),
      parameters: map(parameter),
      responses: map(response),
      securityDefinitions: map(few({ type: fc.constantFrom('oauth2', 'basic', 'apiKey'), flow: word, scopes: junk })),
      consumes: words,
    });
    fc.assert(
      fc.property(documents, (document) => {
        for (const { inputSchema } of derived(document).tools) {
          compile(inputSchema);
        }
      }),
    );
  });
});

const mapOf = <T, U>(values: Record<string, T>, each: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, each(value)]));
