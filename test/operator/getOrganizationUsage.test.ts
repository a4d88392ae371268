import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { createWorld, PETS } from '../support/world.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { GATEHOUSE_QUOTA_SERVERS: '7', GATEHOUSE_QUOTA_ACCOUNTS: '0' } });
});
afterAll(() => server.stop());

const usageOf = (org_id: string) => call(server.url, 'getOrganizationUsage', { path: { org_id } });

describe('200', () => {
  test('shows the usage and the quotas, null without a quota', async () => {
    const world = await createWorld(server);
    const { status, body } = await usageOf(world.organizationId);
    expect([status, body]).toMatchObject([
      200,
      {
        organization: world.organizationId,
        usage: {
          servers: { used: 1, limit: 7 },
          integrations: { used: 1, limit: 200 },
          accounts: { used: 2, limit: null },
          endpoints: { used: 1, limit: 100_000 },
          credentials: { used: 3, limit: 1000 },
          tools: { usedBytes: expect.any(Number), limitBytes: 256 * 1024 * 1024 },
        },
      },
    ]);
    expect(body.usage.tools.usedBytes).toBeGreaterThan(100);
  });

  test('shows the held memory and its share', async () => {
    const { budget } = server.deps;
    const own = server.organizationId;
    const other = (await call(server.url, 'createOrganization', { body: { name: 'Other' } })).body.id;
    const held = budget.hold(own, 'test', 1000);
    const memory = async (id: string) => (await usageOf(id)).body.memory;
    const before = await memory(own);
    expect(before).toEqual({ heldBytes: expect.any(Number), shareBytes: budget.shareBytes });
    expect(before.heldBytes).toBeGreaterThanOrEqual(1000);
    expect((await memory(other)).heldBytes).toBeLessThan(1000);
    held.release();
    expect((await memory(own)).heldBytes).toBe(before.heldBytes - 1000);
  });

  test('counts the credentials of the first organization', async () => {
    expect((await usageOf(server.organizationId)).body.usage.credentials.used).toBe(2);
  });

  test('counts a shared server as an account', async () => {
    const { id } = (await call(server.url, 'createOrganization', { body: { name: 'Grantee' } })).body;
    const shared = { name: 'Shared', enabled: false, mcpServer: { name: 's', url: 'https://shared.example.com/mcp' } };
    const path = { mcp_id: (await call(server.url, 'createSharedServer', { body: shared })).body.data.id };
    const grant = (organizations: string[]) =>
      call(server.url, 'setSharedServerOrganizations', { path, body: { organizations } });
    await grant([id]);
    expect((await usageOf(id)).body.usage).toMatchObject({ servers: { used: 0 }, accounts: { used: 1 } });
    await grant([]);
    expect((await usageOf(id)).body.usage).toMatchObject({ accounts: { used: 0 } });
  });

  test('replaces the size of tools that are imported again', async () => {
    const world = await createWorld(server);
    const as = { as: world.token };
    const { id } = (await call(server.url, 'createIntegration', { ...as, body: { ...PETS, name: 'again' } })).body;
    const bytes = async () => (await usageOf(world.organizationId)).body.usage.tools.usedBytes as number;
    const before = await bytes();
    const description = Array.from({ length: 500 }, () => Math.random().toString(36)).join(' ');
    const larger = { ...PETS.document, info: { ...PETS.document.info, description } };
    const put = (document: unknown) =>
      call(server.url, 'updateIntegration', { ...as, path: { id }, body: { document } });
    expect((await put(larger)).status).toBe(200);
    expect(await bytes()).toBeGreaterThan(before + 2000);
    expect((await put(PETS.document)).status).toBe(200);
    expect(await bytes()).toBe(before);
  });
});

test('404: an unknown organization', async () => {
  const { status, body } = await usageOf(`org_${'0'.repeat(27)}`);
  expect([status, body.error.code]).toEqual([404, 'not_found']);
});

test('422: an id of another kind of object', async () => {
  const { status, body } = await usageOf('acme');
  expect([status, body.error.fieldErrors[0].field]).toEqual([422, 'path.org_id']);
});
