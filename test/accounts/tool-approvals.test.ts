import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { getRequest, waitingRequest } from '../approvals/support/approver.ts';
import { documentOf } from '../support/accounts.ts';
import { type Call, call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { post } from '../support/mcp-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { listenOn } from '../support/sockets.ts';

const document = documentOf({ 'GET /things': {}, 'POST /things': {} });
const WRITE = 'create_a_things_thing';
const READ = 'list_all_things_things';
const HASH = 'a'.repeat(64);

let server: TestServer;
let service: Awaited<ReturnType<typeof listenOn>>;
/** The requests that have come to the service. */
let arrived: string[];
let integrationId: string;
let accountId: string;
let token: string;
beforeAll(async () => {
  server = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  service = await listenOn(
    createServer(({ method, url }, response) => {
      arrived.push(`${method} ${url}`);
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
    }),
  );
});
afterAll(async () => {
  await server.stop();
  await service.stop();
});

const create = async (approval_policy: string) => {
  const base_url = `http://127.0.0.1:${service.port}/v1`;
  const body = { name: 'things', document, base_url, approval_policy };
  integrationId = (await call(server.url, 'createIntegration', { body })).body.id;
  const account = { tenant_id: 'acme', environment_integration_id: integrationId, authentication_method: 'none' };
  accountId = (await call(server.url, 'createAccount', { body: account })).body.id;
  const path = { integrated_account_id: accountId };
  token = (await call(server.url, 'createEndpoint', { path, body: { name: 'Things' } })).body.token;
};
beforeEach(async () => {
  arrived = [];
  // Requests of earlier tests wait no more.
  server.clock.now += 600_000;
  await create('auto_approve_read_only');
});

const path = () => ({ id: accountId });
const add = (tool_name: string, more: object = {}, as: Call = {}) => {
  const body = { tool_name, approval_hash: HASH, auto_approve: true, ...more };
  return call(server.url, 'addAccountToolApproval', { path: path(), body, ...as });
};
const list = async (): Promise<Json[]> =>
  (await call(server.url, 'listAccountToolApprovals', { path: path() })).body.result;
/** A token that may not approve. */
const agent = async () => {
  const org = { org_id: server.organizationId };
  const { token } = (await call(server.url, 'createApiToken', { path: org, body: { name: 'agent' } })).body;
  return { as: { apiToken: token as string } };
};
const remove = (tool_name: string, as: Call = {}) =>
  call(server.url, 'removeAccountToolApproval', { path: { ...path(), tool_name }, ...as });
const hashOf = async (name: string): Promise<string> => {
  const { result } = (await call(server.url, 'listAccountTools', { path: path() })).body;
  return result.find((tool: Json) => tool.name === name).definition_hash;
};
const approve = async (name: string, more: object = {}) =>
  expect((await add(name, { approval_hash: await hashOf(name), ...more })).status).toBe(201);
/** Calls a tool: whether it ran. */
const runs = async (name: string): Promise<boolean> => {
  const before = arrived.length;
  const params = { name, arguments: {} };
  const { result } = (await post({ gateway: server, token }, { jsonrpc: '2.0', id: 1, method: 'tools/call', params }))
    .body;
  expect(result.isError ?? false).toBe(arrived.length === before);
  return arrived.length > before;
};
const change = (body: object) => call(server.url, 'updateIntegration', { path: { id: integrationId }, body });

test('201 and 200: it is listed with its end, expires, and is replaced and revoked', async () => {
  const expires_at = new Date(server.clock.now + 1000).toISOString();
  const added = await add('a/b', { expires_at });
  expect([added.status, added.body]).toEqual([
    201,
    {
      integrated_account_id: accountId,
      tool_name: 'a/b',
      approval_hash: HASH,
      auto_approve: true,
      created_at: new Date(server.clock.now).toISOString(),
      expires_at,
      expired: false,
    },
  ]);
  expect(await list()).toEqual([added.body]);
  server.clock.now += 1000;
  expect(await list()).toEqual([{ ...added.body, expired: true }]);
  const replaced = await add('a/b', { auto_approve: false });
  expect(await list()).toEqual([{ ...replaced.body, expires_at: null, auto_approve: false }]);
  const gone = await remove('a/b');
  expect([gone.status, gone.body]).toEqual([
    200,
    { integrated_account_id: accountId, tool_name: 'a/b', deleted: true },
  ]);
  expect(await list()).toEqual([]);
  const again = await remove('a/b');
  expect([again.status, again.body.message]).toEqual([
    404,
    `The integrated account ${accountId} has no approval of the tool 'a/b'.`,
  ]);
});

test.each([
  ['a condition', { approval_conditions: {} }, 'not supported'],
  ['an end that is past', { expires_at: '2020-01-01T00:00:00Z' }, 'must lie ahead of 2026-11-20T'],
  ['an end in milliseconds', { expires_at: 1 }, 'must be string,null'],
  ['a name that paths cannot hold', { tool_name: '..' }, 'must match pattern'],
])('400: %s', async (_, more, message) => {
  const answer = await add('x', more);
  expect([answer.status, JSON.stringify(answer.body)]).toEqual([400, expect.stringContaining(message)]);
  expect(await list()).toEqual([]);
});

test('403: a token without the permission approvals adds and revokes none, and reads them', async () => {
  const as = await agent();
  await add('x');
  for (const answer of [await add('y', {}, as), await add('x', { auto_approve: false }, as), await remove('x', as)]) {
    expect([answer.status, answer.body.message]).toEqual([403, "This API token lacks the permission 'approvals'."]);
  }
  const read = await call(server.url, 'listAccountToolApprovals', { path: path(), ...as });
  expect(read.body.result).toEqual(await list());
});

test('409: too many; stored ones can be replaced, and make room when revoked', async () => {
  const { store } = server.deps;
  const rows = Array.from({ length: 1000 }, (_, index) => ({
    organization_id: server.organizationId,
    account_id: accountId,
    tool_name: `t${index}`,
    ...{ approval_hash: HASH, auto_approve: 1, created_at: 1, expires_at: null, definition: null },
  }));
  await store.write(({ sql }) => sql.insertInto('tool_approvals').values(rows).execute());
  const refused = await add('beyond');
  expect([refused.status, refused.body.message]).toEqual([409, expect.stringContaining('1000 tool approvals')]);
  expect((await add('t0', { auto_approve: false })).status).toBe(201);
  await remove('t0');
  expect((await add('beyond')).status).toBe(201);
});

test('405: the tool approvals of a server change in the Servers API, and are listed here too', async () => {
  const fields = { name: 'Files', url: 'https://files.example.com/mcp' };
  const { id } = (await call(server.url, 'createMcpServer', { body: fields })).body.data;
  accountId = id.slice('mcp_'.length);
  const body = { tool_name: 'file_read', approval_hash: HASH, auto_approve: true };
  await call(server.url, 'addToolApproval', { path: { mcpServerId: id }, body });
  for (const answer of [await add('x'), await remove('file_read')]) {
    expect([answer.status, answer.headers.get('allow'), answer.body.message]).toEqual([
      405,
      'GET',
      `This account is a server: change it as ${id} in the Servers API.`,
    ]);
  }
  expect(await list()).toMatchObject([{ integrated_account_id: accountId, tool_name: 'file_read', expired: false }]);
});

test('they are audited, and go with their account', async () => {
  await approve(WRITE);
  await remove(WRITE);
  await approve(WRITE);
  const { data } = (await call(server.url, 'listAuditEvents', { query: { limit: '3' } })).body;
  expect(data.map(({ action, target, actor }: Json) => [action, target, actor.kind])).toEqual(
    ['added', 'revoked', 'added'].map((verb) => [
      `tool_approval.${verb}`,
      { kind: 'tool', id: `${accountId}/${WRITE}` },
      'api_token',
    ]),
  );
  await call(server.url, 'deleteAccount', { path: path() });
  const { sql } = server.deps.store.read;
  expect(await sql.selectFrom('tool_approvals').selectAll().where('account_id', '=', accountId).execute()).toEqual([]);
});

describe('a change of where calls lead', () => {
  const CHANGES: Readonly<Record<string, (as: Call) => Promise<{ readonly status: number }>>> = {
    'the base URL of the integration': (as) =>
      call(server.url, 'updateIntegration', {
        path: { id: integrationId },
        body: { base_url: `http://127.0.0.1:${service.port}/${randomUUID()}` },
        ...as,
      }),
    // The definitions of its tools stay the same.
    'the document of the integration': (as) => {
      const body = { document: { ...document, servers: [{ url: 'https://elsewhere.example.com' }] } };
      return call(server.url, 'updateIntegration', { path: { id: integrationId }, body, ...as });
    },
    'the credentials of the account': (as) =>
      call(server.url, 'updateAccount', {
        path: path(),
        body: { authentication_method: 'api_key', context: { api_key: 'k' } },
        ...as,
      }),
  };

  test.each(Object.keys(CHANGES))('%s: ends what lets calls run, unless who changes it may approve', async (what) => {
    await approve(WRITE);
    await approve(READ, { auto_approve: false });
    const names = async () => (await list()).map(({ tool_name }) => tool_name);
    const latest = async (): Promise<Json> =>
      (await call(server.url, 'listAuditEvents', { query: { limit: '1' } })).body.data[0].details;
    expect((await CHANGES[what]?.({}))?.status).toBe(200);
    expect([await names(), await latest()]).toEqual([
      [WRITE, READ],
      expect.not.objectContaining({ ended_tool_approvals: 1 }),
    ]);
    const other = { integrationId, accountId };
    await create('auto_approve_read_only');
    await approve(WRITE);
    const mine = { integrationId, accountId };
    ({ integrationId, accountId } = other);
    expect((await CHANGES[what]?.(await agent()))?.status).toBe(200);
    expect([await names(), await latest()]).toEqual([[READ], expect.objectContaining({ ended_tool_approvals: 1 })]);
    ({ integrationId, accountId } = mine);
    // Those of another integration stay.
    expect([await names(), await runs(WRITE)]).toEqual([[WRITE], true]);
  });

  test('other changes end none', async () => {
    await approve(WRITE);
    const as = await agent();
    await call(server.url, 'updateIntegration', {
      path: { id: integrationId },
      body: { tool_tags: { things: ['x'] } },
      ...as,
    });
    await call(server.url, 'updateAccount', { path: path(), body: { tenant_id: 'other' }, ...as });
    expect(await runs(WRITE)).toBe(true);
  });
});

describe('a call', () => {
  test.each([
    ['auto_approve_all', true, true, true, true],
    ['auto_approve_read_only', true, false, true, false],
    ['require_approval_per_tool', false, false, true, false],
    ['require_approval_all', false, false, false, false],
  ])(
    'under %s: a reading tool runs %s, a writing tool %s, an approved one %s, a refused one %s',
    async (policy, ...expected) => {
      await create(policy);
      const before = [await runs(READ), await runs(WRITE)];
      await approve(WRITE);
      const approved = await runs(WRITE);
      await approve(READ, { auto_approve: false });
      expect([...before, approved, await runs(READ)]).toEqual(expected);
    },
  );

  test('waits again when the approval ends, is revoked, or is for another definition', async () => {
    await approve(WRITE, { expires_at: new Date(server.clock.now + 1000).toISOString() });
    expect(await runs(WRITE)).toBe(true);
    server.clock.now += 1000;
    expect(await runs(WRITE)).toBe(false);
    await approve(WRITE);
    expect(await runs(WRITE)).toBe(true);
    await remove(WRITE);
    expect(await runs(WRITE)).toBe(false);
    await approve(WRITE);
    const other = JSON.parse(JSON.stringify(document).replaceAll('Does POST', 'Deletes by POST'));
    await change({ document: other });
    expect(await runs(WRITE)).toBe(false);
    const request = await waitingRequest(server);
    expect([request.reason, request.pinned_definition.description, request.definition.description]).toEqual([
      'per_tool',
      expect.stringContaining('Does POST'),
      expect.stringContaining('Deletes by POST'),
    ]);
  });

  test.each([
    ['added', () => approve(WRITE, { auto_approve: false })],
    [
      'ended',
      async () => {
        server.clock.now += 100_000;
      },
    ],
  ])(
    'has an outdated request when a tool approval is %s between the request and the decision',
    async (_, meanwhile) => {
      await approve(WRITE, { auto_approve: false, expires_at: new Date(server.clock.now + 100_000).toISOString() });
      expect(await runs(WRITE)).toBe(false);
      const { id, arguments_digest, definition_hash } = await waitingRequest(server);
      await meanwhile();
      const body = { decision: 'approve', arguments_digest, definition_hash };
      const answer = await call(server.url, 'decideApprovalRequest', { path: { approvalRequestId: id }, body });
      expect([answer.status, (await getRequest(server, id)).status]).toEqual([409, 'outdated']);
    },
  );

  test('to the place of a stricter server waits whatever the approval says, and one approval does not serve another account', async () => {
    await approve(WRITE);
    const first = token;
    await create('auto_approve_read_only');
    expect(await runs(WRITE)).toBe(false);
    token = first;
    expect(await runs(WRITE)).toBe(true);
    const url = `http://127.0.0.1:${service.port}/v1/things`;
    const body = { name: 'Place', url, approval_policy: 'auto_approve_read_only' };
    const { id } = (await call(server.url, 'createMcpServer', { body })).body.data;
    expect([await runs(WRITE), await runs(READ)]).toEqual([false, true]);
    await call(server.url, 'deleteMcpServer', { path: { mcpServerId: id } });
    expect(await runs(WRITE)).toBe(true);
  });
});
