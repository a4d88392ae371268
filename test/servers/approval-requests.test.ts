import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { decide, getRequest, listRequests } from '../approvals/support/approver.ts';
import { type Recorder, startRecorder } from '../approvals/support/recorder.ts';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { post, STATELESS_META } from '../support/mcp-client.ts';
import { type Minted, mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let upstream: Recorder;
let minted: Minted;
beforeAll(async () => {
  server = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  upstream = await startRecorder('stateless');
});
beforeEach(async () => {
  server.clock.now += 600_000;
  minted = await mintOver(server, upstream.url, { name: 'Files', approval_policy: 'auto_approve_read_only' });
  upstream.result = { content: [{ type: 'text', text: 'Written.' }] };
});
afterAll(async () => {
  await server.stop();
  await upstream.stop();
});

const run = async (args: object = {}, name = 'write'): Promise<Json> => {
  server.clock.now += 1;
  const params = { name, arguments: args, _meta: STATELESS_META };
  const headers = { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/call', 'Mcp-Name': name };
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params };
  return (await post({ gateway: server, token: minted.token }, body, headers)).body.result;
};
const asked = async (args: object = {}): Promise<Json> =>
  getRequest(server, (await run(args))._meta['gatehouse/approval'].id);

describe('getApprovalRequest', () => {
  test('200: the request whole', async () => {
    const request = await asked({ path: '/x' });
    const { digest, hash, version } = {
      digest: request.arguments_digest,
      hash: request.definition_hash,
      version: request.decision_version,
    };
    expect(request).toEqual({
      id: expect.stringMatching(/^apr_/),
      organization_id: server.organizationId,
      status: 'pending',
      account_id: minted.serverId.slice('mcp_'.length),
      server_id: minted.serverId,
      server_name: 'Files',
      endpoint: { id: minted.id, name: 'Minted' },
      client: { name: 'test', version: '1' },
      client_waiting: false,
      tool_name: 'write',
      definition: { name: 'write', description: 'Writes.', inputSchema: { type: 'object' } },
      definition_hash: hash,
      arguments: { path: '/x' },
      arguments_digest: digest,
      arguments_bytes: 13,
      approval_policy: 'auto_approve_read_only',
      reason: 'not_read_only',
      decision_version: version,
      required_approvals: 1,
      decisions: [],
      created_at: server.clock.now,
      expires_at: server.clock.now + 300_000,
      decided_at: null,
      usable_until: null,
      used_at: null,
      outcome: null,
      unseen_rounds: 0,
    });
  });

  test.each([
    ['succeeded', {}],
    ['failed', { isError: true }],
  ])('200: the outcome of the call: %s', async (outcome, more) => {
    upstream.result = { content: [], ...more };
    const { id, ...request } = await asked({ outcome });
    await decide(server, { id, ...request });
    await run({ outcome });
    let found = await getRequest(server, id);
    while (found.outcome === null) {
      await delay(5);
      found = await getRequest(server, id);
    }
    expect(found).toMatchObject({ status: 'used', outcome, used_at: server.clock.now });
  });
});

describe('listApprovalRequests', () => {
  test('200: newest first, by status, server and tool, in pages, without contents', async () => {
    const [first, second] = [await asked({ list: 1 }), await asked({ list: 2 })];
    await decide(server, first, 'deny');
    const server_id = minted.serverId;
    const idsOf = async (query: Readonly<Record<string, string>>) =>
      (await listRequests(server, { server_id, ...query })).map(({ id }) => id);
    expect(await idsOf({})).toEqual([second.id, first.id]);
    expect(await idsOf({ status: 'pending' })).toEqual([second.id]);
    expect(await idsOf({ status: 'denied', tool_name: 'write' })).toEqual([first.id]);
    expect(await idsOf({ tool_name: 'nobody_has_this' })).toEqual([]);
    const query = { server_id, limit: '1', page: '1' };
    const { data } = (await call(server.url, 'listApprovalRequests', { query })).body;
    expect(data).toMatchObject({
      total_count: 2,
      page: 1,
      limit: 1,
      total_pages: 2,
      has_next: false,
      has_previous: true,
    });
    expect(data.filters).toEqual({ server_id });
    const { definition, arguments: args, ...summary } = await getRequest(server, first.id);
    expect(data.requests).toEqual([summary]);
  });

  test('200: a request that nobody has answered is expired, whatever is stored', async () => {
    const { id } = await asked({ expires: true });
    server.clock.now += 300_000;
    const statusOf = async (status: string) => (await listRequests(server, { status })).some((one) => one.id === id);
    expect([await statusOf('pending'), await statusOf('expired')]).toEqual([false, true]);
  });

  test('400: an unknown status', async () => {
    const answer = await call(server.url, 'listApprovalRequests', { query: { status: 'waiting' } });
    expect([answer.status, answer.body.error]).toEqual([400, expect.stringContaining('query.status')]);
  });
});

describe('decideApprovalRequest', () => {
  test('200: with who decided, when and why', async () => {
    const request = await asked({ decide: true });
    const answer = await decide(server, request, 'approve', { reason: 'Checked.' });
    expect([answer.status, answer.body.message]).toEqual([200, 'Decision saved successfully']);
    const { definition, arguments: args, ...summary } = request;
    expect(answer.body.data).toEqual({
      ...summary,
      status: 'approved',
      decided_at: server.clock.now,
      usable_until: server.clock.now + 600_000,
      decisions: [
        {
          decision: 'approve',
          by: { kind: 'key_pair', id: expect.any(String), name: 'First start' },
          reason: 'Checked.',
          at: server.clock.now,
        },
      ],
    });
  });

  test('200, then 409: nobody decides twice about a call that needs two approvals', async () => {
    const path = { mcpServerId: minted.serverId };
    expect((await call(server.url, 'updateMcpServer', { path, body: { required_approvals: 2 } })).status).toBe(200);
    const request = await asked({ two: true });
    const { apiKey, apiSecret } = (
      await call(server.url, 'createApiKey', {
        path: { org_id: server.organizationId },
        body: { name: 'On call', permissions: ['approvals'] },
      })
    ).body;
    const first = await decide(server, request);
    expect([first.status, first.body.data.status, first.body.data.required_approvals]).toEqual([200, 'pending', 2]);
    const again = await decide(server, request);
    expect([again.status, again.body.error]).toEqual([
      409,
      'You (First start) have approved this request already, and nothing was decided now. 1 of 2 approvals are there; another person must decide, with credentials of their own.',
    ]);
    expect((await run({ two: true }))._meta['gatehouse/approval']).toMatchObject({ id: request.id, status: 'pending' });
    const last = await decide(server, request, 'approve', {}, { apiKey, apiSecret });
    expect(last.body.data).toMatchObject({ status: 'approved', decisions: [{}, { by: { name: 'On call' } }] });
    expect((await run({ two: true })).content).toEqual([{ type: 'text', text: 'Written.' }]);
  });

  test('fewer approvals are asked for by nobody without the permission approvals', async () => {
    const path = { org_id: server.organizationId };
    const { apiKey, apiSecret } = (await call(server.url, 'createApiKey', { path, body: { name: 'Agent' } })).body;
    const as = { apiKey, apiSecret };
    const { serverId: mcpServerId } = minted;
    const change = (required_approvals: number) =>
      call(server.url, 'updateMcpServer', { path: { mcpServerId }, body: { required_approvals }, as });
    expect((await change(3)).status).toBe(200);
    const answer = await change(2);
    expect([answer.status, answer.body.error]).toEqual([403, expect.stringContaining("permission 'approvals'")]);
  });

  test('200: remembers the tool, whose calls then run until the end of its tool approval', async () => {
    const remember_until = server.clock.now + 60_000;
    const request = await asked({ remember: 1 });
    const answer = await decide(server, request, 'approve', { remember: 'tool', remember_until });
    expect([answer.status, answer.body.data.status]).toEqual([200, 'approved']);
    const path = { mcpServerId: minted.serverId };
    expect((await call(server.url, 'listToolApprovals', { path })).body.data).toMatchObject([
      { tool_name: 'write', approval_hash: request.definition_hash, auto_approve: true, expires_at: remember_until },
    ]);
    for (const args of [{ remember: 1 }, { remember: 2 }]) {
      expect((await run(args)).content).toEqual([{ type: 'text', text: 'Written.' }]);
    }
    server.clock.now = remember_until;
    expect((await run({ remember: 3 }))._meta['gatehouse/approval'].status).toBe('pending');
  });

  test.each([
    ['a denial', 'deny', { remember: 'tool' }, 'body.remember: goes with the decision approve only'],
    ['a time alone', 'approve', { remember_until: 4102444800000 }, 'body.remember_until: goes with remember only'],
    ['the past', 'approve', { remember: 'tool', remember_until: 1 }, 'body.remember_until: must lie ahead of'],
  ] as const)('400: %s cannot be remembered', async (_, decision, more, message) => {
    const request = await asked({ message });
    const answer = await decide(server, request, decision, more);
    expect([answer.status, answer.body.error]).toEqual([400, expect.stringContaining(message)]);
    expect((await getRequest(server, request.id)).status).toBe('pending');
  });

  test.each(['arguments_digest', 'definition_hash'])('409: another %s than that of the request', async (field) => {
    const request = await asked({ field });
    const answer = await decide(server, { ...request, [field]: '0'.repeat(64) });
    expect([answer.status, answer.body.error]).toEqual([409, expect.stringContaining(`The ${field} that you sent`)]);
    expect((await getRequest(server, request.id)).status).toBe('pending');
  });

  test.each([
    ['approved', 'was approved by First start at 2026-', async () => undefined],
    ['used', 'and its call was sent at 2026-', async (args: object) => void (await run(args))],
  ])('409: a request that is already %s', async (status, message, before) => {
    const request = await asked({ status });
    await decide(server, request);
    await before({ status });
    for (const decision of ['approve', 'deny'] as const) {
      const answer = await decide(server, request, decision);
      expect([answer.status, answer.body.error]).toEqual([409, expect.stringContaining(message)]);
    }
    expect((await getRequest(server, request.id)).status).toBe(status);
  });

  test.each([
    ['no hashes', { decision: 'approve' }, 'body.arguments_digest: is required'],
    ['another word', { decision: 'yes' }, 'body.decision'],
    ['an empty reason', { reason: '' }, 'body.reason'],
    ['an unknown key', { remembr: 'tool' }, 'body.remembr: unknown key: did you mean `remember`?'],
  ])('400: %s', async (_, more, message) => {
    const { id, arguments_digest, definition_hash } = await asked({ wrong: true });
    const hashes = 'decision' in more && more.decision === 'approve' ? {} : { arguments_digest, definition_hash };
    const body = { decision: 'approve', ...hashes, ...more };
    const answer = await call(server.url, 'decideApprovalRequest', { path: { approvalRequestId: id }, body });
    expect([answer.status, answer.body.error]).toEqual([400, expect.stringContaining(message)]);
  });

  test('403: the pair of an agent cannot decide, and an API token or the token of an endpoint neither', async () => {
    const request = await asked({ agent: true });
    const org = { org_id: server.organizationId };
    const agent = (await call(server.url, 'createApiKey', { path: org, body: { name: 'Agent' } })).body;
    expect((await decide(server, request, 'approve', {}, agent)).status).toBe(403);
    const permissions = ['accounts', 'approvals'];
    const { token } = (await call(server.url, 'createApiToken', { path: org, body: { name: 'x', permissions } })).body;
    for (const apiToken of [token, minted.token]) {
      expect((await decide(server, request, 'approve', {}, { apiToken })).status).toBe(401);
    }
  });
});

test('429: more than 64 MiB of calls wait in the organization; decided ones make room', async () => {
  const { write, read } = server.deps.store;
  const request = await asked({ room: true });
  const id = request.id.slice('apr_'.length);
  const hold = (bytes: number) =>
    write(({ sql }) => sql.updateTable('approval_requests').set({ held_bytes: bytes }).where('id', '=', id).execute());
  await hold(64 * 1024 * 1024);
  const params = { name: 'write', arguments: { more: true } };
  const refused = await post(
    { gateway: server, token: minted.token },
    { jsonrpc: '2.0', id: 1, method: 'tools/call', params },
  );
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '30']);
  expect(refused.text).toContain('Too many calls of this organization wait for a person');
  await decide(server, request, 'deny');
  expect((await run({ more: true }))._meta['gatehouse/approval'].status).toBe('pending');
  const kept = await read.sql.selectFrom('approval_requests').select('held_bytes').execute();
  expect(Math.min(...kept.map(({ held_bytes }) => held_bytes))).toBe(16 * 1024);
});

test('asking, deciding and using are audited, without the arguments', async () => {
  const request = await asked({ secret: 'of the call' });
  await decide(server, request);
  await run({ secret: 'of the call' });
  const denied = await asked({ secret: 'other' });
  await decide(server, denied, 'deny');
  const { body, text } = await call(server.url, 'listAuditEvents', { query: { limit: 100 } });
  expect(text).not.toContain('of the call');
  const events = (body.data as Json[]).filter(({ target }) => [request.id, denied.id].includes(target.id)).reverse();
  const pair = { kind: 'key_pair', id: expect.any(String), name: 'First start' };
  const endpoint = { kind: 'endpoint', id: minted.id, name: 'Minted' };
  expect(events.map(({ action, actor }) => [action, actor])).toEqual([
    ['approval.requested', endpoint],
    ['approval.approved', pair],
    ['approval.used', endpoint],
    ['approval.requested', endpoint],
    ['approval.denied', pair],
  ]);
  expect(events[0]).toMatchObject({
    organization: server.organizationId,
    target: { kind: 'approval_request', id: request.id },
    details: {
      endpoint: minted.id,
      account: minted.serverId.slice('mcp_'.length),
      tool: 'write',
      definition_hash: request.definition_hash,
      arguments_digest: request.arguments_digest,
      approval_policy: 'auto_approve_read_only',
      reason: 'not_read_only',
    },
  });
});
