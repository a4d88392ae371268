import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askOnce } from '../support/ask-once.ts';
import { type Call, call } from '../support/client.ts';
import { API_KEY, API_SECRET, startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const create = async (fields: object = {}) => {
  const body = { name: 'Files', url: 'https://files.example.com/mcp', ...fields };
  return (await call(server.url, 'createMcpServer', { body })).body.data.id as string;
};
const update = (mcpServerId: string, body: unknown, more: Call = {}) =>
  call(server.url, 'updateMcpServer', { path: { mcpServerId }, body, ...more });
const read = async (mcpServerId: string) =>
  (await call(server.url, 'getMcpServer', { path: { mcpServerId } })).body.data;

/** Seed 002, word for word. */
const SEED_BODY = `
{
"name": "Updated Server Name",
"url": "https://new-server-url.example.com",
"description": "Updated description",
"approval_policy": "auto_approve_read_only",
"transport": "WebSocket",
"request_headers": {
"Authorization": "Bearer new-token",
"User-Agent": "MCP-Client/2.0"
}
}
`;

describe('200', () => {
  test("the seed's literal request, with every field and value it shows, in its key order", async () => {
    const at = server.clock.now;
    const id = await create();
    server.clock.now = 1751401500000;
    const answer = await askOnce(server.url, 'patch', `/api/mcp-servers/${id}`, {
      headers: { 'Content-Type': 'application/json', 'X-API-KEY': API_KEY, 'X-API-SECRET': API_SECRET },
      body: SEED_BODY,
    });
    expect(answer.status).toBe(200);
    expect(answer.text).toBe(
      JSON.stringify({
        message: 'MCP server updated successfully',
        status: 'success',
        error: null,
        data: {
          id,
          organization_id: server.organizationId,
          url: 'https://new-server-url.example.com',
          name: 'Updated Server Name',
          approval_policy: 'auto_approve_read_only',
          transport: 'WebSocket',
          description: 'Updated description',
          request_headers: { Authorization: 'Bearer new-token', 'User-Agent': 'MCP-Client/2.0' },
          // The clock went back to the seed's instant, but `updated_at` never does.
          updated_at: at,
        },
      }),
    );
    server.clock.now = at;
  });

  test.each([
    ['name', 'New name'],
    ['url', 'https://elsewhere.example.com/mcp'],
    ['description', 'New description'],
    ['description', null],
    ['approval_policy', 'require_approval_per_tool'],
    ['transport', 'SSE'],
    ['request_headers', { 'X-One': '1' }],
    ['tags', ['a', 'b']],
    ['timeout_seconds', 3600],
    ['timeout_seconds', null],
    ['required_approvals', 5],
  ])('changes only %s', async (field, value) => {
    const id = await create({
      description: 'As it was',
      tags: ['old'],
      timeout_seconds: 5,
      request_headers: { 'X-Old': 'o', 'X-Older': 'p' },
    });
    const before = await read(id);
    server.clock.now += 1000;
    const { body } = await update(id, { [field]: value });
    const after = await read(id);
    expect(after).toEqual({ ...before, [field]: value, updated_at: before.updated_at + 1000 });
    const { tags, timeout_seconds, required_approvals, health, created_at, ...nine } = after;
    expect(body.data).toEqual(nine);
  });

  test('an empty body changes nothing, not even the version', async () => {
    const id = await create();
    const before = await read(id);
    server.clock.now += 1000;
    const answer = await update(id, {});
    expect([answer.status, answer.headers.get('etag')]).toEqual([200, '"1"']);
    expect(await read(id)).toEqual(before);
  });

  test('header names keep spelling and order, and values every Latin-1 character', async () => {
    const id = await create();
    const request_headers = { 'x-B': 'ü\t!', 'X-a': '', __secret: 'v', constructor: 'c' };
    expect(Object.entries((await update(id, { request_headers })).body.data.request_headers)).toEqual(
      Object.entries(request_headers),
    );
  });

  test('accepts an If-Match of the current version, or any', async () => {
    const id = await create();
    const first = await update(id, { name: 'a' }, { headers: { 'If-Match': '"1"' } });
    expect([first.status, first.headers.get('etag')]).toEqual([200, '"2"']);
    expect((await update(id, { name: 'b' }, { headers: { 'If-Match': '"9", "2"' } })).status).toBe(200);
    expect((await update(id, { name: 'c' }, { headers: { 'If-Match': '*' } })).status).toBe(200);
  });

  test('keeps both of two simultaneous updates', async () => {
    const id = await create();
    const answers = await Promise.all([update(id, { name: 'One' }), update(id, { description: 'Two' })]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(await read(id)).toMatchObject({ name: 'One', description: 'Two' });
  });
});

describe('400', () => {
  test.each([
    ['an unknown key', { nam: 'x' }, 'body.nam: unknown key: did you mean `name`?'],
    ['the other generation', { config: {} }, 'body.config: unknown key: send its fields at the top level'],
    ['a read-only key', { id: 'x' }, 'body.id: read-only; leave it out'],
    ['another read-only key', { created_at: 1 }, 'body.created_at: read-only; leave it out'],
    ['an empty name', { name: '' }, 'body.name: must have at least 1 character'],
    ['a long name', { name: 'x'.repeat(129) }, 'body.name: must have at most 128 characters'],
    ['a null name', { name: null }, 'body.name: must be string'],
    ['another spelling', { transport: 'websocket' }, 'body.transport: must be equal to one of the allowed values'],
    ['an unknown policy', { approval_policy: 'never' }, 'body.approval_policy: must be equal to one of the'],
    ['no URL', { url: 'files.example.com' }, 'body.url: must be an absolute http, https, ws or wss URL'],
    ['a local URL', { url: 'file:///etc/passwd' }, 'body.url: must be an absolute http, https, ws or wss URL'],
    ['credentials in the URL', { url: 'https://a:b@c.example.com' }, 'without credentials'],
    ['a header of the connection', { request_headers: { hOst: 'x' } }, 'body.request_headers.hOst: is not a header'],
    ['a header with a space', { request_headers: { 'a b': 'x' } }, 'body.request_headers.a b: is not a header'],
    ['a line break in a header', { request_headers: { a: 'x\r\nb: y' } }, 'body.request_headers.a: must be a legal'],
    ['a header that is no string', { request_headers: { a: 1 } }, 'body.request_headers.a: must be string'],
    ['a tag twice', { tags: ['a', 'a'] }, 'body.tags: must not have the same item twice'],
    ['no time', { timeout_seconds: 0 }, 'body.timeout_seconds: must be >= 1'],
    ['more than an hour', { timeout_seconds: 3601 }, 'body.timeout_seconds: must be <= 3600'],
    ['part of a second', { timeout_seconds: 1.5 }, 'body.timeout_seconds: must be integer'],
    ['seconds as text', { timeout_seconds: '60' }, 'body.timeout_seconds: must be integer'],
    ['a scheme that HTTP cannot dial', { url: 'wss://x.example.com' }, 'body.url: the transport STREAMABLE_HTTP takes'],
  ])('%s', async (_, body, message) => {
    const id = await create();
    const before = await read(id);
    const answer = await update(id, body);
    expect([answer.status, answer.body.message]).toEqual([400, 'Validation failed']);
    expect(answer.body.error).toContain(message);
    expect(answer.headers.get('link')).toMatch(/docs\/errors\.html#validation_failed>; rel="help"$/);
    expect(await read(id)).toEqual(before);
  });

  test('all mistakes at once', async () => {
    const { body } = await update(await create(), { name: 1, tags: [''], nonsense: 1, request_headers: { Host: 'x' } });
    for (const field of ['body.name', 'body.tags.0', 'body.nonsense', 'body.request_headers.Host']) {
      expect(body.error).toContain(field);
    }
  });

  test('the merged server is checked', async () => {
    const id = await create({ url: 'wss://x.example.com', transport: 'WebSocket' });
    expect((await update(id, { transport: 'SSE' })).status).toBe(400);
    expect((await update(id, { transport: 'SSE', url: 'https://x.example.com' })).status).toBe(200);
    expect((await update(id, { transport: 'WebSocket' })).status).toBe(200);
  });
});

test('403: a changed policy without approvals, but not the same policy', async () => {
  const path = { org_id: server.organizationId };
  const pair = (await call(server.url, 'createApiKey', { path, body: { name: 'agent', permissions: ['servers'] } }))
    .body;
  const id = await create();
  const answer = await update(id, { approval_policy: 'auto_approve_all' }, { as: pair });
  expect([answer.status, answer.body.error]).toEqual([403, "This key pair lacks the permission 'approvals'."]);
  expect((await update(id, { approval_policy: 'require_approval_all', name: 'b' }, { as: pair })).status).toBe(200);
});

test.each([
  ['url', { url: 'https://elsewhere.example.com/mcp' }],
  ['transport', { transport: 'SSE' }],
  ['header for another path', { request_headers: { 'X-Original-URL': '/elsewhere' } }],
  ['header for another method', { request_headers: { 'x-http-method-override': 'PUT' } }],
])('403: a changed %s of a server without approvals, by a key pair without approvals', async (_, change) => {
  const path = { org_id: server.organizationId };
  const pair = (await call(server.url, 'createApiKey', { path, body: { name: 'agent', permissions: ['servers'] } }))
    .body;
  const id = await create({ approval_policy: 'auto_approve_all' });
  const before = await read(id);
  expect((await update(id, change, { as: pair })).status).toBe(403);
  expect(await read(id)).toEqual(before);
  expect((await update(id, { name: 'Renamed' }, { as: pair })).status).toBe(200);
  expect((await update(id, change)).status).toBe(200);
  const other = await create({ approval_policy: 'auto_approve_read_only' });
  expect((await update(other, change, { as: pair })).status).toBe(200);
});

test('412: an If-Match of another version changes nothing', async () => {
  const id = await create();
  const before = await read(id);
  const answer = await update(id, { name: 'x' }, { headers: { 'If-Match': '"2"' } });
  expect([answer.status, answer.body.message]).toEqual([412, 'Precondition failed']);
  expect(await read(id)).toEqual(before);
});

test('racing updates and deletions answer 200 or 404, and lose nothing', async () => {
  for (let round = 0; round < 25; round++) {
    const id = await create();
    const path = { mcpServerId: id };
    const remove = () => call(server.url, 'deleteMcpServer', { path });
    const answers = await Promise.all([
      update(id, { name: 'x' }),
      remove(),
      update(id, { description: 'y' }),
      remove(),
    ]);
    const statuses = answers.map(({ status }) => status);
    expect(statuses.every((status) => status === 200 || status === 404)).toBe(true);
    expect([statuses[1], statuses[3]].toSorted()).toEqual([200, 404]);
  }
});

test.each([
  ['url', { url: 'https://elsewhere.example.com/mcp' }, 0],
  ['transport', { transport: 'SSE' }, 0],
  ['name', { name: 'Renamed' }, 1],
])('200: %s decides whether tool approvals stay', async (_, change, left) => {
  const path = { mcpServerId: await create() };
  const approval = { tool_name: 'file_read', approval_hash: 'a'.repeat(64), auto_approve: true };
  await call(server.url, 'addToolApproval', { path, body: approval });
  expect((await call(server.url, 'updateMcpServer', { path, body: change })).status).toBe(200);
  expect((await call(server.url, 'listToolApprovals', { path })).body.data).toHaveLength(left);
});
