import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as catalogues from '../../src/store/catalogues.ts';
import { saveCatalogue } from '../store/support/samples.ts';
import { createAccount } from '../support/accounts.ts';
import { anyRoom } from '../support/any-room.ts';
import { type Call, call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let id: string;
let mcpServerId: string;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  server.clock.now += 1000;
  const body = { name: 'Tracker', url: 'https://tracker.example.com/mcp', tags: ['work'] };
  mcpServerId = (await call(server.url, 'createMcpServer', { body })).body.data.id;
  id = mcpServerId.slice('mcp_'.length);
});

const at = () => new Date(server.clock.now).toISOString();
const read = async () => (await call(server.url, 'getAccount', { path: { id } })).body;
const mint = (config: object = {}) =>
  call(server.url, 'createEndpoint', { path: { integrated_account_id: id }, body: { name: 'Tracker', config } });
const update = (body: object) => call(server.url, 'updateMcpServer', { path: { mcpServerId }, body });
const preview = async (query: Call['query'] = {}) =>
  (await call(server.url, 'listAccountTools', { path: { id }, query })).body.result;

const INPUT = { type: 'object', properties: { title: { type: 'string' }, body: {} }, required: ['title'] };
const TOOLS = [
  { name: 'list_issues', description: 'Issues', inputSchema: INPUT, annotations: { readOnlyHint: true } },
  { name: 'Search.Code', description: '', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } },
  { name: 'create_issue', description: 'Open one', inputSchema: INPUT },
  { name: 'list_and_purge', inputSchema: { type: 'object', required: ['', 1, 'a'] } },
];
const see = (tools: readonly Readonly<Record<string, unknown>>[] = TOOLS) =>
  server.deps.store.write((db) =>
    saveCatalogue(db, id, {
      tools: tools.map((definition) => ({ definition, hash: 'a'.repeat(64) })),
      seenAt: server.clock.now,
    }),
  );
const catalogue = () => catalogues.find(server.deps.store.read, id, anyRoom);

describe('a server is an account', () => {
  test('has the UUID of the server, without tenant, integration and credentials', async () => {
    const account = {
      id,
      tenant_id: null,
      display_name: 'Tracker',
      environment_integration_id: null,
      integration: { id: null, name: 'mcp' },
      authentication_method: 'none',
      status: 'active',
      created_at: at(),
      updated_at: at(),
    };
    expect(JSON.stringify(await read())).toBe(JSON.stringify(account));
    const { result } = (await call(server.url, 'listAccounts', { query: { limit: 1 } })).body;
    expect(result).toEqual([account]);
  });

  test('changes with the server, with its ETag', async () => {
    const before = await call(server.url, 'getAccount', { path: { id } });
    server.clock.now += 1000;
    await update({ name: 'Renamed' });
    const after = await call(server.url, 'getAccount', { path: { id } });
    expect(after.body).toEqual({ ...before.body, display_name: 'Renamed', updated_at: at() });
    expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'));
  });

  test('is listed by status and by the name mcp, and by no tenant', async () => {
    server.clock.now += 1000;
    const { accountId } = await createAccount(server, undefined, 'crm');
    const ids = async (query: Record<string, string>) =>
      (await call(server.url, 'listAccounts', { query })).body.result.map((account: { id: string }) => account.id);
    expect(await ids({ 'integration.name': 'mcp' })).toContain(id);
    expect(await ids({ 'integration.name': 'mcp', status: 'active' })).toContain(id);
    expect(await ids({ 'integration.name': 'mcp', status: 'needs_reauth' })).toEqual([]);
    expect(await ids({ 'integration.name': 'mcp', tenant_id: 'mcp' })).toEqual([]);
    expect(await ids({ 'integration.name': 'crm' })).toEqual([accountId]);
    expect((await ids({})).filter((one: string) => [id, accountId].includes(one))).toEqual([accountId, id]);
  });

  test.each([
    ['updateAccount', { body: { tenant_id: 'acme-1' } }],
    ['updateAccount', { body: {} }],
    ['updateAccount', { body: {}, headers: { 'If-Match': '"9"' } }],
    ['deleteAccount', {}],
    ['deleteAccount', { headers: { 'If-Match': '"9"' } }],
  ] as const)('405: %s %j', async (operation, more) => {
    const before = await read();
    const answer = await call(server.url, operation, { path: { id }, ...more });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET']);
    expect(answer.body.message).toBe(`This account is a server: change it as ${mcpServerId} in the Servers API.`);
    expect(await read()).toEqual(before);
  });

  test('404: a deleted server, with its endpoints', async () => {
    const endpoint = (await mint()).body;
    const path = { integrated_account_id: id, id: endpoint.id };
    expect((await call(server.url, 'getEndpoint', { path })).status).toBe(200);
    await call(server.url, 'deleteMcpServer', { path: { mcpServerId } });
    for (const answer of [
      await call(server.url, 'getAccount', { path: { id } }),
      await call(server.url, 'updateAccount', { path: { id }, body: {} }),
      await call(server.url, 'listAccountTools', { path: { id } }),
      await call(server.url, 'getEndpoint', { path }),
      await mint(),
    ]) {
      expect(answer.status).toBe(404);
    }
    const { sql } = server.deps.store.read;
    expect(await sql.selectFrom('endpoints').select('id').where('account_id', '=', id).execute()).toEqual([]);
  });
});

describe('createEndpoint over a server', () => {
  test('201: any scope, before its tools are known', async () => {
    expect((await mint({ methods: ['no_such_tool'], tags: ['nothing'] })).status).toBe(201);
  });

  test('201: a scope that selects a tool', async () => {
    await see();
    for (const config of [{}, { methods: ['read'] }, { methods: ['LIST_AND_PURGE'] }, { tags: ['work', 'x'] }]) {
      expect((await mint(config)).status).toBe(201);
    }
  });

  test('400: a scope without a known tool, with the available words', async () => {
    await see();
    const available = 'available methods: create, list, list_and_purge, tags: work.';
    const refused = await mint({ methods: ['GET', 'delete'], tags: ['work'] });
    expect([refused.status, refused.body.message]).toEqual([
      400,
      `No tool of this account matches methods [GET, delete] and tags [work]; ${available}`,
    ]);
    const { id: endpoint } = (await mint({ methods: ['read'] })).body;
    const path = { integrated_account_id: id, id: endpoint };
    const body = { config: { tags: ['play'] } };
    expect((await call(server.url, 'updateEndpoint', { path, body })).status).toBe(400);
    await update({ tags: ['play'] });
    expect((await call(server.url, 'updateEndpoint', { path, body })).status).toBe(200);
  });
});

describe('listAccountTools of a server', () => {
  test('200: no tools before the first list', async () => {
    expect(await preview()).toEqual([]);
  });

  test('200: the listed tools, with all arguments in the body', async () => {
    await see();
    const none = { type: 'object', properties: {} };
    const shared = { query_schema: none, tags: ['work'], definition_hash: expect.stringMatching(/^[0-9a-f]{64}$/) };
    expect(await preview()).toEqual([
      {
        resource: 'issues',
        method: 'list',
        name: 'list_issues',
        description: 'Issues',
        body_schema: INPUT,
        required: ['title'],
        ...shared,
      },
      {
        resource: 'code',
        method: 'list',
        name: 'Search.Code',
        description: 'Search.Code',
        body_schema: { type: 'object' },
        required: [],
        ...shared,
      },
      {
        resource: 'issue',
        method: 'create',
        name: 'create_issue',
        description: 'Open one',
        body_schema: INPUT,
        required: ['title'],
        ...shared,
      },
      {
        resource: 'and_purge',
        method: 'list_and_purge',
        name: 'list_and_purge',
        description: 'list_and_purge',
        body_schema: TOOLS[3]?.inputSchema,
        required: ['a'],
        ...shared,
      },
    ]);
  });

  test('200: the tools in the scope', async () => {
    await see();
    const names = async (query: Call['query']) => (await preview(query)).map(({ name }: { name: string }) => name);
    expect(await names({ methods: 'read' })).toEqual(['list_issues', 'Search.Code']);
    expect(await names({ methods: 'write', tags: 'work' })).toEqual(['create_issue']);
    expect(await names({ tags: 'play' })).toEqual([]);
  });
});

describe('updateMcpServer', () => {
  test.each([
    ['url', { url: 'https://elsewhere.example.com/mcp' }],
    ['transport', { transport: 'SSE' }],
  ])('clears tools and pins after a change of %s', async (_, change) => {
    await see();
    await update(change);
    expect(await catalogue()).toMatchObject({ tools: null, seenAt: null, pins: {} });
  });

  test('keeps tools and pins after other changes', async () => {
    await see();
    const before = await catalogue();
    const same = { url: 'https://tracker.example.com/mcp', transport: 'STREAMABLE_HTTP' };
    await update({ ...same, name: 'Renamed', request_headers: { A: 'b' } });
    expect(await catalogue()).toEqual(before);
    expect((await update({ url: 'ftp://x' })).status).toBe(400);
    expect(await catalogue()).toEqual(before);
  });

  test('pins nothing after a move of a never seen server', async () => {
    await update({ url: 'https://elsewhere.example.com/mcp' });
    await see([{ name: 'run', inputSchema: { type: 'object' } }]);
    expect((await catalogue()).pins).toEqual({});
  });
});
