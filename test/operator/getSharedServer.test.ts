import { afterAll, beforeAll, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { change, create, read, remove, unique } from '../support/shared-servers.ts';

const NOBODY = '00000000-0000-4000-8000-000000000000';

let gateway: TestServer;
beforeAll(async () => {
  gateway = await startTestServer();
});
afterAll(() => gateway.stop());

const added = async () => {
  const mcpServer = { name: unique(), url: 'http://127.0.0.1:9/mcp', headers: { Authorization: 'Bearer in-clear' } };
  return (await create(gateway, mcpServer, { enabled: false })).body.data;
};

test('200: a bare object without masking, with an ETag that changes only with the server', async () => {
  const server = await added();
  const first = await read(gateway, server.id);
  expect([first.status, first.body]).toEqual([200, server]);
  expect(first.body.mcpServer.headers).toEqual({ Authorization: 'Bearer in-clear' });
  const etag = first.headers.get('etag');
  expect(etag).toMatch(/^"[^"]+"$/);
  await change(gateway, server.id, {});
  await added();
  expect((await read(gateway, server.id)).headers.get('etag')).toBe(etag);

  gateway.clock.now += 1000;
  const changed = await change(gateway, server.id, { name: 'Another' });
  const second = await read(gateway, server.id);
  expect(second.body).toEqual({ ...server, name: 'Another', updatedAt: new Date(gateway.clock.now).toISOString() });
  expect(second.headers.get('etag')).toBe(changed.headers.get('etag'));
  expect(second.headers.get('etag')).not.toBe(etag);
});

test('404: an unknown or deleted server', async () => {
  const { id } = await added();
  await remove(gateway, id);
  for (const gone of [id, NOBODY]) {
    const { status, body } = await read(gateway, gone);
    expect([status, body.error]).toEqual([404, { code: 'not_found', message: `No MCP server with id ${gone}.` }]);
  }
});

test.each(['none', '3c90c3cc0d444b508888-8dd25736052a', `${NOBODY}0`, `mcp_${NOBODY}`, '1'])(
  '422: %s is not a UUID',
  async (id) => {
    const { status, body } = await read(gateway, id);
    expect([status, body.error.code]).toEqual([422, 'validation_failed']);
    const fields = body.error.fieldErrors.map(({ field }: { field: string }) => field);
    expect(new Set(fields)).toEqual(new Set(['path.mcp_id']));
  },
);

test('401: no credentials, with any id', async () => {
  for (const mcp_id of [NOBODY, 'none']) {
    expect((await call(gateway.url, 'getSharedServer', { path: { mcp_id }, as: 'nobody' })).status).toBe(401);
  }
});
