import { afterAll, beforeAll, expect, it } from 'vitest';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const create = (body: object) => call(server.url, 'createMember', { body });
const list = async () => (await call(server.url, 'listMembers')).body;
const group = (more: object = {}) => ({
  claim: 'groups',
  value: 'platform',
  organizationId: server.organizationId,
  permissions: ['accounts', 'servers'],
  ...more,
});
const newest = async () =>
  (await call(server.url, 'listAuditEvents', { query: { limit: 1 } })).body.data[0] as Record<string, unknown>;

it('creates, lists and deletes members, and audits both', async () => {
  const member = await create(group());
  expect([member.status, member.headers.get('location')]).toEqual([201, `/admin/api/v1/members/${member.body.id}`]);
  const createdAt = new Date(server.clock.now).toISOString();
  expect(member.body).toEqual({ ...group(), id: member.body.id, createdAt });
  const target = { kind: 'member', id: member.body.id };
  const organization = server.organizationId;
  expect(await newest()).toMatchObject({ action: 'member.created', organization, target });
  server.clock.now += 1;
  const operator = await create(group({ organizationId: null, permissions: ['operator'] }));
  expect(await list()).toEqual([member.body, operator.body]);
  const deleted = await call(server.url, 'deleteMember', { path: { id: member.body.id } });
  expect([deleted.status, deleted.body]).toEqual([200, { id: member.body.id, deleted: true }]);
  expect(await newest()).toMatchObject({ action: 'member.deleted', organization, target });
  expect(await list()).toEqual([operator.body]);
  expect((await call(server.url, 'deleteMember', { path: { id: member.body.id } })).status).toBe(404);
});

it('409: the same people in the same organization twice', async () => {
  expect((await create(group({ value: 'twice' }))).status).toBe(201);
  expect((await create(group({ value: 'twice', permissions: ['approvals'] }))).status).toBe(409);
  expect((await create(group({ value: 'twice', organizationId: null, permissions: ['operator'] }))).status).toBe(201);
});

it.each([
  ['operator in an organization', { permissions: ['servers', 'operator'] }, 'body.permissions'],
  [
    'no organization, and more than operator',
    { organizationId: null, permissions: ['operator', 'servers'] },
    'body.permissions',
  ],
  ['no permission', { permissions: [] }, 'body.permissions'],
  ['no value', { value: '' }, 'body.value'],
])('422: %s', async (_, more, field) => {
  const { status, body } = await create(group({ value: 'wrong', ...more }));
  expect([status, body.error.fieldErrors?.[0].field]).toEqual([422, field]);
});

it('404: an organization that does not exist; members go with their organization', async () => {
  expect((await create(group({ organizationId: `org_${'0'.repeat(27)}` }))).status).toBe(404);
  const { id } = (await call(server.url, 'createOrganization', { body: { name: 'Short' } })).body;
  const member = await create(group({ organizationId: id, value: 'short' }));
  expect(await list()).toContainEqual(member.body);
  await call(server.url, 'deleteOrganization', { path: { org_id: id } });
  expect(await list()).not.toContainEqual(member.body);
});
