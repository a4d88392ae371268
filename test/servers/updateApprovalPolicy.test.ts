import { afterAll, beforeAll, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let path: { mcpServerId: string };
beforeAll(async () => {
  server = await startTestServer();
  const created = await call(server.url, 'createMcpServer', { body: { name: 'Files', url: 'https://x.example.com' } });
  path = { mcpServerId: created.body.data.id };
});
afterAll(() => server.stop());

test.each(['auto_approve_all', 'require_approval_all', 'auto_approve_read_only', 'require_approval_per_tool'])(
  '200: %s',
  async (approval_policy) => {
    server.clock.now += 1000;
    const answer = await call(server.url, 'updateApprovalPolicy', { path, body: { approval_policy } });
    expect(answer.text).toBe(
      JSON.stringify({
        message: 'Approval policy updated successfully',
        status: 'success',
        error: null,
        data: {
          id: path.mcpServerId,
          organization_id: server.organizationId,
          name: 'Files',
          approval_policy,
          updated_at: server.clock.now,
        },
      }),
    );
    const read = await call(server.url, 'getMcpServer', { path });
    expect([read.body.data.approval_policy, read.headers.get('etag')]).toEqual([
      approval_policy,
      answer.headers.get('etag'),
    ]);
  },
);

test.each([
  [{}, 'body.approval_policy: is required'],
  [{ approval_policy: null }, 'body.approval_policy: must be equal to one of the allowed values'],
  [{ approval_policy: 'auto_approve_all', name: 'x' }, 'body.name: read-only; leave it out'],
])('400: %j', async (body, message) => {
  const answer = await call(server.url, 'updateApprovalPolicy', { path, body });
  expect(answer.status).toBe(400);
  expect(answer.body.error).toContain(message);
});

test('412: an If-Match of another version', async () => {
  const body = { approval_policy: 'auto_approve_all' };
  const answer = await call(server.url, 'updateApprovalPolicy', { path, body, headers: { 'If-Match': '"0"' } });
  expect(answer.status).toBe(412);
});
