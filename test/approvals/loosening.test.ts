import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentOf } from '../support/accounts.ts';
import { type Call, call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const POLICIES = ['auto_approve_all', 'auto_approve_read_only', 'require_approval_per_tool', 'require_approval_all'];
const document = documentOf({ 'GET /things': {} });

let plain: TestServer;
let strict: TestServer;
beforeAll(async () => {
  plain = await startTestServer();
  strict = await startTestServer({ env: { GATEHOUSE_INTEGRATION_POLICY: 'require_approval_per_tool' } });
});
afterAll(() => Promise.all([plain.stop(), strict.stop()]));

/** A new API token of the first organization. */
async function tokenWith(server: TestServer, permissions: string[]): Promise<{ as: { apiToken: string } }> {
  const path = { org_id: server.organizationId };
  const { token } = (await call(server.url, 'createApiToken', { path, body: { name: 'Test', permissions } })).body;
  return { as: { apiToken: token } };
}

const create = (server: TestServer, policy: string | undefined, more: Call) =>
  call(server.url, 'createIntegration', {
    ...more,
    body: { name: 'things', document, ...(policy !== undefined && { approval_policy: policy }) },
  });

describe.each([
  ['auto_approve_all', () => plain],
  ['require_approval_per_tool', () => strict],
] as const)('with the default policy %s', (byDefault, server) => {
  const least = POLICIES.indexOf(byDefault);

  test('an integration without a policy gets the default, whoever creates it', async () => {
    for (const permissions of [['accounts'], ['accounts', 'approvals']]) {
      const answer = await create(server(), undefined, await tokenWith(server(), permissions));
      expect([answer.status, answer.body.approval_policy]).toEqual([201, byDefault]);
    }
  });

  test.each(POLICIES)(
    'creating an integration with %s without `approvals` works only if it is no looser',
    async (policy) => {
      const isLooser = POLICIES.indexOf(policy) < least;
      const answer = await create(server(), policy, await tokenWith(server(), ['accounts']));
      expect(answer.status).toBe(isLooser ? 403 : 201);
      expect(isLooser ? answer.body.message : answer.body.approval_policy).toBe(
        isLooser ? "This API token lacks the permission 'approvals'." : policy,
      );
      expect((await create(server(), policy, await tokenWith(server(), ['accounts', 'approvals']))).status).toBe(201);
    },
  );
});

const PAIRS = POLICIES.flatMap((before) => POLICIES.map((after) => [before, after] as const));

test.each(PAIRS)(
  'an update from %s to %s requires `approvals` if more calls run than before',
  async (before, after) => {
    const { id } = (await create(plain, before, {})).body;
    const update = async (permissions: string[]) =>
      call(plain.url, 'updateIntegration', {
        ...(await tokenWith(plain, permissions)),
        path: { id },
        body: { name: 'renamed', approval_policy: after },
      });
    const isLooser = POLICIES.indexOf(after) < POLICIES.indexOf(before);
    const answer = await update(['accounts']);
    const there = (await call(plain.url, 'getIntegration', { path: { id } })).body;
    expect(answer.status).toBe(isLooser ? 403 : 200);
    expect([there.name, there.approval_policy]).toEqual(isLooser ? ['things', before] : ['renamed', after]);
    expect((await update(['accounts', 'approvals'])).status).toBe(200);
  },
);

test('fewer required approvals require `approvals`, more do not', async () => {
  const body = { name: 'things', document, approval_policy: 'require_approval_all', required_approvals: 2 };
  const as = await tokenWith(plain, ['accounts']);
  const { id } = (await call(plain.url, 'createIntegration', { ...as, body })).body;
  const update = (required_approvals: number, more: Call) =>
    call(plain.url, 'updateIntegration', { ...more, path: { id }, body: { required_approvals } });
  expect((await update(3, as)).body.required_approvals).toBe(3);
  const answer = await update(2, as);
  expect([answer.status, answer.body.message]).toEqual([403, "This API token lacks the permission 'approvals'."]);
  expect((await update(1, await tokenWith(plain, ['accounts', 'approvals']))).body.required_approvals).toBe(1);
});

test('no document is fetched for an integration that is refused', async () => {
  const body = { name: 'things', document_url: 'https://127.0.0.1/openapi.json', approval_policy: 'auto_approve_all' };
  const answer = await call(strict.url, 'createIntegration', { ...(await tokenWith(strict, ['accounts'])), body });
  expect(answer.status).toBe(403);
});
