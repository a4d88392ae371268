import { afterAll, beforeAll, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { change, create, remove, unique } from '../support/shared-servers.ts';

let gateway: TestServer;
beforeAll(async () => {
  gateway = await startTestServer();
});
afterAll(() => gateway.stop());

const list = async (): Promise<Json[]> => (await call(gateway.url, 'listSharedServers')).body;
const add = async (name: string): Promise<Json> => {
  const mcpServer = { name: unique(), url: 'http://127.0.0.1:9/mcp' };
  return (await create(gateway, mcpServer, { name, enabled: false })).body.data;
};

test('200: a bare array, oldest first, ties by id, or empty', async () => {
  const empty = await call(gateway.url, 'listSharedServers');
  expect([empty.status, empty.text]).toEqual([200, '[]']);

  const start = gateway.clock.now;
  const added: Json[] = [];
  // The clock goes back once: what counts is when they were made, not the order in which they came.
  for (const minute of [1, 0, 2]) {
    gateway.clock.now = start + minute * 60_000;
    added.push(...(await Promise.all(['b', 'a', 'c'].map((name) => add(`${name} ${minute}`)))));
  }
  const wanted = added.toSorted(
    (one, other) => one.createdAt.localeCompare(other.createdAt) || (one.id < other.id ? -1 : 1),
  );
  expect(await list()).toEqual(wanted);
  expect(wanted.map(({ name }) => name.at(-1))).toEqual([...'000111222']);

  gateway.clock.now += 60_000;
  const [first, second, ...others] = wanted;
  const changed = (await change(gateway, first.id, { name: 'Renamed' })).body.data;
  await remove(gateway, second.id);
  expect(await list()).toEqual([changed, ...others]);
});

test('401: no credentials', async () => {
  const { status, body } = await call(gateway.url, 'listSharedServers', { as: 'nobody' });
  expect([status, body.error.code]).toEqual([401, 'auth_required']);
});
