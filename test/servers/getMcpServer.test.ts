import { afterAll, beforeAll, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

test('200: in the key order of the document', async () => {
  const created = await call(server.url, 'createMcpServer', { body: { name: 'Files', url: 'https://x.example.com' } });
  const answer = await call(server.url, 'getMcpServer', { path: { mcpServerId: created.body.data.id } });
  expect(Object.keys(answer.body)).toEqual(['message', 'status', 'error', 'data']);
  expect(Object.keys(answer.body.data)).toEqual([
    'id',
    'organization_id',
    'url',
    'name',
    'approval_policy',
    'transport',
    'description',
    'request_headers',
    'tags',
    'timeout_seconds',
    'required_approvals',
    'health',
    'created_at',
    'updated_at',
  ]);
});

test('200: an If-None-Match is no condition here', async () => {
  const created = await call(server.url, 'createMcpServer', { body: { name: 'Files', url: 'https://x.example.com' } });
  const headers = { 'If-None-Match': '"1"' };
  const answer = await call(server.url, 'getMcpServer', { path: { mcpServerId: created.body.data.id }, headers });
  expect(answer.status).toBe(200);
});

test('404: names the server and the organization', async () => {
  const id = 'mcp_00000000-0000-4000-8000-000000000000';
  const answer = await call(server.url, 'getMcpServer', { path: { mcpServerId: id } });
  expect(answer.body).toEqual({
    message: 'MCP server not found',
    status: 'error',
    error: `MCP server with ID '${id}' does not exist in organization '${server.organizationId}'`,
  });
});
