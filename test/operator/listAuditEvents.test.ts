import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { purgeAudit } from '../../src/audit/changes.ts';
import { call, operation } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { createWorld } from '../support/world.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

type Event = { id: string; at: string; action: string };
const list = async (query: Record<string, string | number> = {}) =>
  (await call(server.url, 'listAuditEvents', { query })).body as { data: Event[]; nextCursor: string | null };

describe('200', () => {
  test('lists every change with actor and target, newest first, without secrets', async () => {
    const world = await createWorld(server);
    // Its call of a tool must not be stored while a later test reads pages.
    await server.deps.callAudit.flush();
    const path = world.ids(operation('getMcpServer'));
    const as = world.pair;
    server.clock.now += 1000;
    await call(server.url, 'updateMcpServer', { path, as, body: { request_headers: { 'X-Secret': 'hush-hush' } } });
    await call(server.url, 'removeToolApproval', { path: { ...path, toolName: 'file_read' }, as });
    await call(server.url, 'deleteMcpServer', { path, as });
    const answer = await call(server.url, 'listAuditEvents', { query: { organization: world.organizationId } });
    // Calls are stored a little later than changes.
    const changes = (answer.body.data as Event[]).map(({ action }) => action).filter((one) => one !== 'tool.called');
    expect(changes).toEqual([
      'server.deleted',
      'tool_approval.revoked',
      'server.updated',
      'member.created',
      'session.created',
      'webhook.created',
      'tool_approval.added',
      'approval.requested',
      'tool_approval.added',
      'endpoint.created',
      'account.created',
      'integration.created',
      'server.created',
      'api_token.created',
      'api_key.created',
      'api_key.created',
      'organization.created',
    ]);
    expect(answer.body.data[2]).toEqual({
      id: expect.any(String),
      at: new Date(server.clock.now).toISOString(),
      actor: { kind: 'key_pair', id: expect.any(String), name: 'pair' },
      organization: world.organizationId,
      action: 'server.updated',
      target: { kind: 'server', id: path.mcpServerId },
      outcome: 'success',
      details: { changed: ['requestHeaders'] },
    });
    expect(answer.text).not.toContain('hush-hush');
    expect(answer.text).not.toContain(world.pair.apiSecret);
  });

  test('contains no failed request', async () => {
    const before = (await list()).data.length;
    await call(server.url, 'createMcpServer', { body: { name: 'x', url: 'wss://x.example.com' } });
    await call(server.url, 'createOrganization', { body: {} });
    expect((await list()).data.length).toBe(before);
  });

  test('pages miss and repeat nothing while events arrive', async () => {
    const all = (await list({ limit: 1000 })).data.map(({ id }) => id);
    const paged: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = await list({ limit: 4, cursor });
      paged.push(...page.data.map(({ id }) => id));
      cursor = page.nextCursor;
      await call(server.url, 'createOrganization', { body: { name: 'Meanwhile' } });
    }
    expect(paged).toEqual(all);
  });

  test('filters by action and time', async () => {
    server.clock.now += 5000;
    const since = new Date(server.clock.now).toISOString();
    await call(server.url, 'createOrganization', { body: { name: 'Since' } });
    expect((await list({ since })).data.map(({ action }) => action)).toEqual(['organization.created']);
    expect((await list({ since, action: 'server.created' })).data).toEqual([]);
    expect((await list({ action: 'server.created' })).data.every(({ action }) => action === 'server.created')).toBe(
      true,
    );
  });

  test('keeps events for 90 days', async () => {
    const before = (await list({ limit: 1000 })).data.length;
    const days = (count: number) => server.clock.now + count * 24 * 60 * 60 * 1000;
    await purgeAudit(server.deps.store, days(89), 90);
    expect((await list({ limit: 1000 })).data.length).toBe(before);
    await purgeAudit(server.deps.store, days(91), 90);
    expect((await list()).data).toEqual([]);
  });
});

test.each([
  [{ cursor: 'nonsense' }, 'query.cursor'],
  [{ limit: 0 }, 'query.limit'],
  [{ limit: 1001 }, 'query.limit'],
  [{ organization: 'org_x' }, 'query.organization'],
  [{ action: 'Server' }, 'query.action'],
  [{ since: 'yesterday' }, 'query.since'],
  [{ since: '2016-12-31T23:59:60Z' }, 'query.since'],
])('422: %j', async (query, field) => {
  const answer = await call(server.url, 'listAuditEvents', { query });
  expect(answer.status).toBe(422);
  expect(answer.body.error.fieldErrors[0].field).toBe(field);
});
