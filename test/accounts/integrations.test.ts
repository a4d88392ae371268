import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dump } from 'js-yaml';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CRM, createAccount, documentOf } from '../support/accounts.ts';
import { type Call, call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let closed: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  closed = await startTestServer();
});
afterAll(() => Promise.all([server.stop(), closed.stop()]));

const create = (body: object, on = server) => call(on.url, 'createIntegration', { body: { name: 'crm', ...body } });
const update = (id: string, body: unknown, more: Call = {}) =>
  call(server.url, 'updateIntegration', { path: { id }, body, ...more });
const tools = async (id: string, query: string | Record<string, string> = '') =>
  (await call(server.url, 'listIntegrationTools', { path: { id }, query })).body.result as Record<string, unknown>[];
const names = async (id: string, query = '') => (await tools(id, query)).map(({ name }) => name);
const failuresOf = (body: { details: { failures: { path: string; message: string }[] } }) =>
  body.details.failures.map(({ path, message }) => `${path}: ${message}`);

const NAMES = [
  'list_all_crm_contacts',
  'create_a_crm_contact',
  'get_single_crm_contact_by_id',
  'update_a_crm_contact_by_id',
  'delete_a_crm_contact_by_id',
  'list_all_crm_companies',
  'crm_company_import_companies',
  'crm_webhook_download',
];

describe('createIntegration 201', () => {
  test.each([
    ['a JSON object', CRM],
    ['JSON text', JSON.stringify(CRM)],
    ['YAML text', dump(CRM)],
  ])('accepts a document as %s', async (_, document) => {
    const { status, body, headers } = await create({ document });
    const at = new Date(server.clock.now).toISOString();
    expect([status, body]).toEqual([
      201,
      {
        id: body.id,
        name: 'crm',
        base_url: 'https://service.example.com',
        tool_tags: {},
        approval_policy: 'auto_approve_all',
        timeout_seconds: null,
        tool_count: NAMES.length,
        tools_bytes: body.tools_bytes,
        tools_tokens: Math.ceil(body.tools_bytes / 4),
        skipped: [],
        warnings: [],
        created_at: at,
        updated_at: at,
        output_schemas: 'loose',
        naming: 2,
        undocumented: 'skip',
        required_approvals: 1,
        security_schemes: [],
        server_variables: [],
      },
    ]);
    expect(headers.get('location')).toBe(`/integration/${body.id}`);
    expect((await names(body.id)).toSorted()).toEqual(NAMES.toSorted());
  });

  test('tells the security schemes and the variables of the document, for which accounts have values', async () => {
    const scheme = (name: string, type: string, takes: string[], more: object = {}) => ({
      ...{ name, type, takes, in: null, parameter: null, token_url: null, scopes: [] },
      ...more,
    });
    const tokenUrl = 'https://auth.example.com/token';
    const { body } = await create({
      document: {
        ...CRM,
        servers: [
          { url: 'https://{region}.example.com/{id}', variables: { region: { default: 'eu', enum: ['eu', 'us'] } } },
        ],
        components: {
          securitySchemes: {
            key: { type: 'apiKey', in: 'query', name: 'k' },
            basic: { type: 'http', scheme: 'basic' },
            bearer: { type: 'http', scheme: 'bearer' },
            digest: { type: 'http', scheme: 'digest' },
            client: { type: 'oauth2', flows: { clientCredentials: { tokenUrl, scopes: { read: '' } } } },
            person: { type: 'openIdConnect', openIdConnectUrl: 'https://auth.example.com' },
          },
        },
      },
    });
    expect(body.security_schemes).toEqual([
      scheme('key', 'apiKey', ['api_key'], { in: 'query', parameter: 'k' }),
      scheme('basic', 'http', ['basic']),
      scheme('bearer', 'http', ['bearer', 'client']),
      scheme('digest', 'http', []),
      scheme('client', 'oauth2', ['client', 'bearer'], { token_url: tokenUrl, scopes: ['read'] }),
      scheme('person', 'openIdConnect', ['bearer', 'client']),
    ]);
    expect(body.server_variables).toEqual([
      { name: 'region', default: 'eu', values: ['eu', 'us'] },
      { name: 'id', default: null, values: [] },
    ]);
  });

  test('stores the fields beside the document', async () => {
    const given = {
      base_url: 'https://{region}.example.com/v2',
      tool_tags: { contacts: ['crm'], 'contacts.list': ['cheap'] },
      approval_policy: 'require_approval_all',
      timeout_seconds: 3600,
      output_schemas: 'none',
      undocumented: 'include',
      required_approvals: 2,
    };
    const { body } = await create({ ...given, document: CRM });
    expect(body).toMatchObject(given);
    expect((await tools(body.id, 'tags=cheap')).map(({ tags }) => tags)).toEqual([['contacts', 'api', 'crm', 'cheap']]);
    expect((await tools(body.id, 'tags=crm')).length).toBe(5);
  });

  test('takes Swagger 2.0', async () => {
    const get = { summary: 'x', parameters: [{ in: 'query', name: 'a', type: 'array', items: { type: 'string' } }] };
    const document = { swagger: '2.0', host: 'old.example.com', basePath: '/v1', paths: { '/a': { get } } };
    const { status, body } = await create({ document });
    expect([status, body.base_url, body.tool_count]).toEqual([201, 'https://old.example.com/v1', 1]);
  });

  test('lists what is missing in the document as warnings', async () => {
    const schema = { properties: { a: { $ref: '#/components/schemas/No' } } };
    const post = { summary: 'x', requestBody: { content: { 'application/json': { schema } } } };
    const { body } = await create({ document: { openapi: '3.0.3', paths: { '/a': { post } } } });
    expect(body).toMatchObject({
      tool_count: 1,
      skipped: [],
      warnings: [{ operation: 'POST /a', message: expect.stringContaining('#/components/schemas/No') }],
    });
  });

  test('lists an undocumented operation as skipped', async () => {
    const paths = { '/a': { get: { responses: {} } }, '/b': { get: { summary: 'B', responses: {} } } };
    const { body } = await create({ document: { openapi: '3.0.3', info: { title: 'x', version: '1' }, paths } });
    expect(body).toMatchObject({ tool_count: 1, base_url: null });
    expect(body.skipped).toEqual([{ operation: 'GET /a', reason: expect.stringContaining('description') }]);
  });

  test('has a warning of its size above 200,000 bytes of definitions', async () => {
    const wordy = (letters: number) => ({ summary: 'x'.repeat(letters), responses: {} });
    const sized = async (letters: number) => {
      const paths = { '/a': { get: wordy(letters) }, '/b': { get: wordy(100_000) } };
      return (await create({ document: { openapi: '3.1.0', info: { title: 'x', version: '1' }, paths } })).body;
    };
    const { tools_bytes } = await sized(1);
    const most = 200_000 - tools_bytes + 1;
    expect(await sized(most)).toMatchObject({ tools_bytes: 200_000, tools_tokens: 50_000, warnings: [] });
    expect(await sized(most + 1)).toMatchObject({
      tools_bytes: 200_001,
      tools_tokens: 50_001,
      warnings: [
        { operation: null, message: expect.stringMatching(/ 2 tools have 200001 bytes, about 50001 tokens: /) },
      ],
    });
  });

  test('accepts several megabytes, and characters that no database column can store', async () => {
    const document = documentOf(Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`GET /r${index}`, {}])));
    const padded = { ...document, 'x-padding': 'x'.repeat(3_000_000), 'x-nul': 'a\0b', tags: [{ name: '\ud800' }] };
    const { status, body } = await create({ document: padded });
    expect([status, body.tool_count]).toEqual([201, 3000]);
    const text = JSON.stringify({ name: 'text', document: JSON.stringify(padded) });
    const again = await call(server.url, 'createIntegration', { body: text });
    expect([again.status, again.body.tool_count]).toEqual([201, 3000]);
  });
});

test.each([
  'https://u:p@host.example.com',
  'https://',
  '{protocol}://x.example.com',
  `https://x.example.com/${'x'.repeat(3000)}`,
])('createIntegration 201: an unusable server URL of the document is ignored: %s', async (url) => {
  expect((await create({ document: { ...CRM, servers: [{ url }] } })).body.base_url).toBeNull();
});

test('createIntegration 201: the template of the OpenAPI Specification itself', async () => {
  const url = 'https://{username}.gigantic-server.com:{port}/{basePath}';
  expect((await create({ document: { ...CRM, servers: [{ url }] } })).body.base_url).toBe(url);
  expect((await create({ document: CRM, base_url: url })).body.base_url).toBe(url);
});

test('createIntegration 201: the list of skipped operations is cut', async () => {
  const paths = Object.fromEntries(
    Array.from({ length: 5000 }, (_, index) => [`/${'p'.repeat(500)}${index}`, { get: { responses: {} } }]),
  );
  const { text, body } = await create({ document: { ...CRM, paths } });
  expect(text.length).toBeLessThan(100_000);
  expect(body.skipped.at(-1)).toEqual({
    operation: expect.stringMatching(/^\d+ more$/),
    reason: 'This list is cut at 64 KiB.',
  });
});

describe('createIntegration 400', () => {
  test.each([
    ['no document', {}, 'body.document: is required, or document_url in its place'],
    [
      'both',
      { document: CRM, document_url: 'https://x.example.com' },
      'body.document_url: give document or document_url, not both',
    ],
    ['a number', { document: 1 }, 'body.document: must be'],
    ['nothing', { document: '' }, 'body.document: must have at least 1 character'],
    ['a list', { document: '[]' }, 'body.document: '],
    ['no OpenAPI', { document: { hello: 'world' } }, 'body.document: '],
    ['Swagger 1.2', { document: { swagger: '1.2', info: {}, paths: {} } }, 'OpenAPI 3'],
    ['broken JSON', { document: '{"openapi": "3.1.0",' }, 'body.document: '],
    ['broken YAML', { document: 'openapi: 3.1.0\npaths: [a: {' }, 'line '],
    ['a name that no tool can have', { name: 'My CRM', document: CRM }, 'body.name: must match pattern'],
    [
      'a base URL of another kind',
      { base_url: 'ftp://x', document: CRM },
      'body.base_url: must be an absolute http or https URL',
    ],
    ['credentials in the base URL', { base_url: 'https://a:b@x.example.com', document: CRM }, 'without credentials'],
    ['nobody to approve', { required_approvals: 0, document: CRM }, 'body.required_approvals: must be >= 1'],
    ['six approvers', { required_approvals: 6, document: CRM }, 'body.required_approvals: must be <= 5'],
    ['no time', { timeout_seconds: 0, document: CRM }, 'body.timeout_seconds: must be >= 1'],
    ['more than an hour', { timeout_seconds: 3601, document: CRM }, 'body.timeout_seconds: must be <= 3600'],
    ['part of a second', { timeout_seconds: 1.5, document: CRM }, 'body.timeout_seconds: must be integer'],
    ['an unknown key', { docment: CRM }, 'body.docment: unknown key: did you mean `document`?'],
  ])('%s', async (_, body, message) => {
    const answer = await create(body);
    expect(answer.status).toBe(400);
    expect(failuresOf(answer.body).join('\n')).toContain(message);
  });

  test('a large body that is not JSON, not UTF-8, or cut', async () => {
    const text = JSON.stringify({ name: 'crm', document: { ...CRM, 'x-padding': 'x'.repeat(1_500_000) } });
    for (const body of [text.slice(0, -1), Buffer.from(`${text} \xff`, 'latin1')]) {
      const answer = await call(server.url, 'createIntegration', { body });
      expect([answer.status, answer.body.message]).toEqual([
        400,
        expect.stringContaining('The body is not valid JSON'),
      ]);
    }
    const unknown = await call(server.url, 'createIntegration', { body: text.replace('"name"', '"nam"') });
    expect(failuresOf(unknown.body)).toContain('body.nam: unknown key: did you mean `name`?');
  });
});

describe('document_url', () => {
  const open: Server[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((listening) => new Promise((resolve) => listening.close(resolve))));
  });
  const serve = async (listener: RequestListener) => {
    const listening = createServer(listener);
    open.push(listening);
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
  };

  test('201: is fetched, and the base of relative server URLs', async () => {
    const document = dump({ ...CRM, servers: [{ url: '/v3/{tenant}' }] });
    const origin = await serve((_request, response) =>
      response.setHeader('Content-Type', 'application/yaml').end(document),
    );
    const { status, body } = await create({ document_url: `${origin}/openapi.yaml` });
    expect([status, body.base_url, body.tool_count]).toEqual([201, `${origin}/v3/{tenant}`, NAMES.length]);
  });

  test('400: a page that is not a document, an error, a closed port', async () => {
    const origin = await serve((request, response) => {
      response.statusCode = request.url === '/404' ? 404 : 200;
      response.end('<html></html>');
    });
    for (const url of [`${origin}/page`, `${origin}/404`, 'http://127.0.0.1:1/']) {
      const answer = await create({ document_url: url });
      expect([answer.status, failuresOf(answer.body)[0]]).toEqual([
        400,
        expect.stringContaining('body.document_url: '),
      ]);
    }
  });

  test('400: a refused address, with the variable to set, without a connection', async () => {
    let asked = 0;
    const origin = await serve((_request, response) => {
      asked += 1;
      response.end('{}');
    });
    const answer = await create({ document_url: origin }, closed);
    expect([answer.status, failuresOf(answer.body)[0]]).toEqual([
      400,
      expect.stringContaining('GATEHOUSE_EGRESS_ALLOW'),
    ]);
    const own = await create({ document_url: `${server.url}/openapi.json` });
    expect(own.status).toBe(400);
    expect(asked).toBe(0);
  });
});

describe('updateIntegration', () => {
  test('200: a new name and tags make the tools again from the stored document', async () => {
    const { id } = (await create({ document: CRM })).body;
    server.clock.now += 1000;
    const renamed = await update(id, { name: 'sales' });
    expect(renamed.body).toMatchObject({
      name: 'sales',
      tool_count: NAMES.length,
      updated_at: new Date(server.clock.now).toISOString(),
    });
    expect(await names(id, 'methods=list&tags=contacts')).toEqual(['list_all_sales_contacts']);
    await update(id, { tool_tags: { contacts: ['crm'] } });
    expect((await names(id, 'tags=crm')).length).toBe(5);
    await update(id, { tool_tags: {} });
    expect(await names(id, 'tags=crm')).toEqual([]);
  });

  test('200: a new document replaces the old one, for endpoints too', async () => {
    const { integrationId, accountId } = await createAccount(server);
    const { body } = await update(integrationId, { document: documentOf({ 'GET /pets': { tags: ['pet'] } }) });
    expect(body.tool_count).toBe(1);
    const path = { integrated_account_id: accountId };
    const scoped = (tags: string[]) =>
      call(server.url, 'createEndpoint', { path, body: { name: 'x', config: { tags } } });
    expect((await scoped(['pet'])).status).toBe(201);
    expect((await scoped(['contacts'])).status).toBe(400);
  });

  test('200: other fields do not touch the tools', async () => {
    const { id } = (await create({ document: CRM })).body;
    const { body } = await update(id, {
      base_url: 'https://elsewhere.example.com',
      approval_policy: 'require_approval_all',
      timeout_seconds: 1,
    });
    expect(body).toMatchObject({
      base_url: 'https://elsewhere.example.com',
      approval_policy: 'require_approval_all',
      timeout_seconds: 1,
    });
    expect((await update(id, { tool_tags: {} })).body.timeout_seconds).toBe(1);
    expect((await update(id, { timeout_seconds: null })).body.timeout_seconds).toBeNull();
    expect((await update(id, { base_url: null })).body.base_url).toBe('https://service.example.com');
  });

  test('400: an unusable document changes nothing', async () => {
    const { id } = (await create({ document: CRM })).body;
    expect((await update(id, { document: { swagger: '1.2' }, name: 'other' })).status).toBe(400);
    const read = await call(server.url, 'getIntegration', { path: { id } });
    expect(read.body).toMatchObject({ name: 'crm', tool_count: NAMES.length });
  });

  test('keeps all of twenty simultaneous updates', async () => {
    const { id } = (await create({ document: CRM })).body;
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => update(id, { name: `n${index}` })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect((await call(server.url, 'getIntegration', { path: { id } })).headers.get('etag')).toBe('"21"');
  });

  test('keeps both of two simultaneous updates', async () => {
    const { id } = (await create({ document: CRM })).body;
    const answers = await Promise.all([update(id, { name: 'one' }), update(id, { tool_tags: { contacts: ['two'] } })]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(await names(id, 'methods=list&tags=two')).toEqual(['list_all_one_contacts']);
  });

  test('412: an If-Match of another version', async () => {
    const { id } = (await create({ document: CRM })).body;
    expect((await update(id, { name: 'x' }, { headers: { 'If-Match': '"5"' } })).status).toBe(412);
  });
});

describe('deleteIntegration', () => {
  test('409 while it has accounts, 200 afterwards', async () => {
    const { integrationId, accountId } = await createAccount(server);
    const remove = () => call(server.url, 'deleteIntegration', { path: { id: integrationId } });
    const refused = await remove();
    expect([refused.status, refused.body.message]).toEqual([409, 'The integration has 1 account; delete them first.']);
    await call(server.url, 'deleteAccount', { path: { id: accountId } });
    expect((await remove()).body).toEqual({ id: integrationId });
    expect((await remove()).status).toBe(404);
  });
});

describe('listIntegrationTools and listAccountTools', () => {
  test('200: the tools of an endpoint, with separated arguments', async () => {
    const document = {
      ...CRM,
      paths: {
        '/contacts/{id}': {
          patch: {
            summary: 'Update a contact',
            tags: ['contacts'],
            parameters: [
              { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
              { name: 'dry', in: 'query', schema: { type: 'boolean' } },
            ],
            requestBody: {
              required: true,
              content: {
                'application/json': {
                  schema: { type: 'object', required: ['email'], properties: { email: { type: 'string' } } },
                },
              },
            },
            responses: {},
          },
        },
      },
    };
    const { accountId } = await createAccount(server, document);
    const answer = await call(server.url, 'listAccountTools', { path: { id: accountId } });
    expect(answer.body.result).toEqual([
      {
        resource: 'contacts',
        method: 'update',
        name: 'update_a_crm_contact_by_id',
        description: expect.stringContaining('Update a contact'),
        query_schema: expect.objectContaining({
          properties: { id: { type: 'string' }, dry: { type: 'boolean' } },
          required: ['id'],
        }),
        body_schema: expect.objectContaining({ properties: { email: { type: 'string' } }, required: ['email'] }),
        required: ['id', 'email'],
        tags: ['contacts'],
        definition_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    ]);
  });

  test.each([
    ['', NAMES.length],
    ['methods=read', 3],
    ['methods=READ&methods=delete', 4],
    ['methods=GET', 3],
    ['methods=custom', 2],
    ['methods=import_companies', 1],
    ['methods=write&tags=contacts', 3],
    ['methods=nothing', 0],
    ['tags=webhook&tags=api', 2],
  ])('200: %s', async (query, count) => {
    const { accountId, integrationId } = await createAccount(server);
    const ofAccount = await call(server.url, 'listAccountTools', { path: { id: accountId }, query });
    expect(ofAccount.body.result.length).toBe(count);
    expect(ofAccount.body.result).toEqual(await tools(integrationId, query));
  });
});
