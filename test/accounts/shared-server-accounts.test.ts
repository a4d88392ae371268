import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { OperationId } from '../../src/contract/operations.ts';
import * as grants from '../../src/store/grants.ts';
import * as sharedServers from '../../src/store/shared-servers.ts';
import { saveCatalogue, storedSharedServer } from '../store/support/samples.ts';
import { type Call, call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let other: string;
const ours = { as: 'token' } as const;
let theirs: { as: { apiToken: string } };
beforeAll(async () => {
  server = await startTestServer();
  other = (await call(server.url, 'createOrganization', { body: { name: 'Other' } })).body.id;
  const token = await call(server.url, 'createApiToken', { path: { org_id: other }, body: { name: 'Other' } });
  theirs = { as: { apiToken: token.body.token } };
});
afterAll(() => server.stop());

let shared: sharedServers.SharedServer;
beforeEach(async () => {
  server.clock.now += 1000;
  const at = server.clock.now;
  shared = await storedSharedServer(server.deps.store, [], { createdAt: at - 500, updatedAt: at - 500 });
  await share([server.organizationId, other]);
});

const share = (wanted: grants.Grantees) =>
  server.deps.store.write((db) => grants.setOrganizations(db, shared.id, wanted, server.clock.now));
const see = (...tools: object[]) => {
  const listed = tools.map((tool) => ({
    definition: { inputSchema: { type: 'object' }, ...tool },
    hash: 'a'.repeat(64),
  }));
  return server.deps.store.write((db) => saveCatalogue(db, shared.id, { tools: listed, seenAt: server.clock.now }));
};
const onAccount = (operation: OperationId, more: Call = ours) =>
  call(server.url, operation, { path: { id: shared.id }, ...more });
const mint = (config: object = {}, more: Call = ours) =>
  call(server.url, 'createEndpoint', {
    path: { integrated_account_id: shared.id },
    body: { name: 'Time', config },
    ...more,
  });
const onEndpoint = (operation: OperationId, id: string, more: Call = ours) =>
  call(server.url, operation, { path: { integrated_account_id: shared.id, id }, ...more });
const minted = async (more: Call): Promise<string[]> => {
  const path = { integrated_account_id: shared.id };
  const { result } = (await call(server.url, 'listEndpoints', { path, ...more })).body;
  return result.map(({ id }: { id: string }) => id);
};

describe('a server that the operator shares is an account', () => {
  test('exists in each granted organization, under the id of the server', async () => {
    const account = {
      id: shared.id,
      tenant_id: null,
      display_name: shared.name,
      environment_integration_id: null,
      integration: { id: null, name: 'mcp' },
      authentication_method: 'none',
      status: 'active',
      created_at: new Date(server.clock.now).toISOString(),
      // The server is older than the grant.
      updated_at: new Date(server.clock.now).toISOString(),
    };
    for (const caller of [ours, theirs]) {
      expect(JSON.stringify((await onAccount('getAccount', caller)).body)).toBe(JSON.stringify(account));
      const query = { limit: 1, 'integration.name': 'mcp' };
      expect((await call(server.url, 'listAccounts', { query, ...caller })).body.result).toEqual([account]);
    }
  });

  test('changes with the server, with its ETag', async () => {
    const before = await onAccount('getAccount');
    const updatedAt = server.clock.now;
    await server.deps.store.write((db) => sharedServers.update(db, { ...shared, updatedAt }, shared.version));
    const after = await onAccount('getAccount');
    expect(after.body).toEqual({ ...before.body, updated_at: new Date(updatedAt).toISOString() });
    expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'));
  });

  test.each([
    ['updateAccount', { body: { tenant_id: 'acme-1' } }],
    ['updateAccount', { body: {}, headers: { 'If-Match': '"9"' } }],
    ['deleteAccount', {}],
  ] as const)('405: %s %j', async (operation, more) => {
    const before = (await onAccount('getAccount')).body;
    const answer = await onAccount(operation, { ...ours, ...more });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET']);
    expect(answer.body.message).toBe(
      'This account is a server that the operator shares: only the operator can change it.',
    );
    expect((await onAccount('getAccount')).body).toEqual(before);
  });

  test('404: before the grant, and after its withdrawal, with the endpoints', async () => {
    const [gone, kept] = [(await mint()).body.id, (await mint({}, theirs)).body.id];
    await share([other]);
    for (const answer of [
      await onAccount('getAccount'),
      await onAccount('updateAccount', { ...ours, body: {} }),
      await onAccount('listAccountTools'),
      await onEndpoint('getEndpoint', gone),
      await mint(),
    ]) {
      expect(answer.status).toBe(404);
    }
    expect(await minted(theirs)).toEqual([kept]);
    await share('all');
    expect(await minted(ours)).toEqual([]);
  });
});

describe('endpoints over a shared server', () => {
  test('404: an endpoint of another organization over the same account', async () => {
    const { id } = (await mint()).body;
    const own = (await mint({}, theirs)).body.id;
    expect([await minted(ours), await minted(theirs)]).toEqual([[id], [own]]);
    for (const operation of ['getEndpoint', 'updateEndpoint', 'deleteEndpoint'] as const) {
      const body = operation === 'updateEndpoint' ? { body: { name: 'Stolen' } } : {};
      expect((await onEndpoint(operation, id, { ...theirs, ...body })).status).toBe(404);
    }
    expect((await onEndpoint('getEndpoint', id)).body.name).toBe('Time');
    expect((await onEndpoint('deleteEndpoint', id)).status).toBe(200);
    expect([await minted(ours), await minted(theirs)]).toEqual([[], [own]]);
  });

  test('400: a scope without a known tool, because the server has no tags', async () => {
    expect((await mint({ tags: ['work'] })).status).toBe(201);
    await see({ name: 'get_time', annotations: { readOnlyHint: true } });
    const refused = await mint({ tags: ['work'] });
    expect([refused.status, refused.body.message]).toEqual([
      400,
      'No tool of this account matches tags [work]; available methods: get, tags: none.',
    ]);
    const { id } = (await mint({ methods: ['read'] })).body;
    const body = { config: { methods: ['write'] } };
    expect((await onEndpoint('updateEndpoint', id, { ...ours, body })).status).toBe(400);
  });
});

describe('listAccountTools of a shared server', () => {
  test('200: no tools before the first list, then the listed tools without tags', async () => {
    expect((await onAccount('listAccountTools')).body.result).toEqual([]);
    await see({ name: 'get_time', annotations: { readOnlyHint: true } }, { name: 'set_time', description: 'Set it' });
    for (const caller of [ours, theirs]) {
      const { result } = (await onAccount('listAccountTools', caller)).body;
      expect(result).toMatchObject([
        { resource: 'time', method: 'get', name: 'get_time', tags: [] },
        { resource: 'time', method: 'update', name: 'set_time', description: 'Set it', tags: [] },
      ]);
    }
    const { result } = (await onAccount('listAccountTools', { ...ours, query: { tags: 'work' } })).body;
    expect(result).toEqual([]);
  });
});
