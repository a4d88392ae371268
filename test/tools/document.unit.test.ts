import { describe, expect, it, test } from 'vitest';
import { derive } from '../../src/tools/derive.ts';
import { DocumentError } from '../../src/tools/errors.ts';
import { argumentsOf, derived, documentOf, jsonBody, toolOf } from './support/documents.ts';

const derivedFrom = (text: string | Uint8Array) => derive(text, { integration: 'acme' });
const op = { summary: 'Does it.' };
const BUNDLE = 'Bundle the document first, for example with `npx @redocly/cli bundle`.';

describe('a document is JSON or YAML in UTF-8', () => {
  const YAML = `
openapi: 3.0.3
info: {title: A service, version: "1"}
paths:
  /things:
    get:
      summary: Does it.
      parameters:
        - {in: query, name: on, schema: {type: string, default: 2024-01-01, enum: [yes, no]}}
`;
  const names = ({ tools }: { tools: readonly { name: string }[] }) => tools.map(({ name }) => name);

  test.each([
    ['YAML', YAML],
    ['YAML with a byte order mark', `\uFEFF${YAML}`],
    ['YAML that begins with a brace', '{openapi: 3.1.0, paths: {/things: {get: {summary: x}}}}'],
    ['JSON', JSON.stringify(documentOf({ '/things': { get: op } }))],
    ['JSON with a byte order mark', `\uFEFF ${JSON.stringify(documentOf({ '/things': { get: op } }))}`],
  ])('%s', (_, text) => {
    expect(names(derivedFrom(text))).toEqual(['list_all_acme_things']);
    expect(derivedFrom(new TextEncoder().encode(text))).toEqual(derivedFrom(text));
  });

  it('special words of YAML stay text', () => {
    const [tool] = derivedFrom(YAML).tools;
    expect(tool?.inputSchema.properties).toEqual({
      on: { type: 'string', default: '2024-01-01', enum: ['yes', 'no'] },
    });
  });

  it('aliases and merge keys of YAML are followed', () => {
    const text = `
openapi: 3.1.0
paths:
  /a: {get: &get {summary: x, tags: [t]}}
  /b: {get: *get, post: {<<: *get, summary: y}}
`;
    expect(derivedFrom(text).tools.map(({ verb, description, tags }) => [verb, description, tags])).toEqual([
      ['GET', 'x', ['t']],
      ['GET', 'x', ['t']],
      ['POST', 'y', ['t']],
    ]);
  });
});

describe('an unusable document is refused with place and remedy', () => {
  test.each<[string, string | Uint8Array, string, string | null]>([
    ['nothing', '', 'The document is not valid YAML: expected a document, but the input is empty', null],
    ['a text', 'hello', 'The document is not an object, so it is not an OpenAPI document.', null],
    ['a list', '[]', 'The document is not an object, so it is not an OpenAPI document.', null],
    ['bytes', new Uint8Array([0xff, 0xfe, 0x00]), 'The document is not text in UTF-8.', null],
    [
      'broken JSON',
      '{"openapi": "3.1.0",\n "paths": {"a" 1}}',
      `The document is not valid JSON: Expected ':' after property name`,
      'line 2, column 16',
    ],
    [
      'JSON that ends early',
      '{"openapi": "3.1.0",\n "paths":',
      'The document is not valid JSON: Unexpected end of JSON input',
      'line 2, column 10',
    ],
    ['JSON with a broken word', '{"openapi": \n}}', 'The document is not valid YAML', 'line 2, column 2'],
    ['broken YAML', 'openapi: 3.1.0\npaths:\n  a: "x\n', 'The document is not valid YAML', 'line 4, column 1'],
    [
      'a key twice',
      'openapi: 3.1.0\npaths: {}\npaths: {}\n',
      'The document is not valid YAML: duplicated mapping key',
      'line 3, column 1',
    ],
    [
      'Swagger 1.2',
      '{"swagger": "1.2", "paths": {}}',
      'The document is Swagger 1.2. Convert it to Swagger 2.0 or OpenAPI 3 first.',
      '/swagger',
    ],
    ['no version', '{"paths": {}}', 'The document has no `openapi` version, so it is not an OpenAPI document.', null],
    [
      'another version',
      '{"openapi": "4.0.0", "paths": {}}',
      'OpenAPI `4.0.0` is not supported; OpenAPI 3.0 and 3.1 are.',
      '/openapi',
    ],
    [
      '3.2',
      '{"openapi": "3.2.0", "paths": {}}',
      'OpenAPI `3.2.0` is not supported; OpenAPI 3.0 and 3.1 are.',
      '/openapi',
    ],
    [
      'a strange version',
      '{"openapi": {"toString": 1}, "paths": {}}',
      'OpenAPI `` is not supported; OpenAPI 3.0 and 3.1 are.',
      '/openapi',
    ],
    ['no paths in Swagger', '{"swagger": "2.0"}', 'The document has no paths, so it gives no tools.', '/paths'],
    [
      'Swagger with an alias of itself',
      'swagger: "2.0"\npaths: {/a: {get: {x: &a [*a]}}}',
      'The document is nested deeper than 500 levels.',
      null,
    ],
    [
      'Swagger with aliases of aliases',
      `swagger: "2.0"\nx0: &x0 [1,1,1,1,1,1,1,1,1,1]\n${[1, 2, 3, 4, 5, 6].map((n) => `x${n}: &x${n} [${Array(10).fill(`*x${n - 1}`)}]`).join('\n')}\npaths: {/a: {get: {x: *x6}}}`,
      'The document contains more than a million values.',
      null,
    ],
    ['no paths', '{"openapi": "3.1.0"}', 'The document has no paths, so it gives no tools.', '/paths'],
    [
      'a list of paths',
      '{"openapi": "3.1.0", "paths": []}',
      'The document has no paths, so it gives no tools.',
      '/paths',
    ],
  ])('%s', (_, text, reason, place) => {
    let found: unknown;
    try {
      derivedFrom(text);
    } catch (error) {
      found = error;
    }
    expect(found).toBeInstanceOf(DocumentError);
    expect(found).toMatchObject({ place, reason: expect.stringContaining(reason) });
    expect((found as DocumentError).message).toContain(place ?? reason);
  });

  it('more than 10,000 operations are refused', () => {
    const many = (count: number) =>
      documentOf(Object.fromEntries(Array.from({ length: count }, (_, index) => [`/a${index}`, { get: {} }])));
    expect(derived(many(10_000)).skipped).toHaveLength(10_000);
    expect(() => derived(many(10_001))).toThrow('The document has more than 10,000 operations. (at /paths)');
  });
});

describe('only documented operations become tools', () => {
  test.each<[string, object, string]>([
    ['a summary', { get: { summary: ' A. ' } }, 'A.'],
    ['a description', { get: { description: 'B.' } }, 'B.'],
    ['both', { get: { summary: 'A.', description: 'B.' } }, 'A.\n\nB.'],
    ['a description that begins with the summary', { get: { summary: 'A', description: 'A and B.' } }, 'A and B.'],
    ['that of the path', { get: { summary: ' ' }, summary: 'P.', description: 'Q.' }, 'P.\n\nQ.'],
    ['its own before that of the path', { get: { summary: 'A.' }, description: 'Q.' }, 'A.'],
  ])('%s', (_, item, description) => {
    expect(derived(documentOf({ '/things': item })).tools.map((tool) => tool.description)).toEqual([description]);
  });

  it('a deprecated operation says so', () => {
    expect(toolOf('get', '/things', { summary: 'A.', deprecated: true }).description).toBe('Deprecated. A.');
    expect(toolOf('get', '/things', { summary: 'A.', deprecated: 'no' }).description).toBe('A.');
  });

  test.each<[object, string]>([
    [{ operationId: 'get_my_user' }, 'get_my_user (GET /things)'],
    [{}, 'GET /things'],
    [{ operationId: 7, deprecated: true }, 'Deprecated. GET /things'],
    [{ summary: 'A.' }, 'A.'],
  ])('undocumented operations can be included: %j', (operation, description) => {
    const document = documentOf({ '/things': { get: operation } });
    expect(derived(document, { undocumented: 'include' }).tools).toMatchObject([{ description }]);
    expect(derived(document, { undocumented: 'skip' }).tools).toEqual(derived(document).tools);
  });

  test.each([[{}], [{ summary: '', description: ' \n' }], [{ summary: 3, description: null }]])(
    'an undocumented operation gives no tool, and is listed as skipped: %j',
    (operation) => {
      expect(derived(documentOf({ '/things': { get: operation, post: op } }))).toMatchObject({
        tools: [{ verb: 'POST' }],
        skipped: [{ operation: 'GET /things', reason: 'It has neither a summary nor a description.' }],
      });
    },
  );
});

describe('paths', () => {
  it('may be references inside the document', () => {
    const document = documentOf(
      { '/things': { $ref: '#/components/pathItems/Things' } },
      { components: { pathItems: { Things: { get: op } } } },
    );
    expect(derived(document).tools).toMatchObject([{ name: 'list_all_acme_things' }]);
  });

  test.each<[string, unknown, string]>([
    [
      '/a',
      { $ref: 'paths.yaml#/a' },
      `It uses \`paths.yaml#/a\`, which is outside of the document: external references are not read. ${BUNDLE}`,
    ],
    ['/a', { $ref: '#/paths/~1a' }, 'It uses `#/paths/~1a`, which refers to itself without end.'],
    ['/a/~b', 'nothing', '`/paths/~1a~1~0b` is not an object.'],
    ['a', { get: op }, 'Its path does not begin with a slash.'],
    ['__proto__', { get: op }, 'Its path does not begin with a slash.'],
    ['/a?b={c}', { get: op }, 'Its path holds a `{…}` behind a `?`: declare it as a parameter of the query.'],
  ])('%s is skipped: %j', (path, item, reason) => {
    const paths = Object.fromEntries([
      [path, item],
      ['/ok', { get: op }],
      ['x-extra', 'ignored'],
    ]);
    expect(derived(documentOf(paths))).toMatchObject({
      tools: [{ name: 'list_all_acme_ok' }],
      skipped: [{ operation: `* ${path}`, reason }],
    });
  });

  it('may hold a query or a fragment, which tell operations apart', () => {
    const parameters = [
      { in: 'query', name: 'beta', schema: {} },
      { in: 'query', name: 'c', schema: {} },
    ];
    const paths = {
      '/a': { post: op },
      '/a?beta=true&x=ä b': { post: { ...op, parameters } },
      '/a/{id}#lock': { put: op },
      '/a/{id}#unlock?{no}': { put: op },
    };
    const { tools, skipped } = derived(documentOf(paths));
    expect(skipped).toEqual([]);
    expect(tools.map(({ request: { path, query } }) => [path, query])).toEqual([
      ['/a', undefined],
      ['/a', 'beta=true&x=%C3%A4+b'],
      ['/a/{id}', undefined],
      ['/a/{id}', undefined],
    ]);
    expect(tools.map((tool) => Object.keys(argumentsOf(tool)))).toEqual([[], ['c'], ['id'], ['id']]);
    expect(new Set(tools.map(({ name }) => name)).size).toBe(4);
  });

  it('an operation may be a reference; one that is not an object is skipped', () => {
    const missing = '#/components/x-operations/no';
    const paths = {
      '/a': {
        get: { $ref: '#/components/x-operations/a' },
        post: op,
        put: { $ref: 'ops.yaml#/a' },
        patch: { $ref: missing },
        delete: 'x',
      },
    };
    const found = derived(documentOf(paths, { components: { 'x-operations': { a: { summary: 'Referenced.' } } } }));
    expect(found.tools.map(({ verb, description }) => [verb, description])).toEqual([
      ['GET', 'Referenced.'],
      ['POST', 'Does it.'],
    ]);
    expect(found.skipped).toEqual([
      {
        operation: 'PUT /a',
        reason: `It uses \`ops.yaml#/a\`, which is outside of the document: external references are not read. ${BUNDLE}`,
      },
      { operation: 'PATCH /a', reason: `It uses \`${missing}\`, which is not in the document.` },
      { operation: 'DELETE /a', reason: 'It is not an object.' },
    ]);
  });
});

const TOO_MANY_DEMANDS =
  'The operations of the document have more than 1,000 different requirements of security and servers.';

describe('the facts about the service', () => {
  it('contain servers with variables, also relative ones', () => {
    const servers = [
      {
        url: 'https://{region}.example.com/{__proto__}/{base}',
        variables: { region: { default: 'eu', enum: ['eu', 'us'] }, base: { default: 8443 }, unused: { default: 'x' } },
      },
      { url: '/v1' },
      { description: 'no URL' },
    ];
    expect(derived(documentOf({}, { servers })).servers).toEqual([
      {
        url: 'https://{region}.example.com/{__proto__}/{base}',
        variables: Object.fromEntries([
          ['region', { default: 'eu', enum: ['eu', 'us'] }],
          ['__proto__', {}],
          ['base', { default: '8443' }],
        ]),
      },
      { url: '/v1', variables: {} },
    ]);
    expect(derived(documentOf({})).servers).toEqual([]);
  });

  it('attach the servers of an operation or its path to the tool', () => {
    const servers = (url: string) => ({ servers: [{ url }, { url: 'https://second' }] });
    const paths = { '/a': { ...servers('https://path'), get: op, post: { ...op, ...servers('https://operation') } } };
    expect(derived(documentOf(paths)).tools.map(({ request }) => request.server)).toEqual([
      { url: 'https://path', variables: {} },
      { url: 'https://operation', variables: {} },
    ]);
    expect(toolOf('get', '/a', {}).request.server).toBeUndefined();
  });

  it('contain the places of credentials, the globally required first', () => {
    const securitySchemes = {
      key: { type: 'apiKey', in: 'query', name: 'api_key' },
      basic: { type: 'http', scheme: 'Basic' },
      code: { type: 'oauth2', flows: { authorizationCode: { tokenUrl: 'https://x' } } },
      machine: { type: 'oauth2', flows: { clientCredentials: { tokenUrl: 'https://t', scopes: { a: '', b: '' } } } },
      strange: { type: 'apiKey', in: { toString: 1 }, name: 'x' },
      missing: { $ref: '#/components/securitySchemes/no' },
      linked: { $ref: '#/components/securitySchemes/key' },
      connect: { type: 'openIdConnect', openIdConnectUrl: 'https://o' },
    };
    const document = documentOf({}, { components: { securitySchemes }, security: [{ machine: ['a'] }] });
    expect(derived(document).security).toEqual([
      { type: 'clientCredentials', scheme: 'machine', tokenUrl: 'https://t', scopes: ['a', 'b'] },
      { type: 'apiKey', scheme: 'key', in: 'query', name: 'api_key' },
      { type: 'http', scheme: 'basic', httpScheme: 'basic' },
      { type: 'oauth2', scheme: 'code' },
      { type: 'unsupported', scheme: 'strange' },
      { type: 'unsupported', scheme: 'missing' },
      { type: 'apiKey', scheme: 'linked', in: 'query', name: 'api_key' },
      { type: 'openIdConnect', scheme: 'connect' },
    ]);
  });

  it('contain what operations demand, each once', () => {
    const get = (more: object) => ({ get: { summary: 'x', ...more } });
    const paths = {
      '/a': get({}),
      '/b': get({ security: [] }),
      '/c': get({ security: [{ one: ['scope'], two: [] }, {}] }),
      '/d': get({ security: [{ root: [] }] }),
      '/e': { ...get({}), servers: [{ url: 'https://e' }] },
      '/f': get({ security: 'odd' }),
      '/g': get({ security: [null, 7] }),
    };
    const { accesses, tools } = derived(documentOf(paths, { security: [{ root: ['x'] }] }));
    expect(accesses).toEqual([
      { requirements: [['root']] },
      { requirements: [] },
      { requirements: [['one', 'two'], []] },
      { requirements: [['root']], server: { url: 'https://e', variables: {} } },
      { requirements: [[], []] },
    ]);
    expect(tools.map(({ request }) => request.access)).toEqual([0, 1, 2, 0, 3, 0, 4]);
    const silent = derived(documentOf({ '/a': get({}), '/b': get({ security: {} }) }));
    expect([silent.accesses, silent.tools.map(({ request }) => request.access)]).toEqual([[], [undefined, undefined]]);
  });

  it('contain at most 1,000 different demands, and 64 KiB of them', () => {
    const many = (count: number, letters: number) =>
      derived(
        documentOf(
          Object.fromEntries(
            Array.from({ length: count }, (_, index) => [
              `/p${index}`,
              { get: { summary: 'x', security: [{ [`${'s'.repeat(letters)}${index}`]: [] }] } },
            ]),
          ),
        ),
      );
    expect(many(1000, 1).skipped).toEqual([]);
    const { tools, skipped } = many(1001, 1);
    expect([tools.length, skipped]).toEqual([1000, [{ operation: 'GET /p1000', reason: TOO_MANY_DEMANDS }]]);
    expect(many(700, 100).skipped.length).toBeGreaterThan(0);
  });

  it('contain the title', () => {
    expect(derived(documentOf({})).title).toBe('A service');
    expect(derived({ openapi: '3.1.0', paths: {} }).title).toBe('');
  });
});

describe('keys that every JavaScript object has', () => {
  it('are ordinary keys', () => {
    const properties = JSON.parse('{"__proto__": {"type": "string"}, "constructor": {"type": "integer"}}');
    const components = { schemas: JSON.parse('{"__proto__": {"type": "object"}}') };
    const schema = { type: 'object', properties, required: ['__proto__'] };
    const tool = toolOf(
      'post',
      '/constructor/{__proto__}',
      { operationId: '__proto__', ...jsonBody(schema) },
      { components },
    );
    expect(Object.keys(argumentsOf(tool))).toEqual(['path___proto__', 'body___proto__', 'body_constructor']);
    expect(tool).toMatchObject({
      resource: 'constructor',
      method: 'proto',
      inputSchema: { required: ['path___proto__', 'body___proto__'] },
    });
    const nested = toolOf('post', '/things', jsonBody({ type: 'array', items: schema }));
    expect(JSON.parse(JSON.stringify(nested))).toEqual(nested);
    expect(JSON.stringify(nested)).toContain(JSON.stringify(schema));
  });
});

it('a result is JSON, and equal for equal input', () => {
  const document = documentOf({
    '/things/{id}': { put: { ...op, ...jsonBody({ type: 'object', properties: { a: {} } }) } },
  });
  const once = derived(document);
  expect(JSON.parse(JSON.stringify(once))).toEqual(once);
  expect(derived(document)).toEqual(once);
});

describe('parts that are nested deeper than any stack', () => {
  const LEVELS = 10_000;
  const NESTS = {
    allOf: ['{"allOf":[', ']}'],
    anyOf: ['{"anyOf":[', ']}'],
    items: ['{"items":', '}'],
    properties: ['{"properties":{"a":', '}}'],
  } as const;
  type Places = Record<'parameter' | 'body' | 'answer' | 'component', unknown>;
  const documentWith = ({ parameter, body, answer, component }: Partial<Places>): string =>
    JSON.stringify({
      openapi: '3.1.0',
      info: { title: 'x', version: '1' },
      paths: {
        '/deep': {
          post: {
            summary: 'x',
            parameters: [{ name: 'p', in: 'query', schema: parameter ?? {} }],
            requestBody: { content: { 'application/json': { schema: body ?? {} } } },
            responses: { 200: { content: { 'application/json': { schema: answer ?? {} } } } },
          },
        },
        '/other': { get: { summary: 'x' } },
      },
      components: {
        schemas: { Base: { discriminator: { propertyName: 'k' } }, Deep: { allOf: [component ?? {}] } },
      },
    });

  it.each(['parameter', 'body', 'answer', 'component'] as const)('in a %s cost one tool at most', (place) => {
    for (const [begin, end] of Object.values(NESTS)) {
      const text = documentWith({ [place]: '@' }).replace(
        '"@"',
        `${begin.repeat(LEVELS)}{"$ref":"#/components/schemas/Base"}${end.repeat(LEVELS)}`,
      );
      expect(derive(text, { integration: 'x' }).tools.map(({ request }) => request.path)).toContain('/other');
    }
  });
});
