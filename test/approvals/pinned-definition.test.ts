import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { parseExact } from '../../src/base/json.ts';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { post } from '../support/mcp-client.ts';
import { type Minted, mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { waitingRequest } from './support/approver.ts';
import { type Recorder, startRecorder, WRITE } from './support/recorder.ts';

const CHANGED = { ...WRITE, description: 'Writes, and tells somebody.' };

let gateway: TestServer;
let upstream: Recorder;
let minted: Minted;
beforeAll(async () => {
  const env = { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1', GATEHOUSE_QUOTA_TOOLS_MIB: '1' };
  gateway = await startTestServer({ env });
  upstream = await startRecorder('sessions');
});
beforeEach(async () => {
  gateway.clock.now += 600_000;
  upstream.tools = [WRITE];
  minted = await mintOver(gateway, upstream.url, { name: 'Files', approval_policy: 'require_approval_per_tool' });
});
afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

const path = () => ({ mcpServerId: minted.serverId });
/** The tools as the server lists them now. */
const listed = async (): Promise<Json[]> => {
  gateway.clock.now += 1;
  return (await call(gateway.url, 'listMcpServerTools', { path: path() })).body.data;
};
const approve = async (more: object = {}) => {
  const [{ name, definition_hash }] = await listed();
  const body = { tool_name: name, approval_hash: definition_hash, auto_approve: true, ...more };
  return call(gateway.url, 'addToolApproval', { path: path(), body });
};
/** The request of a call after a change of the tool. */
const requestAfter = async (tool: object): Promise<Json> => {
  upstream.tools = [tool];
  gateway.clock.now += 60_001;
  const params = { name: 'write', arguments: {} };
  await post({ gateway, token: minted.token }, { jsonrpc: '2.0', id: 1, method: 'tools/call', params });
  return waitingRequest(gateway);
};

test('a request shows the definition that a person has approved, with numbers as written, if the server has changed it', async () => {
  const inputSchema = parseExact('{"type":"object","maximum":12345678901234567890}');
  upstream.tools = [{ ...WRITE, inputSchema }];
  await approve();
  const { id, reason, definition, pinned_definition } = await requestAfter(CHANGED);
  expect([reason, definition]).toEqual(['changed', CHANGED]);
  expect(pinned_definition).toMatchObject({ name: 'write', description: 'Writes.' });
  const { text } = await call(gateway.url, 'getApprovalRequest', { path: { approvalRequestId: id } });
  expect(text).toContain('"maximum":12345678901234567890');
  const keys = Object.keys(JSON.parse(text).data);
  expect(keys.slice(keys.indexOf('definition'), keys.indexOf('arguments') + 1)).toEqual([
    'definition',
    'definition_hash',
    'pinned_definition',
    'arguments',
  ]);
  const pages = (await call(gateway.url, 'listApprovalRequests', {})).body.data.requests;
  expect(pages.filter((page: Json) => 'pinned_definition' in page)).toEqual([]);
});

test.each<[string, object, object]>([
  ['the definition that a person has refused is the present one', { auto_approve: false }, WRITE],
  ['nobody knows the definition of the hash', { approval_hash: 'a'.repeat(64) }, CHANGED],
  ['the tool approval has expired', { expires_at: 'soon' }, CHANGED],
])('it shows none where %s', async (_, more, tool) => {
  const ends = 'expires_at' in more && { expires_at: gateway.clock.now + 1000 };
  expect((await approve({ ...more, ...ends })).status).toBe(201);
  expect(await requestAfter(tool)).not.toHaveProperty('pinned_definition');
});

test('a definition that is too large is not kept', async () => {
  upstream.tools = [{ ...WRITE, description: 'x'.repeat(64 * 1024) }];
  await approve();
  expect(await requestAfter(CHANGED)).not.toHaveProperty('pinned_definition');
});

test('a revoked tool approval takes its definition with it, and requests of before keep theirs', async () => {
  await approve();
  const { id } = await requestAfter(CHANGED);
  await call(gateway.url, 'removeToolApproval', { path: { ...path(), toolName: 'write' } });
  const { sql } = gateway.deps.store.read;
  expect(
    await sql
      .selectFrom('tool_approvals')
      .select('definition')
      .where('tool_name', '=', 'write')
      .where('account_id', '=', minted.serverId.slice(4))
      .execute(),
  ).toEqual([]);
  const { body } = await call(gateway.url, 'getApprovalRequest', { path: { approvalRequestId: id } });
  expect(body.data.pinned_definition).toEqual(WRITE);
});

test('409: the quota of documents and tools has no room for the definition; nothing is stored', async () => {
  const big = (index: number) => ({ ...WRITE, name: `t-${index}`, description: `${index}${'y'.repeat(60 * 1024)}` });
  const answers: number[] = [];
  for (let index = 0; index < 20; index += 1) {
    upstream.tools = [big(index)];
    answers.push((await approve()).status);
  }
  const stored = (await call(gateway.url, 'listToolApprovals', { path: path() })).body.data;
  expect(new Set(answers)).toEqual(new Set([201, 409]));
  expect(stored).toHaveLength(answers.filter((status) => status === 201).length);
  const refused = await approve();
  expect([refused.status, refused.body.message, refused.body.error]).toEqual([
    409,
    'Quota exceeded',
    expect.stringContaining('The documents and tools of this organization would take'),
  ]);
});
