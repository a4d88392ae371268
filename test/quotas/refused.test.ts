import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OperationId } from '../../src/contract/operations.ts';
import { type Answer, type Call, call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startToolServer, tool } from '../support/tool-server.ts';
import { createWorld, PETS, type World } from '../support/world.ts';

/** A world has one server, one integration, an account of each, one endpoint and three credentials. */
const FULL = {
  GATEHOUSE_QUOTA_SERVERS: '1',
  GATEHOUSE_QUOTA_INTEGRATIONS: '1',
  GATEHOUSE_QUOTA_ACCOUNTS: '2',
  GATEHOUSE_QUOTA_ENDPOINTS: '1',
  GATEHOUSE_QUOTA_CREDENTIALS: '3',
  GATEHOUSE_QUOTA_TOOLS_MIB: '1',
};
const MIB = 1024 * 1024;

let server: TestServer;
let world: World;
beforeAll(async () => {
  server = await startTestServer({ env: { ...FULL, GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  world = await createWorld(server);
});
afterAll(() => server.stop());

const idsOf = async (operation: OperationId) =>
  (await call(server.url, operation, { as: world.token })).body.result.map(({ id }: { id: string }) => id) as string[];
const usage = async () =>
  (await call(server.url, 'getOrganizationUsage', { path: { org_id: world.organizationId } })).body.usage;
const refusal = ({ status, headers }: Answer) => [status, headers.get('link')?.replace(/^.*#/, '#')];
const REFUSED = [409, '#quota_exceeded>; rel="help"'];

describe('409: nothing is created beyond a quota, and the answer names quota, limit and contact', () => {
  test('createMcpServer, in the envelope of the Servers API', async () => {
    const body = { name: 'Second', url: 'https://second.example.com/mcp' };
    const answer = await call(server.url, 'createMcpServer', { as: world.pair, body });
    expect(refusal(answer)).toEqual(REFUSED);
    expect(answer.body).toEqual({
      message: 'Quota exceeded',
      status: 'error',
      error:
        'This organization has reached its quota of servers, which is 1. Delete what is not needed, or ask the operator to raise GATEHOUSE_QUOTA_SERVERS.',
    });
  });

  test('createIntegration, createAccount and createEndpoint, in the envelope of the Accounts API', async () => {
    const [integration] = await idsOf('listIntegrations');
    const account = { environment_integration_id: integration, tenant_id: 't', authentication_method: 'none' };
    const [accountId = ''] = await idsOf('listAccounts');
    const calls: [OperationId, Call, string][] = [
      ['createIntegration', { body: PETS }, 'integrations, which is 1.'],
      ['createAccount', { body: account }, 'accounts, which is 2.'],
      [
        'createEndpoint',
        { path: { integrated_account_id: accountId }, body: { name: 'Second' } },
        'endpoints, which is 1.',
      ],
    ];
    for (const [operation, request, named] of calls) {
      const answer = await call(server.url, operation, { ...request, as: world.token });
      expect(refusal(answer), operation).toEqual(REFUSED);
      expect(answer.body).toMatchObject({ statusCode: 409, error: 'Conflict' });
      expect(answer.body.message).toContain(named);
      expect(answer.body.message).toContain('ask the operator');
    }
  });

  test.each(['createApiToken', 'createApiKey'] as const)('%s, with the code of the Operator API', async (operation) => {
    const answer = await call(server.url, operation, {
      path: { org_id: world.organizationId },
      body: { name: 'More' },
    });
    expect(refusal(answer)).toEqual(REFUSED);
    expect(answer.body.error).toMatchObject({
      code: 'quota_exceeded',
      message: expect.stringContaining('API tokens and API keys, which is 3.'),
    });
  });

  test('updateIntegration refuses growth only', async () => {
    const [id = ''] = await idsOf('listIntegrations');
    const update = (body: object) => call(server.url, 'updateIntegration', { as: world.token, path: { id }, body });
    const large = (bytes: number) => ({
      document: { ...PETS.document, info: { ...PETS.document.info, description: randomBytes(bytes).toString('hex') } },
    });
    const before = await usage();
    const answer = await update(large(MIB));
    expect(refusal(answer)).toEqual(REFUSED);
    expect(answer.body.message).toMatch(
      /would take 1\.\d+ MiB, and its quota is 1 MiB\..*GATEHOUSE_QUOTA_TOOLS_MIB\.$/,
    );
    expect(await usage()).toEqual(before);
    expect((await update(large(MIB / 2))).status).toBe(200);
    expect((await update({ base_url: 'https://other.example.com' })).status).toBe(200);
    expect((await update({ document: PETS.document })).status).toBe(200);
  });

  test('a mistake is reported before the quota', async () => {
    const body = { name: 'Second', url: 'ftp://second.example.com' };
    expect((await call(server.url, 'createMcpServer', { as: world.pair, body })).status).toBe(400);
    const path = { integrated_account_id: '1ba1f401-7183-47c5-9e39-e8e257e3c795' };
    expect((await call(server.url, 'createEndpoint', { as: world.token, path, body: { name: 'x' } })).status).toBe(404);
  });
});

test('a deletion makes room', async () => {
  const other = await createWorld(server);
  const account = (await call(server.url, 'listAccounts', { as: other.token, query: { tenant_id: 'acme-1' } })).body
    .result[0].id as string;
  const path = { integrated_account_id: account };
  const mint = () => call(server.url, 'createEndpoint', { as: other.token, path, body: { name: 'Again' } });
  const [minted] = (await call(server.url, 'listEndpoints', { as: other.token, path })).body.result;
  expect((await mint()).status).toBe(409);
  await call(server.url, 'deleteEndpoint', { as: other.token, path: { ...path, id: minted.id } });
  expect((await mint()).status).toBe(201);
  expect((await mint()).status).toBe(409);
});

test('a grant is allowed for an organization at its quota, alone and with all', async () => {
  const mcpServer = { name: 'granted', url: 'https://granted.example.com/mcp' };
  const shared = { name: 'Granted', enabled: false, mcpServer };
  const path = { mcp_id: (await call(server.url, 'createSharedServer', { body: shared })).body.data.id as string };
  for (const organizations of [[world.organizationId], 'all']) {
    const granted = await call(server.url, 'setSharedServerOrganizations', { path, body: { organizations } });
    expect(granted.status).toBe(200);
  }
  expect((await usage()).accounts).toEqual({ used: 3, limit: 2 });
  await call(server.url, 'deleteSharedServer', { path });
  expect((await usage()).accounts.used).toBe(2);
});

describe('a list beyond the quota of tools', () => {
  test('is not used, the answers give the reason, and the earlier list stays', async () => {
    const own = await startTestServer({
      env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1', GATEHOUSE_QUOTA_TOOLS_MIB: '1' },
      limits: { listIntervalMs: 1 },
    });
    const upstream = await startToolServer([tool('small')]);
    const body = { name: 'Files', url: upstream.url, approval_policy: 'auto_approve_all' };
    const id = (await call(own.url, 'createMcpServer', { body })).body.data.id as string;
    const list = () => {
      own.clock.now += 10_000;
      return call(own.url, 'listMcpServerTools', { path: { mcpServerId: id } });
    };
    const stored = async () =>
      (await call(own.url, 'getOrganizationUsage', { path: { org_id: own.organizationId } })).body.usage.tools
        .usedBytes;
    expect((await list()).body.data).toHaveLength(1);
    const before = await stored();
    upstream.tools = [tool('large', { description: randomBytes(MIB).toString('hex') })];
    const refused = await list();
    expect([refused.status, refused.body.error]).toEqual([
      502,
      expect.stringMatching(
        /^The MCP server 'Files' lists more tools than can be stored: .* would take 1\.\d+ MiB.*ask the operator/,
      ),
    ]);
    expect(await stored()).toBe(before);
    const account = { path: { id: id.replace('mcp_', '') } };
    const preview = await call(own.url, 'listAccountTools', account);
    expect(preview.body.result.map(({ name }: { name: string }) => name)).toEqual(['small']);
    upstream.tools = [tool('small'), tool('other')];
    expect((await list()).body.data).toHaveLength(2);
    await upstream.stop();
    await own.stop();
  });
});
