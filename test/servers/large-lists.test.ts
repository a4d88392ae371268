import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import * as servers from '../../src/store/servers.ts';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/** A share is 4 MiB of it. */
const BUDGET_MIB = 16;
const headersOf = (count: number, bytes: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-header-${index}`, 'v'.repeat(bytes)]));

let gateway: TestServer;
beforeAll(async () => {
  gateway = await startTestServer({
    env: { GATEHOUSE_MEMORY_BUDGET: `${BUDGET_MIB}MiB` },
    limits: { memoryPatienceMs: 100 },
  });
});
afterAll(() => gateway.stop());

const answers = () => gateway.deps.budget.heldByKind().get('answers') ?? 0;
beforeEach(async () => {
  await expect.poll(answers).toBe(0);
});

const create = (request_headers: object) =>
  call(gateway.url, 'createMcpServer', { body: { name: 'Files', url: 'https://x.example.com', request_headers } });
const list = (query: string) => call(gateway.url, 'listMcpServers', { query });

test('400: more than 64 KiB of headers in a new or changed server, and stored ones stay', async () => {
  const refused = await create(headersOf(9, 8000));
  expect([refused.status, refused.body.error]).toEqual([
    400,
    'body.request_headers: names and values must not have more than 65536 bytes in all',
  ]);
  const created = await create(headersOf(8, 8000));
  expect(created.status).toBe(201);
  const path = { mcpServerId: created.body.data.id };
  const change = (body: object) => call(gateway.url, 'updateMcpServer', { path, body });
  expect((await change({ request_headers: headersOf(9, 8000) })).status).toBe(400);
  const id = path.mcpServerId.replace('mcp_', '');
  await gateway.deps.store.write(async (db) => {
    const before = await servers.find(db, created.body.data.organization_id, id);
    expect(before).not.toBeNull();
    if (before !== null) {
      await servers.update(db, { ...before, requestHeaders: headersOf(9, 8000) }, before.version);
    }
  });
  const renamed = await change({ name: 'Other' });
  expect(renamed.status).toBe(200);
  expect(Object.keys(renamed.body.data.request_headers)).toHaveLength(9);
});

test('refuses a list without memory, answers shorter ones, and releases all memory', async () => {
  const { organization_id: organizationId } = (await create({})).body.data;
  await gateway.deps.store.write(async (db) => {
    for (let count = 0; count < 60; count++) {
      await servers.insert(db, {
        id: gateway.deps.ids.uuid(),
        organizationId,
        name: `Large ${count}`,
        description: null,
        url: 'https://x.example.com',
        transport: 'STREAMABLE_HTTP',
        requestHeaders: headersOf(8, 8000),
        approvalPolicy: 'require_approval_all',
        tags: [],
        timeoutSeconds: null,
        requiredApprovals: 1,
        createdAt: count,
        updatedAt: count,
      });
    }
  });
  const alone = await list('limit=20');
  expect([alone.status, alone.body.error, alone.body.data?.servers.length]).toEqual([200, null, 20]);
  await expect.poll(answers).toBe(0);
  const refused = await list('limit=100');
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, expect.any(String)]);
  const together = await Promise.all(Array.from({ length: 6 }, () => list('limit=20&search=large')));
  for (const { status, body } of together) {
    expect([200, 429]).toContain(status);
    expect(status === 429 || body.data.servers.length === 20).toBe(true);
  }
  await expect.poll(answers).toBe(0);
  const names = (await list('limit=20&sort=name&order=asc&search=large')).body.data.servers.map(
    ({ name }: { name: string }) => name,
  );
  expect(names).toEqual(names.toSorted());
});
