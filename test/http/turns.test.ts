import { expect, test } from 'vitest';
import * as endpoints from '../../src/store/endpoints.ts';
import { createAccount } from '../support/accounts.ts';
import { askOnce } from '../support/ask-once.ts';
import { call } from '../support/client.ts';
import { API_TOKEN, startTestServer } from '../support/server.ts';

const LISTS = 20;

test('a request does not wait for all lists that another organization has asked for before it', async () => {
  const gateway = await startTestServer();
  const { accountId } = await createAccount(gateway);
  const { organizationId } = gateway;
  await gateway.deps.store.write(async (db) => {
    for (let count = 0; count < 1000; count++) {
      await endpoints.insert(db, {
        id: gateway.deps.ids.uuid(),
        organizationId,
        accountId,
        name: `Endpoint ${count}`,
        config: {},
        expiresAt: null,
        createdBy: gateway.deps.ids.uuid(),
        tokenHash: `hash-${count}`,
        createdAt: count,
        updatedAt: count,
      });
    }
  });
  const other = (await call(gateway.url, 'createOrganization', { body: { name: 'Other' } })).body;
  const pair = await call(gateway.url, 'createApiKey', {
    path: { org_id: other.id },
    body: { name: 'Other', permissions: ['servers'] },
  });
  const { apiKey, apiSecret } = pair.body;
  const list = () =>
    askOnce(gateway.url, 'get', `/integrated-account/${accountId}/mcp?limit=1000`, {
      headers: { Authorization: `Bearer ${API_TOKEN}` },
    });
  // What is compiled for the first answer of each kind is compiled now.
  expect((await list()).body.result).toHaveLength(1000);
  const own = () => call(gateway.url, 'listMcpServers', { as: { apiKey, apiSecret } });
  await own();

  let answered = 0;
  const lists = Array.from({ length: LISTS }, () => list().then(() => (answered += 1)));
  expect((await own()).status).toBe(200);
  expect(answered).toBeLessThan(LISTS / 2);
  await Promise.all(lists);
  await gateway.stop();
});
