import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const create = (body: unknown) => call(server.url, 'createMcpServer', { body });
const minimal = { name: 'Files', url: 'https://files.example.com/mcp' };

describe('201', () => {
  test('with the defaults, and Location and ETag of what can then be read', async () => {
    const answer = await create(minimal);
    const { id } = answer.body.data;
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      message: 'MCP server created successfully',
      status: 'success',
      error: null,
      data: {
        id: expect.stringMatching(/^mcp_[0-9a-f-]{36}$/),
        organization_id: server.organizationId,
        url: 'https://files.example.com/mcp',
        name: 'Files',
        approval_policy: 'require_approval_all',
        transport: 'STREAMABLE_HTTP',
        description: null,
        request_headers: {},
        tags: [],
        timeout_seconds: null,
        required_approvals: 1,
        health: { state: 'unknown', since: null, last_error: null },
        created_at: server.clock.now,
        updated_at: server.clock.now,
      },
    });
    expect(answer.headers.get('location')).toBe(`/api/mcp-servers/${id}`);
    const read = await call(server.url, 'getMcpServer', { path: { mcpServerId: id } });
    expect(read.body.data).toEqual(answer.body.data);
    expect(read.headers.get('etag')).toBe(answer.headers.get('etag'));
  });

  test('with every field', async () => {
    const body = {
      name: 'N'.repeat(128),
      url: 'wss://files.example.com/mcp?x=1',
      description: 'D'.repeat(1024),
      approval_policy: 'auto_approve_all',
      transport: 'WebSocket',
      request_headers: { Authorization: 'Bearer x' },
      tags: ['one', 'two'],
      timeout_seconds: 3600,
      required_approvals: 5,
    };
    expect((await create(body)).body.data).toMatchObject(body);
  });

  test('two of one name and URL are two', async () => {
    const [one, other] = [await create(minimal), await create(minimal)];
    expect(one.body.data.id).not.toBe(other.body.data.id);
  });
});

describe('400', () => {
  test.each([
    ['nothing required', {}, ['body.name: is required', 'body.url: is required']],
    ['a null URL', { ...minimal, url: null }, ['body.url: must be string']],
    [
      'a long description',
      { ...minimal, description: 'x'.repeat(1025) },
      ['body.description: must have at most 1024 characters'],
    ],
    ['the two of another generation', { config: minimal }, ['body.config', 'body.name', 'body.url']],
    [
      'a scheme that does not fit',
      { ...minimal, url: 'ws://x.example.com' },
      ['STREAMABLE_HTTP takes http, https URLs'],
    ],
    ['a scheme that SSE cannot dial', { ...minimal, url: 'wss://x.example.com', transport: 'SSE' }, ['SSE takes']],
  ])('%s', async (_, body, messages) => {
    const answer = await create(body);
    expect(answer.status).toBe(400);
    for (const message of messages) {
      expect(answer.body.error).toContain(message);
    }
  });
});

test('403: a looser policy from a key pair that may not approve', async () => {
  const path = { org_id: server.organizationId };
  const as = (await call(server.url, 'createApiKey', { path, body: { name: 'agent', permissions: ['servers'] } })).body;
  const ask = (body: object) => call(server.url, 'createMcpServer', { body, as });
  expect((await ask({ ...minimal, approval_policy: 'auto_approve_read_only' })).status).toBe(403);
  expect((await ask(minimal)).status).toBe(201);
});
