import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createServer } from '../../src/servers/servers.ts';
import { call, meantFor } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { ask, createWorld, invalidStatus, readStatus, secured, validRequest, type World } from '../support/world.ts';

let server: TestServer;
let ours: World;
let theirs: World;
beforeAll(async () => {
  server = await startTestServer();
  [ours, theirs] = [await createWorld(server), await createWorld(server)];
});
afterAll(() => server.stop());

const withIds = secured.filter(({ path }) => path.includes('{'));

describe.each(withIds.filter((operation) => meantFor(operation) !== 'operator'))('$id', (operation) => {
  test("404: another organization's", async () => {
    const answer = await ask(server, operation, {
      ...validRequest(operation, theirs),
      as: meantFor(operation) === 'team' ? ours.pair : ours.token,
    });
    expect(answer.status).toBe(404);
    expect(answer.text).not.toContain(theirs.organizationId);
  });
});

describe.each(withIds.filter(({ path }) => path.includes('{org_id}') && path.includes('{id}')))('$id', (operation) => {
  test("404: another organization's, under the operator's own path", async () => {
    const path = { ...theirs.ids(operation), org_id: ours.organizationId };
    expect((await ask(server, operation, { path })).status).toBe(404);
  });
});

const UNKNOWN = {
  integrated_account_id: '00000000-0000-4000-8000-000000000000',
  mcpServerId: 'mcp_00000000-0000-4000-8000-000000000000',
  approvalRequestId: 'apr_00000000-0000-4000-8000-000000000000',
  org_id: `org_${'0'.repeat(27)}`,
  id: '00000000-0000-4000-8000-000000000000',
  toolName: 'nobody_has_this',
};
const WRONG_KIND = {
  integrated_account_id: 'mcp_x',
  mcpServerId: `org_${'0'.repeat(27)}`,
  approvalRequestId: UNKNOWN.mcpServerId,
  org_id: UNKNOWN.mcpServerId,
  id: UNKNOWN.mcpServerId,
};

describe.each(withIds)('$id', (operation) => {
  test.each(operation.parameters.filter((parameter) => parameter.in === 'path'))(
    '404: unknown $name',
    async ({ name }) => {
      const path = { ...ours.ids(operation), [name]: UNKNOWN[name as keyof typeof UNKNOWN] };
      const answer = await ask(server, operation, { ...validRequest(operation, ours), path });
      expect(answer.status).toBe(404);
    },
  );

  const typed = operation.parameters.filter(({ name }) => Object.hasOwn(WRONG_KIND, name));
  test.each(typed)('4xx: a wrong kind of $name', async ({ name }) => {
    const path = { ...ours.ids(operation), [name]: WRONG_KIND[name as keyof typeof WRONG_KIND] };
    const answer = await ask(server, operation, { ...validRequest(operation, ours), path });
    expect(answer.status).toBe(invalidStatus(operation));
    expect(answer.text).toContain(`path.${name}`);
  });
});

test('no request of another organization has changed anything', async () => {
  for (const operation of withIds.filter(({ method }) => method === 'get')) {
    expect((await ask(server, operation, validRequest(operation, theirs))).status).toBe(readStatus(operation));
  }
});

test('401: an organization that is deleted during one of its requests', async () => {
  const gone = await createWorld(server);
  const caller = {
    kind: 'key_pair',
    id: 'x',
    name: 'x',
    organizationId: gone.organizationId,
    permissions: ['servers'],
  } as const;
  await call(server.url, 'deleteOrganization', { path: { org_id: gone.organizationId } });
  const late = createServer(server.deps, caller, { name: 'Late', url: 'https://late.example.com' });
  await expect(late).rejects.toMatchObject({ code: 'unauthorized' });
});
