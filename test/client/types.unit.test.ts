import { expect, expectTypeOf, test } from 'vitest';
import type { components } from '../../generated/api.ts';
import { createClient, type GatehouseClient, paginate } from '../../src/client/client.ts';

type Schemas = components['schemas'];

const SERVER = { path: { mcpServerId: 'mcp_8c180796-e6d7-4343-88b5-5df0846fef69' } };
const ACCOUNT = { path: { id: '1ba1f401-7183-47c5-9e39-e8e257e3c795' } };

/** A client that answers every request with one status and body. */
const answering = (status: number, body: unknown): GatehouseClient =>
  createClient({ baseUrl: 'https://gatehouse.example.com', fetch: async () => Response.json(body, { status }) });

/** Never called: the compiler reads it. */
async function misspelt({ GET, POST, PATCH, PUT, DELETE }: GatehouseClient) {
  const body = { name: 'Files', url: 'https://files.example.com/mcp' };
  // @ts-expect-error a key that a body does not have
  await POST('/api/mcp-servers', { body: { ...body, nope: 1, tags: [], nmae: 'x' } });
  // @ts-expect-error a key that a body does not have, beside all others
  await POST('/api/mcp-servers', { body: { name: 'Files', url: 'https://files.example.com/mcp', nope: 1 } });
  // @ts-expect-error a parameter that a query does not have
  await GET('/api/mcp-servers', { params: { query: { search: 'x', limt: 2 } } });
  // @ts-expect-error a key in another style than the document's
  await PATCH('/api/mcp-servers/{mcpServerId}', { params: SERVER, body: { description: null, approvalPolicy: 'x' } });
  // @ts-expect-error a header that an operation does not have
  await DELETE('/integrated-account/{id}', { params: { ...ACCOUNT, header: { 'If-Match': '"1"', 'If-Mach': '"1"' } } });
  await POST('/admin/api/v1/mcp-servers', {
    // @ts-expect-error a key deep inside a body
    body: { name: 'Files', mcpServer: { name: 'files', transport: 'stdio', command: 'x', argz: [] } },
  });
  await POST('/integrated-account/{integrated_account_id}/mcp', {
    params: { path: { integrated_account_id: ACCOUNT.path.id } },
    // @ts-expect-error a key deep inside a body
    body: { name: 'Files', config: { methods: ['read'], tgas: ['files'] } },
  });
  // @ts-expect-error a parameter that a path does not have
  await GET('/integrated-account/{id}', { params: { path: { id: 'x', ID: 'x' } } });
  // @ts-expect-error an option that a call does not have
  await GET('/api/mcp-servers', { parms: {} });
  // @ts-expect-error a key that the server sets
  await POST('/api/mcp-servers', { body: { ...body, id: 'mcp_8c180796-e6d7-4343-88b5-5df0846fef69' } });
  // @ts-expect-error a body where there is none
  await GET('/api/mcp-servers', { body: {} });
  // @ts-expect-error a required key is missing
  await POST('/api/mcp-servers', { body: { name: 'Files' } });
  // @ts-expect-error a required body is missing
  await POST('/api/mcp-servers');
  // @ts-expect-error a value that a list does not have
  await GET('/api/mcp-servers', { params: { query: { order: 'up' } } });
  // @ts-expect-error a path that does not exist
  await GET('/api/mcp-server');
  // @ts-expect-error a method that a path does not have
  await PUT('/api/mcp-servers', { body });
  // @ts-expect-error an option that a client does not have
  createClient({ baseUrl: 'https://gatehouse.example.com', apiTokn: 'x' });
}

test('the compiler refuses keys, paths and options that the document does not have', () => {
  // The assertions are its directives: an unused one is an error of `tsc`.
  expect(misspelt).toBeTypeOf('function');
});

test('the status tells success and the errors apart', async () => {
  const body = { message: 'No such server.', status: 'error', error: 'not found' };
  const answer = await answering(404, body).GET('/api/mcp-servers/{mcpServerId}', { params: SERVER });
  if (answer.status === 200) {
    expectTypeOf(answer.data.data).toEqualTypeOf<Schemas['McpServer']>();
    expectTypeOf(answer.error).toEqualTypeOf<undefined>();
  } else if (answer.status === 404) {
    expectTypeOf(answer.error).toExtend<Schemas['ServersErrorBody']>();
    expectTypeOf(answer.data).toEqualTypeOf<undefined>();
  }
  expect(answer).toMatchObject({ status: 404, error: body });
  expect(answer.data).toBeUndefined();
});

test('an error of one status has what only that status has', async () => {
  const { POST } = answering(500, { error: { code: 'reload_failed' }, reload: { status: 'reload_failed' } });
  const { status, error, data } = await POST('/admin/api/v1/mcp-servers', {
    body: { name: 'Files', mcpServer: { name: 'files', transport: 'sse', url: 'https://files.example.com/sse' } },
  });
  if (status === 500) {
    expectTypeOf('reload' in error ? error.reload : null).toExtend<Schemas['Reload'] | null>();
  } else if (status === 422) {
    // @ts-expect-error a mistake in the request has not led to a reload
    error.reload;
  } else if (error === undefined) {
    expectTypeOf(data.reload).toExtend<Schemas['Reload']>();
  }
  expect(status).toBe(500);
});

test('statuses of `default` are those that are not written out', async () => {
  const { status } = await answering(429, {}).GET('/api/mcp-servers');
  expectTypeOf<429>().toExtend<typeof status>();
  expectTypeOf<502>().toExtend<typeof status>();
  expectTypeOf<202>().not.toExtend<typeof status>();
  expect(status).toBe(429);
});

test('`parseAs` gives the type of the data', async () => {
  const { data } = await answering(200, {}).GET('/metrics', { parseAs: 'text' });
  expectTypeOf(data).toEqualTypeOf<string | undefined>();
  expect(data).toBe('{}');
});

test('objects of pages have their type, and only lists have pages', () => {
  const client = answering(200, {});
  expectTypeOf(paginate(client, '/api/mcp-servers')).toExtend<AsyncIterable<Schemas['McpServer']>>();
  expectTypeOf(paginate(client, '/integrated-account')).toExtend<AsyncIterable<Schemas['Account']>>();
  expectTypeOf(paginate(client, '/admin/api/v1/audit-events')).toExtend<AsyncIterable<Schemas['AuditEvent']>>();
  // @ts-expect-error a parameter that the list does not have
  paginate(client, '/integrated-account', { params: { query: { search: 'x' } } });
  // @ts-expect-error it answers everything at once
  paginate(client, '/admin/api/v1/organizations');
  expect(paginate).toBeTypeOf('function');
});
