import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAccount } from '../support/accounts.ts';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { connect } from '../support/mcp-client.ts';
import { mint } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const SCHEMES = {
  id: { type: 'apiKey', in: 'header', name: 'APP-ID' },
  key: { type: 'apiKey', in: 'header', name: 'APP-KEY' },
  basic: { type: 'http', scheme: 'basic' },
  bearer: { type: 'http', scheme: 'bearer' },
  code: { type: 'oauth2', flows: { authorizationCode: { tokenUrl: 'https://auth.example.com/t', scopes: {} } } },
  machine: { type: 'oauth2', flows: { clientCredentials: { tokenUrl: 'https://auth.example.com/t', scopes: {} } } },
  mutual: { type: 'mutualTLS' },
};
const operation = (...security: object[]) => ({
  summary: 'Do it',
  security,
  responses: { 200: { description: 'Done' } },
});
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'A service', version: '1' },
  servers: [{ url: 'https://service.example.com' }],
  components: { securitySchemes: SCHEMES },
  paths: {
    '/both': { get: operation({ id: [], key: [] }) },
    '/one': { post: operation({ id: [] }) },
    '/other': { get: operation({ key: [] }, { bearer: [] }) },
    '/sub': { get: { ...operation({ bearer: [] }), servers: [{ url: 'https://uploads.example.com' }] } },
  },
};
const NAMES = ['list_all_crm_both', 'create_a_crm_one', 'list_all_crm_other', 'list_all_crm_sub'];

let server: TestServer;
let integration: string;
beforeAll(async () => {
  server = await startTestServer();
  integration = (await createAccount(server, DOCUMENT)).integrationId;
});
afterAll(() => server.stop());

const create = (authentication_method: string, context: Json = {}) =>
  call(server.url, 'createAccount', {
    body: { tenant_id: 't', environment_integration_id: integration, authentication_method, context },
  });
const made = async (method: string, context: Json = {}): Promise<string> => (await create(method, context)).body.id;
const update = (id: string, body: Json) => call(server.url, 'updateAccount', { path: { id }, body });
const failuresOf = ({ body }: { body: Json }): string[] =>
  body.details.failures.map(({ path, message }: Json) => `${path}: ${message}`);
const preview = async (id: string, query: Json = {}) =>
  (await call(server.url, 'listAccountTools', { path: { id }, query })).body;
const namesIn = (tools: Json): string[] => tools.map(({ name }: Json) => name);

const BOTH = { id: { api_key: 'hush-id' }, key: { api_key: 'hush-key' } };

describe('createAccount: schemes', () => {
  test.each<[string, Json]>([
    ['several keys', BOTH],
    ['a pair', { basic: { username: 'u', password: 'hush' } }],
    ['tokens', { bearer: { token: 'hush' }, code: { token: 'hush' }, machine: { token: 'hush' } }],
    [
      'clients',
      {
        machine: { client_id: 'c', client_secret: 'hush', scope: 'read', client_auth: 'body' },
        code: {
          client_id: 'c',
          client_secret: 'hush',
          token_url: 'https://auth.example.com/token',
          token_params: { audience: 'https://api.example.com' },
        },
      },
    ],
  ])('201: %s, and they never come back', async (_, schemes) => {
    const answer = await create('schemes', { schemes });
    expect([answer.status, answer.body.authentication_method]).toEqual([201, 'schemes']);
    expect(answer.text).not.toContain('hush');
  });

  test.each<[string, Json, string[]]>([
    ['nothing', {}, ['body.context.schemes: is required by the authentication method schemes']],
    [
      'a scheme that is not in the document',
      { schemes: { app_key: { api_key: 'k' } } },
      [
        'body.context.schemes.app_key: is no security scheme of the document; it has: id, key, basic, bearer, code, machine, mutual',
      ],
    ],
    [
      'a credential of another kind of scheme',
      { schemes: { id: { token: 't' }, basic: { username: 'u' }, bearer: { token: 't', api_key: 'k' } } },
      [
        'body.context.schemes.id.api_key: is required by the security scheme id',
        'body.context.schemes.basic.password: is required by the security scheme basic',
        'body.context.schemes.bearer.api_key: is no credential of the security scheme bearer, which takes token, or client_id and client_secret',
      ],
    ],
    [
      'a client without a secret, or without a token URL',
      { schemes: { machine: { client_id: 'c' }, code: { client_id: 'c', client_secret: 's' } } },
      [
        'body.context.schemes.machine.client_secret: is required by the security scheme machine',
        'body.context.schemes.code.token_url: is required: the document names no token URL for this scheme',
      ],
    ],
    [
      'a kind that is not supported',
      { schemes: { mutual: { token: 't' } } },
      ['body.context.schemes.mutual: is of a kind that is not supported'],
    ],
    [
      'parameters that Gatehouse sends itself',
      { schemes: { machine: { client_id: 'c', client_secret: 's', token_params: { grant_type: 'x', scope: 'y' } } } },
      [
        'body.context.schemes.machine.token_params.grant_type: is sent by Gatehouse itself',
        'body.context.schemes.machine.token_params.scope: is sent by Gatehouse itself',
      ],
    ],
    [
      'a credential of another method',
      { schemes: BOTH, token: 't' },
      ['body.context.token: is no credential of the authentication method schemes'],
    ],
  ])('400: %s', async (_, context, failures) => {
    expect(failuresOf(await create('schemes', context))).toEqual(failures);
  });
});

describe('createAccount: what goes with every request', () => {
  test.each(['none', 'api_key', 'bearer', 'basic', 'oauth2_client_credentials', 'schemes'])(
    '201: beside %s',
    async (method) => {
      const credentials: Json = {
        api_key: { api_key: 'k' },
        bearer: { token: 't' },
        basic: { username: 'u', password: 'p' },
        oauth2_client_credentials: {
          client_id: 'c',
          client_secret: 's',
          client_auth: 'basic',
          token_params: { a: 'b' },
        },
        schemes: { schemes: BOTH },
      };
      const headers = { 'X-Tenant': 'hush-tenant', Accept: 'application/vnd.acme+json' };
      const context = { headers, query: { 'api-version': '1' }, origins: ['https://uploads.example.com'] };
      const answer = await create(method, { ...credentials[method], ...context });
      expect(answer.status).toBe(201);
      expect(answer.text).not.toContain('hush');
    },
  );

  const large = (count: number, chars: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`n${index}`, 'x'.repeat(chars)]));

  test.each<[string, string, Json, string]>([
    ['33 headers', 'none', { headers: large(33, 1) }, 'body.context.headers: must have at most 32 properties'],
    ['33 parameters', 'none', { query: large(33, 1) }, 'body.context.query: must have at most 32 properties'],
    [
      '8 KiB of headers',
      'none',
      { headers: large(2, 4095) },
      'body.context.headers: must not have more than 8192 bytes',
    ],
    [
      '8 KiB of parameters',
      'none',
      { query: large(2, 4095) },
      'body.context.query: must not have more than 8192 bytes',
    ],
    ['a header of the connection', 'none', { headers: { Host: 'x' } }, 'body.context.headers'],
    ['a line end', 'none', { headers: { 'X-A': 'a\r\nb' } }, 'body.context.headers.X-A: must be a legal header value'],
    [
      'a header of the body',
      'none',
      { headers: { 'content-type': 'x' } },
      'body.context.headers.content-type: is a header that Gatehouse writes for each request',
    ],
    [
      'the header of its credential',
      'bearer',
      { token: 't', headers: { authorization: 'x' } },
      'body.context.headers.authorization: is written by the authentication method bearer',
    ],
    [
      'the header of a scheme',
      'schemes',
      { schemes: BOTH, headers: { 'app-id': 'x' } },
      'body.context.headers.app-id: is written by the authentication method schemes',
    ],
    [
      'a URL for an origin',
      'none',
      { origins: ['https://a.example.com/'] },
      'body.context.origins.0: must be an origin, such as https://uploads.example.com',
    ],
    [
      'a parameter of tokens',
      'oauth2_client_credentials',
      { client_id: 'c', client_secret: 's', token_params: { client_id: 'd' } },
      'body.context.token_params.client_id: is sent by Gatehouse itself',
    ],
    [
      'how to send a client that there is not',
      'bearer',
      { token: 't', client_auth: 'body' },
      'body.context.client_auth: is no credential of the authentication method bearer',
    ],
  ])('400: %s', async (_, method, context, message) => {
    expect(failuresOf(await create(method, context)).join()).toContain(message);
  });
});

describe('tools that an account has no credential for', () => {
  test.each<[string, Json, string[]]>([
    ['api_key', { api_key: 'k' }, ['create_a_crm_one', 'list_all_crm_other']],
    ['bearer', { token: 't' }, ['list_all_crm_other']],
    ['bearer', { token: 't', origins: ['https://uploads.example.com'] }, ['list_all_crm_other', 'list_all_crm_sub']],
    ['schemes', { schemes: BOTH }, ['list_all_crm_both', 'create_a_crm_one', 'list_all_crm_other']],
    ['none', { headers: { 'app-id': 'x' } }, ['create_a_crm_one']],
  ])('are left out for %s %j, everywhere, and the preview says why', async (method, context, served) => {
    const id = await made(method, context);
    const { result, left_out, warnings } = await preview(id);
    expect([namesIn(result), warnings]).toEqual([served, []]);
    expect(namesIn(left_out)).toEqual(NAMES.filter((name) => !served.includes(name)));
    for (const { reason } of left_out) {
      expect(reason).toMatch(
        /^It (?:requires .*; the account has no credential|goes to https:\/\/uploads\.example\.com)/,
      );
    }
    const { token } = await mint(server, `mcp_${id}`);
    const ask = await connect({ gateway: server, token }, 'just calls');
    expect(namesIn((await ask('tools/list')).body.result.tools)).toEqual(served);
    for (const { name } of left_out) {
      expect((await ask('tools/call', { name })).body.error.message).toBe(`Unknown tool: ${name}`);
    }
  });

  test('are none if that would be all, and a warning says so', async () => {
    const { result, left_out, warnings } = await preview(await made('basic', { username: 'u', password: 'p' }));
    expect([namesIn(result), left_out]).toEqual([NAMES, []]);
    expect(warnings).toEqual([
      'The account has no credential for any operation of the document, so no tool is left out.',
    ]);
  });

  test('do not count for a scope', async () => {
    const id = await made('bearer', { token: 't' });
    const { left_out } = await preview(id, { methods: 'create' });
    expect(namesIn(left_out)).toEqual(['create_a_crm_one']);
    const path = { integrated_account_id: id };
    const refused = await call(server.url, 'createEndpoint', {
      path,
      body: { name: 'x', config: { methods: ['create'] } },
    });
    expect([refused.status, refused.body.message]).toEqual([
      400,
      'No tool of this account matches methods [create]; available methods: list, tags: none.',
    ]);
  });

  test('change with the account and the document, at once', async () => {
    const { integrationId } = await createAccount(server, DOCUMENT, 'moving');
    const body = {
      tenant_id: 't',
      environment_integration_id: integrationId,
      authentication_method: 'bearer',
      context: { token: 't' },
    };
    const { id } = (await call(server.url, 'createAccount', { body })).body;
    const { token } = await mint(server, `mcp_${id}`);
    const ask = await connect({ gateway: server, token }, 'just calls');
    const count = async () => (await ask('tools/list')).body.result.tools.length;
    expect(await count()).toBe(1);
    await update(id, { authentication_method: 'schemes', context: { schemes: BOTH } });
    expect(await count()).toBe(3);
    const paths = { ...DOCUMENT.paths, '/free': { get: operation() } };
    await call(server.url, 'updateIntegration', {
      path: { id: integrationId },
      body: { document: { ...DOCUMENT, paths } },
    });
    expect(await count()).toBe(4);
    await update(id, { authentication_method: 'none' });
    expect(await count()).toBe(1);
  });

  test('are served to an account that was made before, until its method is said anew', async () => {
    const id = await made('bearer', { token: 't' });
    await server.deps.store.write(async (db) => {
      await db.sql.updateTable('accounts').set({ is_by_operation: null }).where('id', '=', id).execute();
    });
    expect(namesIn((await preview(id)).result)).toEqual(NAMES);
    await update(id, { context: { token: 'u' } });
    expect(namesIn((await preview(id)).result)).toEqual(NAMES);
    await update(id, { authentication_method: 'bearer' });
    expect(namesIn((await preview(id)).result)).toEqual(['list_all_crm_other']);
  });

  test('are none in the preview of the integration itself', async () => {
    const { body } = await call(server.url, 'listIntegrationTools', { path: { id: integration } });
    expect(body).toEqual({ result: expect.any(Array) });
    expect(namesIn(body.result)).toEqual(NAMES);
  });
});
