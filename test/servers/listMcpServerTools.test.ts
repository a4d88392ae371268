import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startToolServer, type ToolServer, tool } from '../support/tool-server.ts';

const READ = tool('file_read', { description: 'Read a file', annotations: { readOnlyHint: true } });
const WRITE = tool('file_write', { description: 'Write a file' });
const CHANGED = { ...READ, description: 'Read a file, and tell somebody' };

let server: TestServer;
let upstream: ToolServer;
let path: { mcpServerId: string };
beforeAll(async () => {
  server = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
});
afterAll(() => server.stop());
beforeEach(async () => {
  upstream = await startToolServer([READ, WRITE]);
  path = await register();
  return () => upstream.stop();
});

const register = async (fields: object = {}) => {
  const body = { name: 'Files', url: upstream.url, approval_policy: 'auto_approve_read_only', ...fields };
  return { mcpServerId: (await call(server.url, 'createMcpServer', { body })).body.data.id as string };
};
const ask = (more: object = {}) => {
  server.clock.now += 1;
  return call(server.url, 'listMcpServerTools', { path, ...more });
};
const list = async (): Promise<Json[]> => (await ask()).body.data;
const states = async () => Object.fromEntries((await list()).map(({ name, approval }) => [name, approval]));
const hashOf = async (name: string): Promise<string> =>
  (await list()).find((listed) => listed.name === name).definition_hash;
const approve = async (tool_name: string, approval_hash: string, auto_approve = true) => {
  const body = { tool_name, approval_hash, auto_approve };
  expect((await call(server.url, 'addToolApproval', { path, body })).status).toBe(201);
};
const approveUntil = async (tool_name: string, expires_at: number) => {
  const body = { tool_name, approval_hash: await hashOf(tool_name), auto_approve: true, expires_at };
  return (await call(server.url, 'addToolApproval', { path, body })).body.data;
};
const pairWith = async (permissions: string[]) => {
  const org = { org_id: server.organizationId };
  return (await call(server.url, 'createApiKey', { path: org, body: { name: 'agent', permissions } })).body;
};
const update = (body: object) => call(server.url, 'updateMcpServer', { path, body });

describe('200', () => {
  test('lists the tools in the order of the server and the key order of the document', async () => {
    const answer = await ask();
    expect(Object.keys(answer.body)).toEqual(['message', 'status', 'error', 'data']);
    expect(answer.body.message).toBe('MCP server tools retrieved successfully');
    const [read, write] = answer.body.data;
    expect(JSON.stringify(read)).toBe(
      JSON.stringify({
        name: 'file_read',
        description: 'Read a file',
        inputSchema: { type: 'object' },
        annotations: { readOnlyHint: true },
        other_members: {},
        definition_hash: read.definition_hash,
        approval: 'runs',
        tool_approval: null,
        pinned_definition: null,
      }),
    );
    expect(write).toMatchObject({ name: 'file_write', annotations: {}, approval: 'waits' });
    expect(write.definition_hash).not.toBe(read.definition_hash);
  });

  test.each<[string, Json]>([
    ['_meta', { _meta: { prompt: 'evil' } }],
    ['icons', { icons: [{ src: 'https://evil.example.com/i.png' }] }],
    ['a member that nobody knows', { longDescription: 'evil' }],
    ['a member in another case', { Description: 'evil' }],
    ['a title', { title: 'evil' }],
  ])('marks a tool as changed if its definition gets %s', async (_, more) => {
    const other = await startToolServer([READ]);
    path = await register({ url: other.url });
    expect(await states()).toEqual({ file_read: 'runs' });
    await approve('file_read', await hashOf('file_read'));
    other.tools = [{ ...READ, ...more }];
    const [changed] = await list();
    expect([changed.approval, changed.other_members]).toEqual(['changed', more]);
    expect(changed.pinned_definition).toEqual(READ);
    await approve('file_read', changed.definition_hash);
    expect(await list()).toMatchObject([{ approval: 'runs', pinned_definition: null }]);
    await other.stop();
  });

  test.each(['handshake', 'stateless'] as const)('live, from a server of the era %s', async (era) => {
    const other = await startToolServer([READ], era);
    path = await register({ url: other.url });
    expect(await states()).toEqual({ file_read: 'runs' });
    other.tools = [WRITE, READ];
    expect((await list()).map(({ name }) => name)).toEqual(['file_write', 'file_read']);
    await other.stop();
  });

  test('lists no tools', async () => {
    upstream.tools = [];
    expect(await list()).toEqual([]);
  });

  test('shows missing and wrong members, and unchanged digits', async () => {
    const tools = `[
      {"name": "bare", "inputSchema": {"type": "object", "maximum": 12345678901234567890}},
      {"name": "odd", "description": null, "annotations": null, "inputSchema": {}},
      {"name": "__proto__", "description": 7, "annotations": ["readOnlyHint"], "inputSchema": {}},
      {"name": "", "inputSchema": {}}, {"name": "no_object", "inputSchema": []}
    ]`;
    path = await register({ url: `${upstream.url}?odd` });
    upstream.before = async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) {
        chunks.push(chunk as Buffer);
      }
      const { id, method } = JSON.parse(Buffer.concat(chunks).toString());
      const result =
        method === 'server/discover'
          ? '{"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}}'
          : `{"tools": ${tools}}`;
      response.setHeader('content-type', 'application/json');
      response.end(`{"jsonrpc": "2.0", "id": ${JSON.stringify(id)}, "result": ${result}}`);
      return true;
    };
    const { text, body } = await ask();
    expect(text).toContain('"maximum":12345678901234567890');
    const shown = { description: null, annotations: {}, approval: 'waits' };
    expect(body.data).toMatchObject(['bare', 'odd', '__proto__'].map((name) => ({ name, ...shown })));
    expect(body.data).toHaveLength(3);
  });

  test.each([
    ['auto_approve_all', { file_read: 'runs', file_write: 'runs' }],
    ['require_approval_all', { file_read: 'waits', file_write: 'waits' }],
    ['auto_approve_read_only', { file_read: 'runs', file_write: 'waits' }],
    ['require_approval_per_tool', { file_read: 'waits', file_write: 'waits' }],
  ])('under %s', async (approval_policy, expected) => {
    path = await register({ approval_policy });
    expect(await states()).toEqual(expected);
  });

  test.each([
    ['auto_approve_all'],
    ['require_approval_all'],
    ['auto_approve_read_only'],
    ['require_approval_per_tool'],
  ])('marks a definition that differs from the first seen one as changed under %s', async (approval_policy) => {
    path = await register({ approval_policy });
    await list();
    upstream.tools = [CHANGED, WRITE];
    expect((await states()).file_read).toBe('changed');
    upstream.tools = [READ, WRITE];
    expect((await states()).file_read).not.toBe('changed');
  });

  test('a new tool waits, and is not changed', async () => {
    await list();
    upstream.tools = [READ, WRITE, { ...READ, name: 'file_find' }];
    expect(await states()).toEqual({ file_read: 'runs', file_write: 'waits', file_find: 'waits' });
    await approve('file_find', await hashOf('file_find'));
    expect((await states()).file_find).toBe('runs');
  });

  test('an approval of the current definition decides: true runs, false waits', async () => {
    await approve('file_write', await hashOf('file_write'), true);
    await approve('file_read', await hashOf('file_read'), false);
    expect(await states()).toEqual({ file_read: 'waits', file_write: 'runs' });
  });

  test('an approval of an earlier definition does not apply, and one of the new definition ends the change', async () => {
    await approve('file_read', await hashOf('file_read'));
    upstream.tools = [CHANGED, WRITE];
    expect((await states()).file_read).toBe('changed');
    await approve('file_read', await hashOf('file_read'), false);
    expect((await states()).file_read).toBe('waits');
    await approve('file_read', await hashOf('file_read'), true);
    expect((await states()).file_read).toBe('runs');
    upstream.tools = [READ, WRITE];
    expect((await states()).file_read).toBe('waits');
  });

  test('an approval counts until its end, and is shown beside the decision, also later', async () => {
    const expires_at = server.clock.now + 1000;
    const approval = await approveUntil('file_write', expires_at);
    const shown = async () => (await list()).map(({ approval, tool_approval }) => [approval, tool_approval]);
    expect(await shown()).toEqual([
      ['runs', null],
      ['runs', approval],
    ]);
    server.clock.now = expires_at;
    expect(await shown()).toEqual([
      ['runs', null],
      ['waits', { ...approval, expired: true }],
    ]);
    // A changed definition that was approved for a while only is changed again.
    upstream.tools = [CHANGED, WRITE];
    await approveUntil('file_read', server.clock.now + 1000);
    expect((await states()).file_read).toBe('runs');
    server.clock.now += 1000;
    expect((await states()).file_read).toBe('changed');
  });

  test('every tool waits after a new url, and none is changed', async () => {
    await list();
    await update({ url: `${upstream.url}?moved` });
    upstream.tools = [READ, CHANGED, WRITE];
    expect(await states()).toEqual({ file_read: 'waits', file_write: 'waits' });
    await approve('file_read', await hashOf('file_read'));
    expect(await states()).toEqual({ file_read: 'runs', file_write: 'waits' });
  });

  test.each([
    ['by who may approve', ['servers', 'approvals']],
    ['by who may not', ['servers']],
  ])('every tool waits after a new url, even without an earlier list: moved %s', async (_, permissions) => {
    const as = await pairWith(permissions);
    expect((await call(server.url, 'updateMcpServer', { path, as, body: { url: `${upstream.url}?1` } })).status).toBe(
      200,
    );
    expect(await states()).toEqual({ file_read: 'waits', file_write: 'waits' });
    await update({ url: upstream.url });
    expect(await states()).toEqual({ file_read: 'waits', file_write: 'waits' });
    await approve('file_read', await hashOf('file_read'));
    expect((await states()).file_read).toBe('runs');
  });

  test.each([
    [['servers', 'approvals'], 'runs'],
    [['servers'], 'waits'],
  ])('the first tools of a server that %j has registered %s', async (permissions, state) => {
    const as = await pairWith(permissions);
    const body = { name: 'Theirs', url: upstream.url, approval_policy: 'require_approval_all' };
    path = { mcpServerId: (await call(server.url, 'createMcpServer', { body, as })).body.data.id };
    await update({ approval_policy: 'auto_approve_read_only' });
    expect(await states()).toEqual({ file_read: state, file_write: 'waits' });
    await approve('file_read', await hashOf('file_read'));
    expect((await states()).file_read).toBe('runs');
  });

  test('every tool waits after a change of headers that determine the destination', async () => {
    await list();
    await update({ request_headers: { 'X-Rewrite-Url': '/elsewhere' } });
    expect(await states()).toEqual({ file_read: 'waits', file_write: 'waits' });
  });

  test('other headers keep the pins', async () => {
    await list();
    await update({ request_headers: { 'X-Key': 'new' } });
    upstream.tools = [CHANGED, WRITE];
    expect(await states()).toEqual({ file_read: 'changed', file_write: 'waits' });
  });
});

test('403: a key pair without the permission servers', async () => {
  const org = { org_id: server.organizationId };
  const body = { name: 'approver', permissions: ['approvals'] };
  const pair = (await call(server.url, 'createApiKey', { path: org, body })).body;
  const answer = await ask({ as: pair });
  expect([answer.status, answer.body.error]).toEqual([403, "This key pair lacks the permission 'servers'."]);
});

test('401: no credentials', async () => {
  expect((await ask({ as: 'nobody' })).status).toBe(401);
});

test('404: an unknown server, and a server of another organization, without a request to it', async () => {
  let asked = false;
  upstream.before = () => {
    asked = true;
    return false;
  };
  const org = (await call(server.url, 'createOrganization', { body: { name: 'Other' } })).body.id;
  const other = (await call(server.url, 'createApiKey', { path: { org_id: org }, body: { name: 'x' } })).body;
  expect((await ask({ as: other })).status).toBe(404);
  path = { mcpServerId: 'mcp_00000000-0000-4000-8000-000000000000' };
  expect((await ask()).status).toBe(404);
  expect(asked).toBe(false);
});

test('lists again if a list was already in progress', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let requests = 0;
  upstream.before = async () => {
    requests += 1;
    await promise;
    return false;
  };
  const first = ask();
  await expect.poll(() => requests).toBeGreaterThan(0);
  const second = ask();
  const { lists } = upstream;
  resolve();
  expect((await Promise.all([first, second])).map(({ status }) => status)).toEqual([200, 200]);
  expect(upstream.lists).toBe(lists + 2);
});

describe('502, with the reason', () => {
  const failed = async () => {
    const { status, body, headers } = await ask();
    expect([status, body.message, body.status]).toEqual([502, 'Server failed', 'error']);
    expect(headers.get('link')).toMatch(/docs\/errors\.html#server_failed>; rel="help"$/);
    return body.error as string;
  };
  const answering = (status: number, type: string, body: string) => (_: unknown, response: ServerResponse) => {
    response.writeHead(status, { 'content-type': type }).end(body);
    return true;
  };

  test('for a server that does not answer, even if an earlier list is known', async () => {
    await list();
    await upstream.stop();
    expect(await failed()).toMatch(/^The MCP server 'Files' cannot be reached/);
    path = await register();
    expect(await failed()).toBe("The MCP server 'Files' cannot be reached (ECONNREFUSED).");
    upstream = await startToolServer([]);
  });

  test.each([
    ['a page', 200, 'text/html', '<h1>Welcome</h1>', 'does not speak the protocol'],
    ['a 404', 404, 'text/plain', 'Not found', 'does not speak the protocol'],
    ['a 401', 401, 'application/json', '{"secret": "hunter2"}', 'refused the credentials that it is sent (HTTP 401)'],
    ['a 500', 500, 'text/plain', 'secret hunter2', 'answered with HTTP 500.'],
  ])('%s', async (_, status, type, body, reason) => {
    upstream.before = answering(status, type, body);
    const said = await failed();
    expect(said).toContain(reason);
    expect(said).not.toContain('hunter2');
    path = await register();
    upstream.before = () => false;
    await list();
    upstream.before = answering(status, type, body);
    expect(await failed()).toContain(reason);
  });

  test('for an address that the egress policy refuses', async () => {
    path = await register({ url: 'http://169.254.169.254/mcp' });
    expect(await failed()).toContain('GATEHOUSE_EGRESS_ALLOW');
  });

  test('for a server that hangs, at first and after a list', async () => {
    await list();
    upstream.before = () => true;
    const start = performance.now();
    const first = failed();
    path = await register();
    expect(await Promise.all([first, failed()])).toEqual([
      "The MCP server 'Files' did not list its tools within 10 s.",
      expect.stringMatching(/within 10 s\.$/),
    ]);
    expect(performance.now() - start).toBeLessThan(30_000);
  });

  test.each([
    [503, 'stateless'],
    [404, 'stateless'],
    [200, 'stateless'],
    [404, 'handshake'],
  ] as const)('for HTTP %i of a server of the era %s', async (status, era) => {
    const other = await startToolServer([READ], era);
    path = await register({ url: other.url });
    other.before = answering(status, 'text/html', '<h1>Starting</h1>');
    await failed();
    other.before = () => false;
    server.clock.now += 2000;
    expect(await states()).toEqual({ file_read: 'runs' });
    await other.stop();
  });
});
