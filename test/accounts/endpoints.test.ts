import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { purgeExpired } from '../../src/accounts/endpoints.ts';
import { createAccount } from '../support/accounts.ts';
import { askOnce, type Method } from '../support/ask-once.ts';
import { type Call, call } from '../support/client.ts';
import { API_TOKEN, startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let path: { integrated_account_id: string };
beforeAll(async () => {
  server = await startTestServer();
  path = { integrated_account_id: (await createAccount(server)).accountId };
});
afterAll(() => server.stop());

const create = (body: unknown) => call(server.url, 'createEndpoint', { path, body });
const made = async (body: object = {}) => (await create({ name: 'My MCP server', ...body })).body;
const on = (id: string, more: Call = {}) => ({ path: { ...path, id }, ...more });
const read = async (id: string) => (await call(server.url, 'getEndpoint', on(id))).body;
const update = (id: string, body: unknown, more: Call = {}) =>
  call(server.url, 'updateEndpoint', on(id, { body, ...more }));
const ahead = (seconds: number) => new Date(server.clock.now + seconds * 1000).toISOString();

/** The curl block of a seed as a request: its host, ids and token replaced. */
const literal = (method: Method, suffix: string, body: string) =>
  askOnce(server.url, method, `/integrated-account/${path.integrated_account_id}/mcp${suffix}`, {
    headers: { Authorization: `Bearer ${API_TOKEN}`, 'Content-Type': 'application/json' },
    body,
  });

describe('createEndpoint 201', () => {
  test('answers the request of seed 004 in the key order of seed 001, with token and url last', async () => {
    const answer = await literal('post', '', '{\n  "name": "My MCP server",\n  "config": {}\n}');
    expect(answer.status).toBe(201);
    const body = answer.body as Record<string, unknown>;
    const at = new Date(server.clock.now).toISOString();
    expect(Object.entries(body)).toEqual([
      ['id', expect.stringMatching(/^[0-9a-f-]{36}$/)],
      ['name', 'My MCP server'],
      ['integrated_account_id', path.integrated_account_id],
      ['config', {}],
      ['expires_at', null],
      ['created_by', expect.stringMatching(/^[0-9a-f-]{36}$/)],
      ['created_at', at],
      ['updated_at', at],
      ['token', expect.stringMatching(/^[0-9a-f]{32}$/)],
      ['url', `${server.url}/mcp/${body.token}`],
    ]);
    expect(answer.headers.get('location')).toBe(`/integrated-account/${path.integrated_account_id}/mcp/${body.id}`);
  });

  test('returns the fields of seeds 001 and 004 as sent', async () => {
    for (const config of [
      { methods: ['GET', 'POST', 'READ', 'DOWNLAOD'], tags: ['api', 'webhook'] },
      { methods: ['list', 'get'], tags: ['contacts', 'companies'] },
      { tags: ['companies'], methods: ['Import_Companies'], require_api_token_auth: true },
      { tool_exposure: 'discovery', methods: ['list'] },
      { tool_exposure: 'all' },
    ]) {
      const body = await made({ config, name: 'Read-only HubSpot', expires_at: '2099-12-31T23:59:59.000Z' });
      expect(JSON.stringify(body.config)).toBe(JSON.stringify(config));
      expect([body.name, body.expires_at]).toEqual(['Read-only HubSpot', '2099-12-31T23:59:59.000Z']);
    }
  });

  test('shows the token once, and does not store it', async () => {
    const { id, token } = await made();
    expect(Object.keys(await read(id))).not.toContain('token');
    const list = await call(server.url, 'listEndpoints', { path });
    expect(list.text).not.toContain(token);
    expect((await update(id, { name: 'x' })).text).not.toContain(token);
  });
});

describe('createEndpoint 400', () => {
  test.each([
    ['no name', {}, 'body.name: is required'],
    ['a long name', { name: 'x'.repeat(201) }, 'body.name: must have at most 200 characters'],
    [
      'a misspelt scope',
      { name: 'x', config: { method: ['list'] } },
      'body.config.method: unknown key: did you mean `methods`?',
    ],
    ['a scope in the wrong place', { name: 'x', methods: ['list'] }, 'body.methods: unknown key'],
    ['no methods at all', { name: 'x', config: { methods: [] } }, 'body.config.methods: must have at least 1 item'],
    ['no tags at all', { name: 'x', config: { tags: [] } }, 'body.config.tags: must have at least 1 item'],
    ['what only the server says', { name: 'x', token: 'y' }, 'body.token: read-only; leave it out'],
    [
      'an end beyond the calendar',
      { name: 'x', expires_at: '9999-12-31T23:59:59-23:59' },
      'body.expires_at: must be an instant',
    ],
    ['an end that is no date', { name: 'x', expires_at: 'soon' }, 'body.expires_at: must match format "date-time"'],
  ])('%s', async (_, body, message) => {
    const answer = await create(body);
    expect(answer.body).toMatchObject({ statusCode: 400, error: 'Bad Request' });
    const failures = (answer.body.details.failures as { path: string; message: string }[]).map(
      (f) => `${f.path}: ${f.message}`,
    );
    expect(failures.join('\n')).toContain(message);
  });

  test('an expiry within a minute', async () => {
    expect((await create({ name: 'x', expires_at: ahead(59) })).status).toBe(400);
    expect((await create({ name: 'x', expires_at: ahead(60) })).status).toBe(201);
  });

  test('a scope without a tool, with the available words', async () => {
    const { status, body } = await create({ name: 'x', config: { methods: ['PUT'], tags: ['contacts'] } });
    expect([status, body.message]).toEqual([
      400,
      'No tool of this account matches methods [PUT] and tags [contacts]; available methods: create, delete, download, get, import_companies, list, update, tags: api, companies, contacts, custom, webhook.',
    ]);
  });
});

describe('updateEndpoint 200', () => {
  test('changes only the name with the request of seed 000', async () => {
    const config = { methods: ['list'], tags: ['contacts'] };
    const { token, url, ...before } = await made({ config });
    server.clock.now += 1000;
    const answer = await literal('patch', `/${before.id}`, '{\n  "name": "Updated MCP server",\n  "config": {}\n}');
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      ...before,
      name: 'Updated MCP server',
      updated_at: new Date(server.clock.now).toISOString(),
    });
  });

  test('merges config key by key, and null clears a key', async () => {
    const { id } = await made({ config: { methods: ['list'], tags: ['contacts'] } });
    const config = async (sent: object) => (await update(id, { config: sent })).body.config;
    expect(await config({ methods: ['read'] })).toEqual({ methods: ['read'], tags: ['contacts'] });
    expect(await config({ require_api_token_auth: true })).toEqual({
      methods: ['read'],
      tags: ['contacts'],
      require_api_token_auth: true,
    });
    expect(await config({ methods: null })).toEqual({ tags: ['contacts'], require_api_token_auth: true });
    expect(await config({ tags: null, require_api_token_auth: null })).toEqual({});
    expect(await config({ tool_exposure: 'discovery' })).toEqual({ tool_exposure: 'discovery' });
    expect(await config({ tool_exposure: null })).toEqual({});
    expect((await read(id)).config).toEqual({});
  });

  test('sets, moves and removes an expiry', async () => {
    const { id } = await made();
    for (const expires_at of [ahead(120), ahead(600), null]) {
      expect((await update(id, { expires_at })).body.expires_at).toBe(expires_at);
    }
  });

  test('an expired endpoint is readable, and can get a new expiry', async () => {
    const { id } = await made({ expires_at: ahead(60) });
    server.clock.now += 61_000;
    expect((await read(id)).id).toBe(id);
    expect((await update(id, { name: 'Renamed' })).status).toBe(200);
    expect((await update(id, { expires_at: ahead(60) })).status).toBe(200);
  });
});

test('updateEndpoint 400: a scope without a tool changes nothing', async () => {
  const { id } = await made({ config: { methods: ['list'] } });
  const answer = await update(id, { config: { tags: ['nobody'] } });
  expect([answer.status, answer.body.message]).toEqual([
    400,
    expect.stringContaining('methods [list] and tags [nobody]'),
  ]);
  expect((await read(id)).config).toEqual({ methods: ['list'] });
});

test('412: an If-Match of another version changes and deletes nothing', async () => {
  const { id } = await made();
  const headers = { 'If-Match': '"7"' };
  expect((await update(id, { name: 'x' }, { headers })).status).toBe(412);
  expect((await call(server.url, 'deleteEndpoint', on(id, { headers }))).status).toBe(412);
  expect((await read(id)).name).toBe('My MCP server');
});

test('deleteEndpoint 200, and 404 afterwards', async () => {
  const { id } = await made();
  const answer = await call(server.url, 'deleteEndpoint', on(id));
  expect([answer.status, answer.body]).toEqual([200, { id }]);
  expect((await call(server.url, 'getEndpoint', on(id))).body).toEqual({
    statusCode: 404,
    error: 'Not Found',
    message: `No MCP server with id ${id}.`,
  });
});

describe('listEndpoints 200', () => {
  test('lists the newest first, in pages without loss or repetition while endpoints come and go', async () => {
    const other = { integrated_account_id: (await createAccount(server)).accountId };
    const ids: string[] = [];
    const add = async () => {
      server.clock.now += 1;
      return (await call(server.url, 'createEndpoint', { path: other, body: { name: 'x' } })).body.id as string;
    };
    for (let index = 0; index < 7; index++) {
      ids.unshift(await add());
    }
    const list = (query: Record<string, string | number> | string) =>
      call(server.url, 'listEndpoints', { path: other, query });
    const paged: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body } = await list(`limit=3&next_cursor=${cursor}`);
      expect(body.limit).toBe(3);
      paged.push(...(body.result as { id: string }[]).map(({ id }) => id));
      cursor = body.next_cursor as string | null;
      await add();
    }
    expect(paged).toEqual(ids);
    expect((await list({})).body).toMatchObject({ limit: 100, next_cursor: null });
  });

  test.each(['limit=0', 'limit=1001', 'next_cursor=nonsense', 'prev_cursor=x'])('400: %s', async (query) => {
    expect((await call(server.url, 'listEndpoints', { path, query })).status).toBe(400);
  });
});

test('deletes only endpoints that expired 30 days ago', async () => {
  const kept = await made();
  const { id } = await made({ expires_at: ahead(60) });
  const days = (count: number) => server.clock.now + 60_000 + count * 24 * 60 * 60 * 1000;
  await purgeExpired(server.deps.store, days(29), 30);
  expect((await read(id)).id).toBe(id);
  await purgeExpired(server.deps.store, days(31), 30);
  expect((await call(server.url, 'getEndpoint', on(id))).status).toBe(404);
  expect((await read(kept.id)).id).toBe(kept.id);
});
