import { afterAll, beforeAll, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const op = { summary: 'Does it.', responses: {} };
const documentOf = (...paths: string[]) => ({
  openapi: '3.0.3',
  info: { title: 'x', version: '1' },
  paths: Object.fromEntries(paths.map((path) => [path, path.endsWith('.list') ? { post: op } : { get: op }])),
});
const PATHS = ['/api/v2/users', '/api/v2/users.list', '/api/v2/aws/{id}'];
const FIRST = [
  ['list_all_crm_api_v2_users', 'list'],
  ['create_a_crm_api_v2_users_list', 'create'],
  ['get_single_crm_api_v2_aw_by_id', 'get'],
];
const SECOND = [
  ['list_all_crm_users', 'list'],
  ['list_all_crm_users_list', 'list'],
  ['get_single_crm_aws_by_id', 'get'],
];

const create = async (): Promise<string> =>
  (await call(server.url, 'createIntegration', { body: { name: 'crm', document: documentOf(...PATHS) } })).body.id;
const update = (id: string, body: unknown) => call(server.url, 'updateIntegration', { path: { id }, body });
const tools = async (id: string) =>
  (
    (await call(server.url, 'listIntegrationTools', { path: { id } })).body.result as { name: string; method: string }[]
  ).map(({ name, method }) => [name, method]);

/** An integration as an earlier version has stored it. */
async function madeBefore(): Promise<string> {
  const id = await create();
  await server.deps.store.write(async (db) => {
    await db.sql.updateTable('integrations').set({ naming: 1 }).where('id', '=', id).execute();
    const { service } = await db.sql
      .selectFrom('integrations')
      .select('service')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    const { shared: _, ...facts } = JSON.parse(service);
    await db.sql
      .updateTable('integrations')
      .set({ service: JSON.stringify(facts) })
      .where('id', '=', id)
      .execute();
  });
  expect((await update(id, { output_schemas: 'none' })).body.naming).toBe(1);
  return id;
}

test('an integration made before keeps names and methods, whatever makes its tools again', async () => {
  const id = await madeBefore();
  expect(await tools(id)).toEqual(FIRST);
  for (const body of [
    { tool_tags: { users: ['a'] } },
    { document: documentOf(...PATHS) },
    { undocumented: 'include' },
  ]) {
    expect((await update(id, body)).body).toMatchObject({ naming: 1, renamed: [] });
    expect(await tools(id)).toEqual(FIRST);
  }
  expect((await update(id, { name: 'new' })).body.renamed).toHaveLength(3);
  expect((await tools(id))[0]).toEqual(['list_all_new_api_v2_users', 'list']);
});

test('only naming: 2 moves it, and the answer says what was renamed', async () => {
  const id = await madeBefore();
  const { body } = await update(id, { naming: 2 });
  expect(body.renamed).toEqual([
    {
      operation: 'GET /api/v2/users',
      old_name: 'list_all_crm_api_v2_users',
      name: 'list_all_crm_users',
      old_method: 'list',
      method: 'list',
    },
    {
      operation: 'POST /api/v2/users.list',
      old_name: 'create_a_crm_api_v2_users_list',
      name: 'list_all_crm_users_list',
      old_method: 'create',
      method: 'list',
    },
    {
      operation: 'GET /api/v2/aws/{id}',
      old_name: 'get_single_crm_api_v2_aw_by_id',
      name: 'get_single_crm_aws_by_id',
      old_method: 'get',
      method: 'get',
    },
  ]);
  expect(await tools(id)).toEqual(SECOND);
  expect((await update(id, { naming: 2 })).body).toMatchObject({ naming: 2, renamed: [] });
});

test('a new one has the new names, which stay when its document grows', async () => {
  const id = await create();
  expect(await tools(id)).toEqual(SECOND);
  const { body } = await update(id, { document: documentOf(...PATHS, '/health') });
  expect(body.renamed).toEqual([]);
  expect(await tools(id)).toEqual([...SECOND, ['list_all_crm_health', 'list']]);
});

test.each([1, 3, '2', null])('%j is refused', async (naming) => {
  expect((await update(await create(), { naming })).status).toBe(400);
});

test('a new one cannot choose', async () => {
  const fields = { name: 'crm', document: documentOf(...PATHS), naming: 2 };
  const { status, body } = await call(server.url, 'createIntegration', { body: fields });
  expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining('naming')]);
});
