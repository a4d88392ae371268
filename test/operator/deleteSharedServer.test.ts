import { afterAll, beforeAll, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { isAlive } from '../support/process.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { callTool, created, read, remove, share, small, statusOf, stdio, unique } from '../support/shared-servers.ts';

/** Milliseconds: many times what is promised, for a machine that is busy. */
const SOON = 10_000;

let gateway: TestServer;
beforeAll(async () => {
  gateway = await startTestServer();
});
afterAll(() => gateway.stop());

test('200: deletes the server with its grants, endpoints and process', async () => {
  const id = await created(gateway, small());
  const { token } = await share(gateway, id);
  const pid = Number(await callTool(gateway, token, 'pid'));
  const { status, body } = await remove(gateway, id);
  expect([status, body]).toEqual([
    200,
    { data: { id, deleted: true }, reload: { status: 'reloaded', message: 'Saved and reloaded.', error: null } },
  ]);
  expect((await read(gateway, id)).status).toBe(404);
  expect(await statusOf(gateway, id)).toBeUndefined();
  expect((await call(gateway.url, 'sendToEndpoint', { path: { token }, as: 'nobody', body: {} })).status).toBe(401);
  expect((await call(gateway.url, 'getAccount', { path: { id }, as: 'token' })).status).toBe(404);
  await expect.poll(() => isAlive(pid), { timeout: SOON }).toBe(false);
  const { body: events } = await call(gateway.url, 'listAuditEvents', { query: { action: 'server.deleted' } });
  expect(events.data[0].target).toEqual({ kind: 'server', id });
});

test('200: a call in flight ends with its endpoint', async () => {
  const id = await created(gateway, stdio(unique()));
  const { token } = await share(gateway, id);
  await callTool(gateway, token, 'pid');
  const slow = callTool(gateway, token, 'slow', { ms: 1500 }).catch((error: Error) => error.message);
  // Its server has it when what is asked after it is answered.
  await callTool(gateway, token, 'echo', { text: '' });
  await remove(gateway, id);
  expect(await slow).toBe('socket hang up');
});

test('404 for an unknown or deleted server, 412 for another version, 422 for an invalid id', async () => {
  const id = await created(gateway, small());
  const other = await remove(gateway, id, { 'If-Match': '"2"' });
  expect([other.status, other.body.error.code]).toEqual([412, 'conflict']);
  expect((await remove(gateway, id, { 'If-Match': '"1"' })).status).toBe(200);
  const gone = await remove(gateway, id);
  expect([gone.status, gone.body.error]).toEqual([404, { code: 'not_found', message: `No MCP server with id ${id}.` }]);
  const { status, body } = await remove(gateway, 'none');
  expect([status, body.error.fieldErrors[0].field]).toEqual([422, 'path.mcp_id']);
});
