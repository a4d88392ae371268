import { beforeEach, expect, it } from 'vitest';
import { QuotaExceeded, withinQuotas } from '../../src/quotas/quotas.ts';
import * as accounts from '../../src/store/accounts.ts';
import * as apiTokens from '../../src/store/api-tokens.ts';
import * as endpoints from '../../src/store/endpoints.ts';
import * as integrations from '../../src/store/integrations.ts';
import * as keyPairs from '../../src/store/key-pairs.ts';
import * as servers from '../../src/store/servers.ts';
import type { Db, Store } from '../../src/store/store.ts';
import * as usage from '../../src/store/usage.ts';
import { onBothEngines } from '../store/support/harness.ts';
import {
  aKeyPair,
  anAccount,
  anEndpoint,
  anIntegration,
  anOrganization,
  aServer,
  aToken,
  CONTENTS,
  storedAccount,
  storedIntegration,
} from '../store/support/samples.ts';
import { NO_QUOTAS } from '../support/quotas.ts';

const CONTENTS_BYTES = CONTENTS.document.length + CONTENTS.tools.length + CONTENTS.selectors.length;

onBothEngines(({ shared }) => {
  let store: Store;
  let own: string;
  let integration: integrations.Integration;
  let account: string;
  beforeEach(async () => {
    store = await shared();
    own = await anOrganization(store);
    integration = await storedIntegration(store, own);
    account = await storedAccount(store, integration);
  });
  const of = async <R extends usage.Resource>(resource: R): Promise<number> =>
    (await usage.of(store.read, own, [resource]))[resource];
  /** Makes a change under one quota; the message when it is refused. */
  const attempt = async (resource: usage.Resource, limit: number, change: (db: Db) => Promise<unknown>) => {
    try {
      const quotas = { ...NO_QUOTAS, [resource]: limit };
      await store.write((db) => withinQuotas(db, quotas, own, [resource], () => change(db)));
      return null;
    } catch (error) {
      expect(error).toBeInstanceOf(QuotaExceeded);
      return (error as QuotaExceeded).message;
    }
  };
  const sized = (bytes: number): integrations.Contents => ({
    document: Buffer.alloc(bytes),
    tools: Buffer.alloc(0),
    selectors: '',
  });

  /** What an integration takes besides its contents. */
  const textBytes = async () => (await of('tool_bytes')) - CONTENTS_BYTES;

  it.each([
    ['servers', (db: Db) => servers.insert(db, aServer(own))],
    ['accounts', (db: Db) => accounts.insert(db, anAccount(integration))],
    ['accounts', (db: Db) => servers.insert(db, aServer(own))],
    ['integrations', (db: Db) => integrations.insert(db, anIntegration(own), CONTENTS)],
    ['endpoints', (db: Db) => endpoints.insert(db, anEndpoint({ organizationId: own, accountId: account }))],
    ['credentials', (db: Db) => apiTokens.insert(db, aToken(own))],
    ['credentials', (db: Db) => keyPairs.insert(db, aKeyPair(own))],
    ['tool_bytes', (db: Db) => integrations.insert(db, anIntegration(own), sized(1))],
  ] as const)('admits exactly the quota of simultaneous requests %s', async (resource, create) => {
    const limit = (await of(resource)) + 3 * (resource === 'tool_bytes' ? 1 + (await textBytes()) : 1);
    const answers = await Promise.all(Array.from({ length: 12 }, () => attempt(resource, limit, create)));
    expect(answers.filter((answer) => answer === null)).toHaveLength(3);
    expect(await of(resource)).toBe(limit);
  });

  it('refuses growth after a lowered quota, and lets objects stay, change and shrink', async () => {
    const limit = 500 + (await textBytes());
    await store.write((db) => integrations.update(db, integration, 1, sized(1000)));
    const put = (version: number, bytes: number) =>
      attempt('tool_bytes', limit, (db) => integrations.update(db, integration, version, sized(bytes)));
    expect(await put(2, 1001)).toContain('GATEHOUSE_QUOTA_TOOLS_MIB');
    expect(await put(2, 1000)).toBeNull();
    expect(await put(3, 999)).toBeNull();
    expect(await attempt('tool_bytes', limit, (db) => integrations.update(db, integration, 4, null))).toBeNull();
    expect(await of('tool_bytes')).toBe(limit + 499);
    expect(await put(5, 500)).toBeNull();
    expect(await put(6, 501)).not.toBeNull();
  });

  it('names the quota, the limit and the contact', async () => {
    expect(await attempt('integrations', 1, (db) => integrations.insert(db, anIntegration(own), CONTENTS))).toBe(
      'This organization has reached its quota of integrations, which is 1. Delete what is not needed, or ask the operator to ' +
        'raise GATEHOUSE_QUOTA_INTEGRATIONS.',
    );
    const much = (db: Db) => integrations.update(db, integration, 1, sized(2 * 1024 * 1024 + 1));
    expect(await attempt('tool_bytes', 2 * 1024 * 1024, much)).toBe(
      'The documents and tools of this organization would take 2.01 MiB, and its quota is 2 MiB. Delete what is not ' +
        'needed, or ask the operator to raise GATEHOUSE_QUOTA_TOOLS_MIB.',
    );
  });

  it('limits each organization separately', async () => {
    const other = await anOrganization(store);
    expect(await attempt('servers', 1, (db) => servers.insert(db, aServer(own)))).toBeNull();
    expect(await attempt('servers', 1, (db) => servers.insert(db, aServer(own)))).not.toBeNull();
    const quotas = { ...NO_QUOTAS, servers: 1 };
    await store.write((db) => withinQuotas(db, quotas, other, ['servers'], () => servers.insert(db, aServer(other))));
    expect(await usage.of(store.read, other, ['servers'])).toEqual({ servers: 1 });
  });
});
