import { afterAll, beforeAll, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const create = async () => {
  const created = await call(server.url, 'createMcpServer', { body: { name: 'Files', url: 'https://x.example.com' } });
  return { mcpServerId: created.body.data.id as string };
};

test('200, and 404 ever after', async () => {
  const path = await create();
  const answer = await call(server.url, 'deleteMcpServer', { path });
  expect([answer.status, answer.body]).toEqual([
    200,
    {
      message: 'MCP server deleted successfully',
      status: 'success',
      error: null,
      data: { id: path.mcpServerId, organization_id: server.organizationId, deleted: true },
    },
  ]);
  expect((await call(server.url, 'getMcpServer', { path })).status).toBe(404);
  expect((await call(server.url, 'deleteMcpServer', { path })).status).toBe(404);
  expect((await call(server.url, 'listMcpServers')).body.data.total_count).toBe(0);
});

test('412: an If-Match of another version deletes nothing', async () => {
  const path = await create();
  const remove = (ifMatch: string) => call(server.url, 'deleteMcpServer', { path, headers: { 'If-Match': ifMatch } });
  expect((await remove('"7"')).status).toBe(412);
  expect((await remove('W/"1"')).status).toBe(412);
  expect((await remove('"1"')).status).toBe(200);
});
