import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CRM, createAccount } from '../support/accounts.ts';
import { type Call, call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let integration: string;
beforeAll(async () => {
  server = await startTestServer();
  integration = (await createAccount(server)).integrationId;
});
afterAll(() => server.stop());

const create = (body: object) =>
  call(server.url, 'createAccount', {
    body: { tenant_id: 'acme-1', environment_integration_id: integration, authentication_method: 'none', ...body },
  });
const update = (id: string, body: unknown, more: Call = {}) =>
  call(server.url, 'updateAccount', { path: { id }, body, ...more });
const failuresOf = (body: { details: { failures: { path: string; message: string }[] } }) =>
  body.details.failures.map(({ path, message }) => `${path}: ${message}`);
const CONTEXTS = {
  api_key: { api_key: 'hush-1' },
  basic: { username: 'ada', password: 'hush-2' },
  bearer: { token: 'hush-3' },
  oauth2_client_credentials: { client_id: 'c', client_secret: 'hush-4', token_url: 'https://auth.example.com/token' },
  none: {},
};

describe('createAccount', () => {
  test.each(Object.entries(CONTEXTS))(
    '201: %s, and its credentials never come back',
    async (authentication_method, context) => {
      const answer = await create({ authentication_method, context });
      expect(answer.status).toBe(201);
      const { id } = answer.body;
      const at = new Date(server.clock.now).toISOString();
      expect(answer.body).toEqual({
        id,
        tenant_id: 'acme-1',
        display_name: 'crm',
        environment_integration_id: integration,
        integration: { id: integration, name: 'crm' },
        authentication_method,
        status: 'active',
        created_at: at,
        updated_at: at,
      });
      expect((await call(server.url, 'getAccount', { path: { id } })).text).not.toContain('hush');
      expect((await call(server.url, 'listAccounts')).text).not.toContain('hush');
    },
  );

  test.each(
    Object.entries(CONTEXTS).flatMap(([method, context]) =>
      Object.keys(context).map((key) => [method, key, { ...context, [key]: undefined }] as const),
    ),
  )('400: %s without %s', async (authentication_method, key, context) => {
    const answer = await create({ authentication_method, context });
    expect(answer.status).toBe(400);
    expect(failuresOf(answer.body).join()).toContain(`body.context.${key}: is required`);
  });

  test.each([
    ['an unknown method', { authentication_method: 'magic' }, 'body.authentication_method: must be equal to one of'],
    [
      'a misspelt credential',
      { context: { apikey: 'x' } },
      'body.context.apikey: unknown key: did you mean `api_key`?',
    ],
    ['no tenant', { tenant_id: '' }, 'body.tenant_id: must have at least 1 character'],
    [
      'an integration that is not there',
      { environment_integration_id: '00000000-0000-4000-8000-000000000000' },
      'body.environment_integration_id: no integration has the id 00000000-0000-4000-8000-000000000000',
    ],
  ])('400: %s', async (_, body, message) => {
    const answer = await create(body);
    expect(answer.status).toBe(400);
    expect(failuresOf(answer.body).join()).toContain(message);
  });

  test('400: a missing variable of the server URL, or one with another value than the allowed ones', async () => {
    const document = {
      ...CRM,
      servers: [
        {
          url: 'https://{region}.{tier}.example.com/{version}',
          variables: { region: { enum: ['eu', 'us'], default: 'eu' }, tier: { default: 'prod' } },
        },
      ],
    };
    const made = (await call(server.url, 'createIntegration', { body: { name: 'regional', document } })).body;
    const ask = (variables?: object) =>
      create({ environment_integration_id: made.id, ...(variables !== undefined && { context: { variables } }) });
    expect(failuresOf((await ask()).body)).toEqual([
      'body.context.variables.version: is required: it stands in the server URL https://{region}.{tier}.example.com/{version}',
    ]);
    expect(failuresOf((await ask({ version: 'v1', region: 'mars' })).body)).toEqual([
      'body.context.variables.region: must be one of eu, us',
    ]);
    expect((await ask({ version: 'v1' })).status).toBe(201);
  });

  test('201: the token URL may come from the document', async () => {
    const securitySchemes = {
      oauth: { type: 'oauth2', flows: { clientCredentials: { tokenUrl: 'https://auth.example.com/t', scopes: {} } } },
    };
    const document = { ...CRM, components: { securitySchemes } };
    const made = (await call(server.url, 'createIntegration', { body: { name: 'oauth', document } })).body;
    const context = { client_id: 'c', client_secret: 's' };
    const body = { environment_integration_id: made.id, authentication_method: 'oauth2_client_credentials', context };
    expect((await create(body)).status).toBe(201);
  });
});

describe('updateAccount', () => {
  test('200: context is merged key by key', async () => {
    const { id } = (await create({ authentication_method: 'basic', context: CONTEXTS.basic })).body;
    server.clock.now += 1000;
    const answer = await update(id, { tenant_id: 'acme-2', context: { password: 'new' } });
    expect(answer.body).toMatchObject({ tenant_id: 'acme-2', updated_at: new Date(server.clock.now).toISOString() });
    const stored = await server.deps.store.read.sql
      .selectFrom('accounts')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    expect(stored?.context).not.toContain('new');
    expect(JSON.parse(server.deps.store.read.secrets.open(stored?.context ?? '', `accounts.context:${id}`))).toEqual({
      username: 'ada',
      password: 'new',
    });
  });

  test('200: credentials of an earlier method are dropped', async () => {
    const { id } = (await create({ authentication_method: 'api_key', context: CONTEXTS.api_key })).body;
    expect((await update(id, { authentication_method: 'none' })).status).toBe(200);
    expect((await update(id, { authentication_method: 'api_key' })).status).toBe(400);
    const refused = await update(id, { context: { api_key: 'x' } });
    expect(failuresOf(refused.body)).toEqual([
      'body.context.api_key: is no credential of the authentication method none',
    ]);
  });

  test('400: a method without its credentials', async () => {
    const { id } = (await create({})).body;
    const answer = await update(id, { authentication_method: 'bearer' });
    expect(failuresOf(answer.body)).toEqual(['body.context.token: is required by the authentication method bearer']);
  });

  test('412: an If-Match of another version', async () => {
    const { id } = (await create({})).body;
    expect((await update(id, { tenant_id: 'x' }, { headers: { 'If-Match': '"3"' } })).status).toBe(412);
    expect((await update(id, { tenant_id: 'x' }, { headers: { 'If-Match': '"1"' } })).status).toBe(200);
  });
});

test('deleteAccount 200: with its endpoints', async () => {
  const { id } = (await create({})).body;
  const path = { integrated_account_id: id };
  const endpoint = (await call(server.url, 'createEndpoint', { path, body: { name: 'x' } })).body;
  expect((await call(server.url, 'deleteAccount', { path: { id } })).body).toEqual({ id });
  expect((await call(server.url, 'getEndpoint', { path: { ...path, id: endpoint.id } })).status).toBe(404);
  const left = await server.deps.store.read.sql
    .selectFrom('endpoints')
    .select('id')
    .where('account_id', '=', id)
    .execute();
  expect(left).toEqual([]);
  expect((await call(server.url, 'deleteAccount', { path: { id } })).status).toBe(404);
});

describe('listAccounts 200', () => {
  const ids = async (query: Record<string, string | number>) =>
    ((await call(server.url, 'listAccounts', { query })).body.result as { id: string }[]).map(({ id }) => id);

  test('filters by tenant, status and name of the integration', async () => {
    const other = await createAccount(server, CRM, 'other');
    const { id } = (await create({ tenant_id: 'only-one' })).body;
    expect(await ids({ tenant_id: 'only-one' })).toEqual([id]);
    expect(await ids({ tenant_id: 'only-one', status: 'active' })).toEqual([id]);
    expect(await ids({ tenant_id: 'only-one', status: 'needs_reauth' })).toEqual([]);
    expect(await ids({ 'integration.name': 'other' })).toEqual([other.accountId]);
    expect(await ids({ tenant_id: 'only-one', 'integration.name': 'other' })).toEqual([]);
  });

  test('lists the newest first, in pages', async () => {
    const all = await ids({ limit: 1000 });
    const first = (await call(server.url, 'listAccounts', { query: { limit: 2 } })).body;
    const second = (await call(server.url, 'listAccounts', { query: { limit: 2, next_cursor: first.next_cursor } }))
      .body;
    expect([...first.result, ...second.result].map(({ id }: { id: string }) => id)).toEqual(all.slice(0, 4));
  });
});
