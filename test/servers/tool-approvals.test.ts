import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { upsert } from '../../src/store/tool-approvals.ts';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let path: { mcpServerId: string };
beforeAll(async () => {
  server = await startTestServer();
});
beforeEach(async () => {
  const created = await call(server.url, 'createMcpServer', { body: { name: 'Files', url: 'https://x.example.com' } });
  path = { mcpServerId: created.body.data.id };
});
afterAll(() => server.stop());

const HASH = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const add = (tool_name: string, more: object = {}) =>
  call(server.url, 'addToolApproval', { path, body: { tool_name, approval_hash: HASH, auto_approve: true, ...more } });
const list = async () => (await call(server.url, 'listToolApprovals', { path })).body.data as { tool_name: string }[];
const remove = (toolName: string) => call(server.url, 'removeToolApproval', { path: { ...path, toolName } });

describe('addToolApproval', () => {
  test('201, and it is listed', async () => {
    const answer = await add('file_read');
    expect([answer.status, answer.body.message]).toEqual([201, 'Tool approval added successfully']);
    expect(answer.body.data).toEqual({
      server_id: path.mcpServerId,
      tool_name: 'file_read',
      approval_hash: HASH,
      auto_approve: true,
      created_at: server.clock.now,
      expires_at: null,
      expired: false,
    });
    expect(await list()).toEqual([answer.body.data]);
  });

  test('201: a second approval of a tool replaces the first', async () => {
    await add('file_read');
    const answer = await add('file_read', { auto_approve: false, approval_hash: 'other' });
    expect(await list()).toEqual([answer.body.data]);
  });

  test('201: with an end, after which it is listed as expired; a replacement has its own end, or none', async () => {
    const expires_at = server.clock.now + 1;
    const answer = await add('file_read', { expires_at });
    expect(answer.body.data).toMatchObject({ expires_at, expired: false });
    expect(await list()).toEqual([answer.body.data]);
    server.clock.now = expires_at;
    expect(await list()).toEqual([{ ...answer.body.data, expired: true }]);
    expect((await add('file_read', { expires_at })).status).toBe(400);
    const renewed = await add('file_read', { expires_at: null });
    expect(renewed.body.data).toMatchObject({ expires_at: null, expired: false });
    expect(await list()).toEqual([renewed.body.data]);
  });

  test('409: more than 1,000 approvals of a server; stored ones stay, can be replaced, and make room when deleted', async () => {
    const db = server.deps.store;
    const accountId = path.mcpServerId.replace('mcp_', '');
    const { organizationId } = server;
    const rest = {
      organizationId,
      accountId,
      approvalHash: HASH,
      autoApprove: true,
      createdAt: 1,
      expiresAt: null,
      definition: null,
    };
    await db.write(async (writing) => {
      for (let count = 0; count < 999; count++) {
        await upsert(writing, { toolName: `tool-${count}`, ...rest });
      }
    });
    expect((await add('last')).status).toBe(201);
    const refused = await add('beyond');
    expect([refused.status, refused.body.message, refused.headers.get('link')]).toEqual([
      409,
      'Quota exceeded',
      expect.stringContaining('#quota_exceeded'),
    ]);
    expect(refused.body.error).toContain('This server has 1000 tool approvals');
    expect(await list()).toHaveLength(1000);
    expect((await add('last', { auto_approve: false })).status).toBe(201);
    expect((await remove('tool-0')).status).toBe(200);
    expect((await add('beyond')).status).toBe(201);
    // More than that may be there from before there was a limit.
    await db.write((writing) => upsert(writing, { toolName: 'old', ...rest }));
    expect((await add('old')).status).toBe(201);
    expect((await add('tool-0')).status).toBe(409);
    expect(await list()).toHaveLength(1001);
  });

  test.each([
    ['a key is missing', { auto_approve: undefined }, 'body.auto_approve: is required'],
    ['a condition', { approval_conditions: {} }, 'body.approval_conditions: unknown key: not supported'],
    ['a text for a yes', { auto_approve: 'true' }, 'body.auto_approve: must be boolean'],
    ['what only the server says', { created_at: 1 }, 'body.created_at: read-only; leave it out'],
    ['the same of the end', { expired: false }, 'body.expired: read-only; leave it out'],
    ['an end that is past', { expires_at: 1 }, 'body.expires_at: must lie ahead of 2026-11-20T'],
    ['an end as text', { expires_at: '2099-12-31T00:00:00Z' }, 'body.expires_at: must be integer,null'],
    ['an end beyond all dates', { expires_at: 1e15 }, 'body.expires_at: must be <= 253402300799999'],
    ['a name that paths cannot hold', { tool_name: '..' }, 'body.tool_name: must match pattern'],
    ['a long name', { tool_name: 'x'.repeat(257) }, 'body.tool_name: must have at most 256 characters'],
  ])('400: %s', async (_, more, message) => {
    const answer = await add('refused', more);
    expect(answer.status).toBe(400);
    expect(answer.body.error).toContain(message);
    expect((await list()).map(({ tool_name }) => tool_name)).not.toContain('refused');
  });
});

describe('listToolApprovals', () => {
  test('200: oldest first', async () => {
    for (const name of ['c', 'b', 'a']) {
      await add(name);
      server.clock.now += 1000;
    }
    expect((await list()).map(({ tool_name }) => tool_name)).toEqual(['c', 'b', 'a']);
  });
});

describe('removeToolApproval', () => {
  test.each(['a', 'with/slash', 'with space', '100%', '文件', '...', 'a?b#c'])('200: %s', async (name) => {
    await add(name);
    const answer = await remove(name);
    expect(answer.body).toEqual({
      message: 'Tool approval revoked successfully',
      status: 'success',
      error: null,
      data: { server_id: path.mcpServerId, tool_name: name, deleted: true },
    });
    expect((await list()).map(({ tool_name }) => tool_name)).not.toContain(name);
  });

  test('404: no approval of the tool', async () => {
    const answer = await remove('nobody_has_this');
    expect([answer.status, answer.body.message]).toEqual([404, 'Tool approval not found']);
  });

  test('a name that clients normalise never reaches the operation of the server', async () => {
    await add('file_read');
    await remove('..').catch(() => undefined);
    expect(await list()).toHaveLength(1);
  });

  test('are deleted with their server', async () => {
    await call(server.url, 'deleteMcpServer', { path });
    expect((await call(server.url, 'listToolApprovals', { path })).status).toBe(404);
  });
});
