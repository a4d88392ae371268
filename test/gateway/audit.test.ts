import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { rollUpCalls } from '../../src/audit/changes.ts';
import { documentOf } from '../support/accounts.ts';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { API_TOKEN, startTestServer, type TestServer, type TestServerOptions } from '../support/server.ts';

const API_KEY = 'the-key-of-the-service';
const TOOL = 'get_single_crm_contact_by_id';
const DAY = 24 * 60 * 60 * 1000;

/** A real service; a negative status never answers. */
let service: Server;
let answer: { status: number; body: string };
beforeAll(async () => {
  service = createServer((_, response) => {
    if (answer.status > 0) {
      response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(answer.body);
    }
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  service.closeAllConnections();
  service.close();
});
beforeEach(() => {
  answer = { status: 200, body: '{"name": "Ada"}' };
});

type Endpoint = { server: TestServer; integrationId: string; accountId: string; id: string; token: string };

async function startEndpoint({ env, ...options }: TestServerOptions = {}): Promise<Endpoint> {
  const server = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1', ...env }, ...options });
  const base_url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  const document = documentOf({ 'GET /contacts/{id}': {} });
  const integration = await call(server.url, 'createIntegration', { body: { name: 'crm', document, base_url } });
  const account = {
    tenant_id: 'acme',
    environment_integration_id: integration.body.id,
    authentication_method: 'api_key',
    context: { api_key: API_KEY },
  };
  const accountId = (await call(server.url, 'createAccount', { body: account })).body.id;
  const path = { integrated_account_id: accountId };
  const { id, token } = (await call(server.url, 'createEndpoint', { path, body: { name: 'Support' } })).body;
  return { server, integrationId: integration.body.id, accountId, id, token };
}

const bodyOf = (name: string, args: object) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name, arguments: args },
});
const callTool = ({ server, token }: Endpoint, name: string, args: object = { id: 'ada' }) =>
  call(server.url, 'sendToEndpoint', { path: { token }, as: 'nobody', body: bodyOf(name, args) });

/** Calls the tool once with success, and once with a failure. */
async function callTwice(endpoint: Endpoint): Promise<void> {
  await callTool(endpoint, TOOL);
  endpoint.server.clock.now += 1000;
  answer = { status: 500, body: '{}' };
  await callTool(endpoint, TOOL);
}

async function audited({ server, token }: Endpoint, action = 'tool.called'): Promise<Json[]> {
  await server.deps.callAudit.flush();
  const { body, text } = await call(server.url, 'listAuditEvents', { query: { action } });
  for (const secret of [API_KEY, API_TOKEN, token]) {
    expect(text).not.toContain(secret);
  }
  return body.data;
}

const metricsOf = async ({ server }: Endpoint): Promise<string> => (await call(server.url, 'getMetrics')).text;

describe('records every decided call', () => {
  let endpoint: Endpoint;
  beforeEach(async () => {
    endpoint = await startEndpoint();
  });
  afterEach(() => endpoint.server.stop());

  test('with caller, tool, time, duration and sizes, without arguments', async () => {
    const { text } = await callTool(endpoint, TOOL);
    const [event] = await audited(endpoint);
    expect(event).toEqual({
      id: expect.any(String),
      at: new Date(endpoint.server.clock.now).toISOString(),
      actor: { kind: 'endpoint', id: endpoint.id, name: 'Support' },
      organization: endpoint.server.organizationId,
      action: 'tool.called',
      target: { kind: 'tool', id: `${endpoint.accountId}/${TOOL}` },
      outcome: 'success',
      details: {
        duration_ms: expect.any(Number),
        request_bytes: JSON.stringify(bodyOf(TOOL, { id: 'ada' })).length,
        response_bytes: text.length,
      },
    });
    expect(event.details.duration_ms).toBeGreaterThan(0);
  });

  test('with an error as result', async () => {
    answer = { status: 500, body: `{"you_sent": "${API_KEY}"}` };
    await callTool(endpoint, TOOL);
    expect((await audited(endpoint))[0]).toMatchObject({ outcome: 'failure', details: { reason: 'tool_error' } });
  });

  test('that must wait for approval', async () => {
    const path = { id: endpoint.integrationId };
    const policy = (approval_policy: string) =>
      call(endpoint.server.url, 'updateIntegration', { path, body: { approval_policy } });
    await policy('require_approval_all');
    await callTool(endpoint, TOOL);
    await policy('auto_approve_all');
    expect((await audited(endpoint))[0]).toMatchObject({ outcome: 'failure', details: { reason: 'approval' } });
  });

  test('whose client left before the answer', async () => {
    answer = { status: -1, body: '' };
    const gone = new AbortController();
    const asked = once(service, 'request');
    const { server, token } = endpoint;
    const calling = fetch(`${server.url}/mcp/${token}`, {
      method: 'POST',
      body: JSON.stringify(bodyOf(TOOL, { id: 'ada' })),
      signal: gone.signal,
    });
    await asked;
    gone.abort();
    await expect(calling).rejects.toThrow();
    const expected = { outcome: 'failure', details: { reason: 'client_gone', response_bytes: 0 } };
    await expect.poll(async () => (await audited(endpoint))[0]).toMatchObject(expected);
  });

  test('records no unknown tools, no invalid arguments, and no lists', async () => {
    const before = (await audited(endpoint)).length;
    await callTool(endpoint, 'nobody_has_this');
    await callTool(endpoint, TOOL, []);
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
    await call(endpoint.server.url, 'sendToEndpoint', { path: { token: endpoint.token }, as: 'nobody', body });
    expect(await audited(endpoint)).toHaveLength(before);
  });

  test('counts calls in the metrics by outcome only', async () => {
    await callTwice(endpoint);
    const text = await metricsOf(endpoint);
    expect(text).toContain('gatehouse_tool_calls_total{outcome="success"} 1\n');
    expect(text).toContain('gatehouse_tool_calls_total{outcome="failure"} 1\n');
    expect(text).toContain('gatehouse_tool_call_duration_seconds_count 2\n');
    expect(text).toContain('gatehouse_audit_dropped_total 0\n');
    for (const unbounded of [TOOL, 'Support', endpoint.id, endpoint.server.organizationId]) {
      expect(text).not.toContain(unbounded);
    }
  });

  test('adds calls older than seven days to the totals of their day', async () => {
    const { store } = endpoint.server.deps;
    const { now } = endpoint.server.clock;
    await callTwice(endpoint);
    const before = await audited(endpoint);
    await rollUpCalls(store, now + 6 * DAY);
    expect(await audited(endpoint)).toEqual(before);
    await rollUpCalls(store, now + 8 * DAY);
    expect(await audited(endpoint)).toEqual([]);
    const sum = (key: string) => before.reduce((total, { details }) => total + details[key], 0);
    expect(await audited(endpoint, 'tool.called_daily')).toEqual([
      {
        ...before[0],
        id: expect.any(String),
        at: '2026-11-20T00:00:00.000Z',
        action: 'tool.called_daily',
        outcome: 'success',
        details: {
          calls: 2,
          failures: 1,
          duration_ms: expect.closeTo(sum('duration_ms'), 5),
          request_bytes: sum('request_bytes'),
          response_bytes: sum('response_bytes'),
        },
      },
    ]);
  });
});

test('records the exact arguments with GATEHOUSE_AUDIT_ARGUMENTS', async () => {
  const endpoint = await startEndpoint({ env: { GATEHOUSE_AUDIT_ARGUMENTS: 'true' } });
  const { server, token } = endpoint;
  const body = JSON.stringify(bodyOf(TOOL, { id: 0 })).replace('0}', '9007199254740993}');
  await call(server.url, 'sendToEndpoint', { path: { token }, as: 'nobody', body });
  const [event] = await audited(endpoint);
  expect(event.details.arguments).toBe('{"id":9007199254740993}');
  expect(event.details).not.toHaveProperty('arguments_cut');
  await server.stop();
});

test('stores waiting calls when the server stops', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-audit-'));
  const options = {
    location: { kind: 'file', directory },
    env: { GATEHOUSE_SECRET_KEY: Buffer.alloc(32, 1).toString('base64') },
  } as const;
  const endpoint = await startEndpoint(options);
  await callTool(endpoint, TOOL);
  await endpoint.server.stop();
  const server = await startTestServer(options);
  expect(await audited({ ...endpoint, server })).toHaveLength(1);
  await server.stop();
  await rm(directory, { recursive: true });
});

test('records that the endpoint of a call was deleted during the call', async () => {
  answer = { status: -1, body: '' };
  const endpoint = await startEndpoint();
  const { server, accountId, id, token } = endpoint;
  const asked = once(service, 'request');
  const body = JSON.stringify(bodyOf(TOOL, { id: 'ada' }));
  const refused = expect(fetch(`${server.url}/mcp/${token}`, { method: 'POST', body })).rejects.toThrow();
  await asked;
  await call(server.url, 'deleteEndpoint', { path: { integrated_account_id: accountId, id } });
  await refused;
  const expected = { outcome: 'failure', details: { reason: 'endpoint_gone' } };
  await expect.poll(async () => (await audited(endpoint))[0]).toMatchObject(expected);
  await server.stop();
});
