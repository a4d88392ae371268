import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { createWorld } from '../support/world.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  server.clock.now += 1000;
});
afterAll(() => server.stop());

const create = (body: unknown) => call(server.url, 'createOrganization', { body });
const list = async () => (await call(server.url, 'listOrganizations')).body as { id: string; name: string }[];

describe('createOrganization', () => {
  test('201, with Location and ETag of the new organization', async () => {
    const answer = await create({ name: 'Acme' });
    const at = new Date(server.clock.now).toISOString();
    const id = answer.body.id as string;
    expect(answer.body).toEqual({ id: expect.stringMatching(/^org_/), name: 'Acme', createdAt: at, updatedAt: at });
    expect(answer.headers.get('location')).toBe(`/admin/api/v1/organizations/${id}`);
    const read = await call(server.url, 'getOrganization', { path: { org_id: id } });
    expect([read.body, read.headers.get('etag')]).toEqual([answer.body, answer.headers.get('etag')]);
  });

  test.each([
    [{}, [{ field: 'body.name', message: 'is required', code: 'missing' }]],
    [{ name: '' }, [{ field: 'body.name', message: 'must have at least 1 character', code: 'min_length' }]],
    [
      { Name: 'x', name: 'x' },
      [{ field: 'body.Name', message: 'unknown key: did you mean `name`?', code: 'unknown_key' }],
    ],
    [{ name: 'x', id: 'y' }, [{ field: 'body.id', message: 'read-only; leave it out', code: 'unknown_key' }]],
  ])('422: %j', async (body, fieldErrors) => {
    const answer = await create(body);
    expect([answer.status, answer.body]).toEqual([
      422,
      { error: { code: 'validation_failed', message: 'Request failed validation.', fieldErrors } },
    ]);
  });

  test('422: malformed JSON', async () => {
    const { status, body } = await create('{"name"');
    expect([status, body.error.code, body.error.fieldErrors[0].code]).toEqual([
      422,
      'validation_failed',
      'json_invalid',
    ]);
  });
});

test('listOrganizations 200: a bare array, oldest first', async () => {
  server.clock.now += 1000;
  const last = (await create({ name: 'Last' })).body;
  const all = await list();
  expect(all[0]).toMatchObject({ id: server.organizationId, name: 'Default' });
  expect(all.at(-1)).toEqual(last);
});

describe('deleteOrganization', () => {
  test('200: deletes all its objects, its key pairs end at once, and its audit events stay', async () => {
    const world = await createWorld(server);
    const path = { org_id: world.organizationId };
    const answer = await call(server.url, 'deleteOrganization', { path });
    expect(answer.body).toEqual({ id: world.organizationId, deleted: true });
    expect((await list()).map(({ id }) => id)).not.toContain(world.organizationId);
    expect((await call(server.url, 'listMcpServers', { as: world.pair })).status).toBe(401);
    const events = await call(server.url, 'listAuditEvents', { query: { organization: world.organizationId } });
    expect(events.body.data[0]).toMatchObject({
      action: 'organization.deleted',
      actor: { kind: 'operator', id: null },
    });
    expect((await call(server.url, 'deleteOrganization', { path })).status).toBe(404);
  });

  test('412: an If-Match of another version deletes nothing', async () => {
    const path = { org_id: (await create({ name: 'Kept' })).body.id };
    const answer = await call(server.url, 'deleteOrganization', { path, headers: { 'If-Match': '"2"' } });
    expect([answer.status, answer.body.error.code]).toEqual([412, 'conflict']);
    expect((await call(server.url, 'getOrganization', { path })).status).toBe(200);
  });
});
