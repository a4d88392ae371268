import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentOf } from '../support/accounts.ts';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const CRM = documentOf({ 'GET /contacts': {} });
const TOKEN_URL = 'https://auth.example.com/token';
const OAUTH = { client_id: 'c', client_secret: 's3cret-of-client' };

let server: TestServer;
let strict: TestServer;
/** The header of an API token with `accounts` alone. */
const plainOf = new Map<TestServer, { apiToken: string }>();
beforeAll(async () => {
  server = await startTestServer();
  strict = await startTestServer({ env: { GATEHOUSE_INTEGRATION_POLICY: 'require_approval_all' } });
  for (const gateway of [server, strict]) {
    const path = { org_id: gateway.organizationId };
    const { token } = (await call(gateway.url, 'createApiToken', { path, body: { name: 'Agent' } })).body;
    plainOf.set(gateway, { apiToken: token });
  }
});
afterAll(() => Promise.all([server.stop(), strict.stop()]));

type Made = { readonly integration?: Json; readonly account?: Json; readonly on?: TestServer };

async function make({ integration, account, on = server }: Made) {
  const body = { name: 'crm', document: CRM, ...integration };
  const { id } = (await call(on.url, 'createIntegration', { body })).body;
  const connected = { tenant_id: 't', environment_integration_id: id, authentication_method: 'none', ...account };
  const made = await call(on.url, 'createAccount', { body: connected });
  return { integrationId: id as string, accountId: made.body.id as string };
}
const updateIntegration = (id: string, body: Json, on = server, as = plainOf.get(on)) =>
  call(on.url, 'updateIntegration', { path: { id }, body, ...(as && { as }) });
const updateAccount = (id: string, context: Json, as = plainOf.get(server)) =>
  call(server.url, 'updateAccount', { path: { id }, body: { context }, ...(as && { as }) });
const documentWith = (more: Json) => ({ ...CRM, ...more });
const withServer = (url: string, variables?: Json) =>
  documentWith({ servers: [{ url, ...(variables && { variables }) }] });
const withOperationServer = (url: string) =>
  documentWith({ paths: { '/contacts': { servers: [{ url }], get: { summary: 'List', responses: {} } } } });
const withTokenUrl = (tokenUrl: string) =>
  documentWith({
    components: { securitySchemes: { o: { type: 'oauth2', flows: { clientCredentials: { tokenUrl, scopes: {} } } } } },
  });

describe('an integration whose accounts have credentials', () => {
  const KEY = { authentication_method: 'api_key', context: { api_key: 's3cret-key' } };

  test.each<[string, Made, Json]>([
    ['its base URL', { account: KEY }, { base_url: 'https://evil.example.com' }],
    [
      'fixed headers beside no credentials',
      { account: { authentication_method: 'none', context: { headers: { 'X-Key': 'k' } } } },
      { base_url: 'https://evil.example.com' },
    ],
    [
      'the token URL of a scheme',
      {
        integration: { document: withTokenUrl(TOKEN_URL) },
        account: { authentication_method: 'schemes', context: { schemes: { o: OAUTH } } },
      },
      { document: withTokenUrl('https://evil.example.com/token') },
    ],
    ['another port', { account: KEY }, { base_url: 'https://service.example.com:444' }],
    ['another scheme', { account: KEY }, { base_url: 'http://service.example.com' }],
    ['the server of its document', { account: KEY }, { document: withServer('https://evil.example.com') }],
    ['a server of an operation', { account: KEY }, { document: withOperationServer('https://evil.example.com') }],
    ['a relative server of an operation', { account: KEY }, { document: withOperationServer('//evil.example.com/') }],
    ['a variable in its host', { account: KEY }, { base_url: 'https://{host}' }],
    ['a variable as its port', { account: KEY }, { base_url: 'https://service.example.com:{port}' }],
    [
      'a default of a variable in its host',
      {
        integration: { document: withServer('https://{at}.example.com', { at: { default: 'eu' } }) },
        account: KEY,
      },
      { document: withServer('https://{at}.example.com', { at: { default: 'evil.example.net/' } }) },
    ],
    [
      'the token URL of its document',
      {
        integration: { document: withTokenUrl(TOKEN_URL) },
        account: { authentication_method: 'oauth2_client_credentials', context: OAUTH },
      },
      { document: withTokenUrl('https://evil.example.com/token') },
    ],
  ])('403: %s sends them to another origin, unless the caller has approvals', async (_, made, change) => {
    const { integrationId } = await make(made);
    const answer = await updateIntegration(integrationId, change);
    expect([answer.status, answer.body.message]).toEqual([
      403,
      "This API token lacks the permission 'approvals': the credentials of its accounts would be sent to another host.",
    ]);
    const { version } = await server.deps.store.read.sql
      .selectFrom('integrations')
      .select('version')
      .where('id', '=', integrationId)
      .executeTakeFirstOrThrow();
    expect(version).toBe(1);
    const approver = await call(server.url, 'updateIntegration', { path: { id: integrationId }, body: change });
    expect(approver.status).toBe(200);
  });

  test.each<[string, Made, Json]>([
    ['another path', { account: KEY }, { base_url: 'https://service.example.com/v2' }],
    ['the same document again', { account: KEY }, { document: CRM }],
    ['another name', { account: KEY }, { name: 'other' }],
    ['more operations', { account: KEY }, { document: documentOf({ 'GET /contacts': {}, 'POST /contacts': {} }) }],
    [
      'a server of an operation on the same host',
      { account: KEY },
      { document: withOperationServer('https://service.example.com/other') },
    ],
    [
      'another default in the path',
      {
        integration: { document: withServer('https://service.example.com/{at}', { at: { default: 'v1' } }) },
        account: KEY,
      },
      { document: withServer('https://service.example.com/{at}', { at: { default: 'v2' } }) },
    ],
    ['a token URL that no account uses', { account: KEY }, { document: withTokenUrl('https://other.example.com/t') }],
    ['another host, with accounts without credentials', {}, { base_url: 'https://other.example.com' }],
  ])('200: %s', async (_, made, change) => {
    const { integrationId } = await make(made);
    expect((await updateIntegration(integrationId, change)).status).toBe(200);
  });
});

describe('an account whose change sends its secret elsewhere', () => {
  const ELSEWHERE = 'https://evil.example.com/token';
  const oauth = { authentication_method: 'oauth2_client_credentials', context: { ...OAUTH, token_url: TOKEN_URL } };
  const regional = (authentication_method: string, context: Json): Made => ({
    integration: { base_url: 'https://{region}.example.com/{at}' },
    account: { authentication_method, context: { ...context, variables: { region: 'eu', at: 'v1' } } },
  });
  const toEvil = { variables: { region: 'evil.example.net/', at: 'v1' } };

  test.each<[string, Made, Json, string, Json]>([
    ['token_url', { account: oauth }, { token_url: ELSEWHERE }, 'client_secret', { client_secret: 'again' }],
    ['variables', regional('api_key', { api_key: 'k' }), toEvil, 'api_key', { api_key: 'k' }],
    ['variables', regional('bearer', { token: 'k' }), toEvil, 'token', { token: 'k' }],
    ['variables', regional('basic', { username: 'u', password: 'p' }), toEvil, 'password', { password: 'p' }],
  ])('400: %s without the secret, and 200 with it or with approvals', async (_, made, context, field, again) => {
    const { accountId } = await make(made);
    const answer = await updateAccount(accountId, context);
    expect([answer.status, answer.body.details.failures]).toMatchObject([400, [{ path: `body.context.${field}` }]]);
    expect(answer.body.details.failures[0].message).toContain('is required again');
    expect((await updateAccount(accountId, { ...context, ...again })).status).toBe(200);
    const other = await make(made);
    const approver = { path: { id: other.accountId }, body: { context } };
    expect((await call(server.url, 'updateAccount', approver)).status).toBe(200);
  });

  test.each<[string, string, Json, string]>([
    ['headers', 'none', { headers: { 'X-Key': 'k' } }, 'headers'],
    ['query', 'none', { query: { key: 'k' } }, 'query'],
    ['headers beside another secret', 'bearer', { token: 't', headers: { 'X-Key': 'k' } }, 'token'],
  ])('400: %s go nowhere else either', async (_, method, context, field) => {
    const { accountId } = await make(regional(method, context));
    for (const change of [toEvil, { origins: ['https://evil.example.com'] }]) {
      const answer = await updateAccount(accountId, change);
      expect([answer.status, answer.body.details.failures]).toMatchObject([400, [{ path: `body.context.${field}` }]]);
      expect((await updateAccount(accountId, { ...change, ...context })).status).toBe(200);
      expect((await updateAccount(accountId, { ...regional('', {}).account?.context, origins: [] })).status).toBe(
        change === toEvil ? 400 : 200,
      );
      await call(server.url, 'updateAccount', {
        path: { id: accountId },
        body: { context: { variables: { region: 'eu', at: 'v1' }, origins: [] } },
      });
    }
  });

  test('400: origins and variables without the schemes', async () => {
    const securitySchemes = { key: { type: 'apiKey', in: 'header', name: 'X-Key' } };
    const document = documentWith({ components: { securitySchemes }, servers: [{ url: 'https://{at}.example.com' }] });
    const context = { schemes: { key: { api_key: 'k' } }, variables: { at: 'eu' } };
    const { accountId } = await make({
      integration: { document },
      account: { authentication_method: 'schemes', context },
    });
    for (const change of [{ origins: ['https://evil.example.com'] }, { variables: { at: 'evil.example.net/' } }]) {
      const answer = await updateAccount(accountId, change);
      expect([answer.status, answer.body.details.failures]).toMatchObject([400, [{ path: 'body.context.schemes' }]]);
    }
    expect(
      (await updateAccount(accountId, { origins: ['https://a.example.com'], schemes: context.schemes })).status,
    ).toBe(200);
    expect((await updateAccount(accountId, { origins: [] })).status).toBe(200);
  });

  test('400: a token URL in place of that of the document', async () => {
    const context = OAUTH;
    const account = { authentication_method: 'oauth2_client_credentials', context };
    const { accountId } = await make({ integration: { document: withTokenUrl(TOKEN_URL) }, account });
    expect((await updateAccount(accountId, { token_url: ELSEWHERE })).status).toBe(400);
    expect((await updateAccount(accountId, { token_url: 'https://auth.example.com/v2/token' })).status).toBe(200);
  });

  test('400: a variable of an operation with its own server', async () => {
    const account = { authentication_method: 'api_key', context: { api_key: 'k', variables: { at: 'eu' } } };
    const integration = { document: withOperationServer('https://{at}.example.com') };
    const { accountId } = await make({ integration, account });
    expect((await updateAccount(accountId, { variables: { at: 'evil' } })).status).toBe(400);
    expect((await updateAccount(accountId, { variables: { at: 'eu' } })).status).toBe(200);
  });

  test('200: a change that sends it nowhere else', async () => {
    const { accountId } = await make(regional('api_key', { api_key: 'k' }));
    expect((await updateAccount(accountId, { variables: { region: 'eu', at: 'v2' } })).status).toBe(200);
    expect((await updateAccount(accountId, { api_key: 'k2' })).status).toBe(200);
    const none = await make(regional('none', {}));
    expect((await updateAccount(none.accountId, toEvil)).status).toBe(200);
  });
});

describe('an integration with a looser policy than a strict default', () => {
  const CHANGES = [{ document: CRM }, { base_url: 'https://other.example.com' }];

  test.each(['auto_approve_all', 'auto_approve_read_only'])(
    '403: its document and base URL, under %s',
    async (policy) => {
      const { integrationId } = await make({ on: strict, integration: { approval_policy: policy } });
      for (const change of CHANGES) {
        const answer = await updateIntegration(integrationId, change, strict);
        expect([answer.status, answer.body.message]).toEqual([403, expect.stringContaining(`under ${policy}`)]);
      }
      expect(
        (await updateIntegration(integrationId, { name: 'other', tool_tags: { contacts: ['a'] } }, strict)).status,
      ).toBe(200);
      const tightened = { ...CHANGES[1], approval_policy: 'require_approval_all' };
      expect((await updateIntegration(integrationId, tightened, strict)).status).toBe(200);
    },
  );

  test('403: the move of its methods, by which calls may count as reading', async () => {
    const { integrationId } = await make({ on: strict, integration: { approval_policy: 'auto_approve_read_only' } });
    await strict.deps.store.write((db) =>
      db.sql.updateTable('integrations').set({ naming: 1 }).where('id', '=', integrationId).execute(),
    );
    expect((await updateIntegration(integrationId, { naming: 2 }, strict)).status).toBe(403);
    const approver = { path: { id: integrationId }, body: { naming: 2 } };
    expect((await call(strict.url, 'updateIntegration', approver)).status).toBe(200);
  });

  test('200: the same for an integration that waits, and for callers with approvals', async () => {
    const waiting = await make({ on: strict });
    const loose = await make({ on: strict, integration: { approval_policy: 'auto_approve_all' } });
    for (const body of CHANGES) {
      expect((await updateIntegration(waiting.integrationId, body, strict)).status).toBe(200);
      const approver = { path: { id: loose.integrationId }, body };
      expect((await call(strict.url, 'updateIntegration', approver)).status).toBe(200);
    }
  });
});
