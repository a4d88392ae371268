import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentOf } from '../support/accounts.ts';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { post } from '../support/mcp-client.ts';
import { mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { decide, getRequest } from './support/approver.ts';
import { type Recorder, startRecorder, WRITE } from './support/recorder.ts';

let gateway: TestServer;
let upstream: Recorder;
beforeAll(async () => {
  gateway = await startTestServer({
    env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' },
    limits: { listIntervalMs: 20 },
  });
  upstream = await startRecorder('sessions');
});
afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

/** Calls a tool, and returns the request that waits for a person. */
async function asked(token: string, name: string, args: object): Promise<Json> {
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } };
  const { result } = (await post({ gateway, token }, body)).body;
  return getRequest(gateway, result._meta['gatehouse/approval'].id);
}

/** One request that waits and one that is approved, before a change. */
async function twoRequests(token: string, name: string): Promise<Json[]> {
  const both = [await asked(token, name, { id: 'waits' }), await asked(token, name, { id: 'approved' })];
  expect((await decide(gateway, both[1] as Json)).status).toBe(200);
  return both;
}

async function expectOutdated(requests: readonly Json[]): Promise<void> {
  for (const { id } of requests) {
    // Nobody decides, and nobody calls.
    while ((await getRequest(gateway, id)).status !== 'outdated') {
      await delay(5);
    }
  }
}

/** Lists the tools of a server when its list is no longer fresh. */
const listAnew = (path: { mcpServerId: string }) => {
  gateway.clock.now += 60_001;
  return call(gateway.url, 'listMcpServerTools', { path });
};

const overServer = async () => {
  upstream.tools = [WRITE];
  const minted = await mintOver(gateway, upstream.url, { approval_policy: 'require_approval_per_tool' });
  const account = minted.serverId.slice('mcp_'.length);
  const path = { mcpServerId: minted.serverId };
  return { token: minted.token, path, endpoint: { integrated_account_id: account, id: minted.id } };
};
type OverServer = Awaited<ReturnType<typeof overServer>>;

describe('over a server, what waits and what is approved is outdated before anybody looks, when', () => {
  const approval = { tool_name: 'write', approval_hash: 'a'.repeat(64), auto_approve: true };
  test.each<[string, (over: OverServer) => Promise<unknown>]>([
    ['the policy changes', ({ path }) => patch(path, { approval_policy: 'require_approval_all' })],
    ['more approvals are required', ({ path }) => patch(path, { required_approvals: 2 })],
    ['the server moves', ({ path }) => patch(path, { url: 'https://mcp.example.com/elsewhere' })],
    ['a tool approval is added', ({ path }) => call(gateway.url, 'addToolApproval', { path, body: approval })],
    [
      'the scope changes',
      ({ endpoint: path }) => call(gateway.url, 'updateEndpoint', { path, body: { name: 'Other' } }),
    ],
    ['the endpoint is deleted', ({ endpoint: path }) => call(gateway.url, 'deleteEndpoint', { path })],
    ['the server is deleted', ({ path }) => call(gateway.url, 'deleteMcpServer', { path })],
    [
      'the server lists another definition',
      ({ path }) => {
        upstream.tools = [{ ...WRITE, description: 'Writes elsewhere.' }];
        return listAnew(path);
      },
    ],
    [
      'the server lists the tool no more',
      ({ path }) => {
        upstream.tools = [{ ...WRITE, name: 'write_it' }];
        return listAnew(path);
      },
    ],
  ])('%s', async (_, change) => {
    const over = await overServer();
    const requests = await twoRequests(over.token, 'write');
    await change(over);
    await expectOutdated(requests);
  });

  const patch = (path: OverServer['path'], body: object) => call(gateway.url, 'updateMcpServer', { path, body });
});

test('over an integration too, also when only its credentials change', async () => {
  const document = documentOf({ 'DELETE /contacts/{id}': {} });
  const body = { name: 'crm', document, base_url: 'https://crm.example.com', approval_policy: 'require_approval_all' };
  const { id: environment_integration_id } = (await call(gateway.url, 'createIntegration', { body })).body;
  const account = { tenant_id: 'acme', environment_integration_id, authentication_method: 'api_key' };
  const secret = (api_key: string) => ({ context: { api_key } });
  const { id } = (await call(gateway.url, 'createAccount', { body: { ...account, ...secret('first') } })).body;
  const path = { integrated_account_id: id as string };
  const { token } = (await call(gateway.url, 'createEndpoint', { path, body: { name: 'CRM' } })).body;
  const listed = await post({ gateway, token }, { jsonrpc: '2.0', id: 1, method: 'tools/list' });
  const [{ name }] = listed.body.result.tools;
  const first = await twoRequests(token, name);
  const changed = await call(gateway.url, 'updateAccount', { path: { id }, body: secret('second') });
  expect(changed.status).toBe(200);
  await expectOutdated(first);
  const second = await twoRequests(token, name);
  const renamed = await call(gateway.url, 'updateIntegration', {
    path: { id: environment_integration_id },
    body: { required_approvals: 2 },
  });
  expect(renamed.status).toBe(200);
  await expectOutdated(second);
});

test('a change of something else leaves a request as it is', async () => {
  const [over, other] = [await overServer(), await overServer()];
  const request = await asked(over.token, 'write', {});
  const outdated = await twoRequests(other.token, 'write');
  await call(gateway.url, 'updateMcpServer', { path: other.path, body: { name: 'Other' } });
  await listAnew(over.path);
  await expectOutdated(outdated);
  expect((await getRequest(gateway, request.id)).status).toBe('pending');
  expect((await decide(gateway, request)).status).toBe(200);
});
