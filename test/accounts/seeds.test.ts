import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CRM } from '../support/accounts.ts';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/** Every example that seeds 000, 001 and 004 show, against an integration whose tags are the ones that they name. */
let server: TestServer;
let path: { integrated_account_id: string };
beforeAll(async () => {
  server = await startTestServer({ env: { GATEHOUSE_PUBLIC_URL: 'https://api.truto.one' } });
  const tool_tags = { contacts: ['api', 'webhook', 'custom', 'contacts', 'companies'] };
  const integration = await call(server.url, 'createIntegration', {
    body: { name: 'hubspot', document: CRM, tool_tags },
  });
  const environment_integration_id = integration.body.id;
  const account = await call(server.url, 'createAccount', {
    body: { tenant_id: 'acme', environment_integration_id, authentication_method: 'none' },
  });
  path = { integrated_account_id: account.body.id };
});
afterAll(() => server.stop());

const EXAMPLES = [
  {
    seed: '000',
    name: 'Updated MCP server',
    config: { methods: ['GET', 'POST', 'READ', 'DOWNLAOD'], tags: ['api', 'webhook', 'custom'] },
  },
  { seed: '001', name: 'Read-only HubSpot', config: { methods: ['list', 'get'], tags: ['contacts', 'companies'] } },
  {
    seed: '004',
    name: 'My MCP server',
    config: { methods: ['GET', 'POST', 'READ', 'DOWNLAOD'], tags: ['api', 'webhook'] },
  },
];

describe.each(EXAMPLES)('seed $seed', ({ name, config }) => {
  test('its examples are created, updated and read as they were sent', async () => {
    const expires_at = '2099-12-31T23:59:59.000Z';
    const created = (await call(server.url, 'createEndpoint', { path, body: { name, config, expires_at } })).body;
    const { token, url, ...endpoint } = created;
    expect(endpoint).toEqual({
      id: expect.any(String),
      name,
      integrated_account_id: path.integrated_account_id,
      config,
      expires_at,
      created_by: expect.stringMatching(/^[0-9a-f-]{36}$/),
      created_at: new Date(server.clock.now).toISOString(),
      updated_at: new Date(server.clock.now).toISOString(),
    });
    expect(url).toBe(`https://api.truto.one/mcp/${token}`);
    const at = { path: { ...path, id: created.id } };
    const plain = (await call(server.url, 'createEndpoint', { path, body: { name: 'Plain', config: {} } })).body;
    const patched = await call(server.url, 'updateEndpoint', {
      path: { ...path, id: plain.id },
      body: { name, config },
    });
    expect(patched.body).toMatchObject({ name, config });
    expect(Object.keys(patched.body)).toEqual(Object.keys(endpoint));
    expect((await call(server.url, 'getEndpoint', at)).body).toEqual(endpoint);
  });
});
