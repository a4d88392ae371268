import { afterAll, beforeAll, expect, test } from 'vitest';
import { documentOf } from '../support/accounts.ts';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const MIB = 1024 * 1024;
const document = documentOf({ 'GET /pets': {} });
/** JSON of about so many bytes: each tag takes 131 with its quotes and comma, each list 2,100. */
const tagsOf = (bytes: number) =>
  Object.fromEntries(
    Array.from({ length: Math.floor(bytes / 2100) }, (_, at) => [`k${at}`, Array(16).fill('t'.repeat(128))]),
  );

let gateway: TestServer;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_QUOTA_TOOLS_MIB: '3' } });
});
afterAll(() => gateway.stop());

const create = (tool_tags: object) =>
  call(gateway.url, 'createIntegration', { body: { name: 'pets', document, tool_tags } });
const usedBytes = async (): Promise<number> => {
  const path = { org_id: gateway.organizationId };
  return (await call(gateway.url, 'getOrganizationUsage', { path })).body.usage.tools.usedBytes;
};

test('400: more than 256 KiB of tags in a new or changed integration', async () => {
  const refused = await create(tagsOf(260_000 + 10_000));
  expect(refused.status).toBe(400);
  const mistakes = [{ path: 'body.tool_tags', message: 'must not have more than 262144 bytes in all' }];
  expect(refused.body.details.failures).toEqual(mistakes);
  const path = { id: (await create({})).body.id };
  const changed = await call(gateway.url, 'updateIntegration', { path, body: { tool_tags: tagsOf(270_000) } });
  expect([changed.status, changed.body.details?.failures]).toEqual([400, mistakes]);
  expect((await call(gateway.url, 'deleteIntegration', { path })).status).toBe(200);
});

test('tags count in the quota, and pages with large ones end early', async () => {
  expect(await usedBytes()).toBe(0);
  const ids: string[] = [];
  let last = await create(tagsOf(250_000));
  while (last.status === 201 && ids.length < 30) {
    ids.push(last.body.id);
    last = await create(tagsOf(250_000));
  }
  expect([last.status, last.body.message]).toEqual([409, expect.stringContaining('GATEHOUSE_QUOTA_TOOLS_MIB')]);
  expect(ids.length).toBeGreaterThan(10);
  expect(ids.length).toBeLessThan(13);
  expect(await usedBytes()).toBeGreaterThan(2.6 * MIB);
  const seen: string[] = [];
  for (let next_cursor: string | null = ''; next_cursor !== null; ) {
    const { body } = await call(gateway.url, 'listIntegrations', { query: { limit: 1000, next_cursor } });
    expect(JSON.stringify(body.result).length).toBeLessThan(1.1 * MIB);
    seen.push(...body.result.map(({ id }: { id: string }) => id));
    next_cursor = body.next_cursor;
  }
  expect(seen.toSorted()).toEqual(ids.toSorted());
  const path = { id: ids[0] as string };
  expect((await call(gateway.url, 'updateIntegration', { path, body: { tool_tags: {} } })).status).toBe(200);
  expect((await create(tagsOf(200_000))).status).toBe(201);
});
