import { afterAll, beforeAll, expect, test } from 'vitest';
import * as endpoints from '../../src/store/endpoints.ts';
import { createAccount } from '../support/accounts.ts';
import { call } from '../support/client.ts';
import { mint } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let gateway: TestServer;
beforeAll(async () => {
  gateway = await startTestServer();
});
afterAll(() => gateway.stop());

test('a page of large endpoints ends early, and its cursor leads to the rest', async () => {
  const { accountId } = await createAccount(gateway);
  const { id } = await mint(gateway, `mcp_${accountId}`);
  const path = { integrated_account_id: accountId };
  const first = (await call(gateway.url, 'listEndpoints', { path })).body.result[0];
  const tags = Array.from({ length: 64 }, (_, index) => `${index}`.padEnd(128, 'x'));
  await gateway.deps.store.write(async (db) => {
    const { organization_id } = await db.sql
      .selectFrom('endpoints')
      .select('organization_id')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    for (let count = 0; count < 400; count++) {
      await endpoints.insert(db, {
        id: gateway.deps.ids.uuid(),
        organizationId: organization_id,
        accountId,
        name: `Large ${count}`,
        config: { tags },
        expiresAt: null,
        createdBy: first.created_by,
        tokenHash: `hash-${count}`,
        createdAt: count,
        updatedAt: count,
      });
    }
  });
  const seen: string[] = [];
  let pages = 0;
  for (let next_cursor = ''; ; pages++) {
    const { body } = await call(gateway.url, 'listEndpoints', { path, query: { limit: 1000, next_cursor } });
    expect(body.limit).toBe(1000);
    expect(JSON.stringify(body.result).length).toBeLessThan(1.1 * 1024 * 1024);
    seen.push(...body.result.map((endpoint: { id: string }) => endpoint.id));
    if (body.next_cursor === null) {
      break;
    }
    next_cursor = body.next_cursor;
  }
  expect(pages).toBeGreaterThan(2);
  expect([seen.length, new Set(seen).size]).toEqual([401, 401]);
});
