import { sql } from 'kysely';
import { beforeEach, expect, it } from 'vitest';
import * as accounts from '../../src/store/accounts.ts';
import * as auditEvents from '../../src/store/audit-events.ts';
import * as catalogues from '../../src/store/catalogues.ts';
import * as endpoints from '../../src/store/endpoints.ts';
import * as grants from '../../src/store/grants.ts';
import * as integrations from '../../src/store/integrations.ts';
import * as organizations from '../../src/store/organizations.ts';
import * as servers from '../../src/store/servers.ts';
import * as settings from '../../src/store/settings.ts';
import * as sharedServers from '../../src/store/shared-servers.ts';
import type { Db, Store } from '../../src/store/store.ts';
import * as toolApprovals from '../../src/store/tool-approvals.ts';
import { catalogueTopic } from '../../src/store/topics.ts';
import { onBothEngines } from './support/harness.ts';
import {
  accountOf,
  anAuditEvent,
  anEndpoint,
  anOrganization,
  aServer,
  CONTENTS,
  saveCatalogue,
  storedAccount,
  storedIntegration,
  storedSharedServer,
} from './support/samples.ts';

/** An organization with one of everything, and the topics of what is kept of it. */
async function aTenant(store: Store, sharedId: string) {
  const organizationId = await anOrganization(store);
  const server = await store.write((db) => servers.insert(db, aServer(organizationId)));
  const integration = await storedIntegration(store, organizationId);
  const accountId = await storedAccount(store, integration);
  await store.write((db) => grants.setOrganizations(db, sharedId, 'all', 1));
  const endpointOver = (id: string) =>
    store.write((db) => endpoints.insert(db, anEndpoint(accountOf({ id, organizationId }))));
  const [overServer, overAccount, overShared] = [
    await endpointOver(server.id),
    await endpointOver(accountId),
    await endpointOver(sharedId),
  ];
  return {
    organizationId,
    server,
    integration,
    accountId,
    overServer,
    kept: {
      server: [overServer.id, organizationId, server.id, catalogueTopic(server.id)],
      account: [overAccount.id, organizationId, accountId, integration.id],
      shared: [overShared.id, organizationId, sharedId, catalogueTopic(sharedId)],
    },
  };
}
type Tenant = Awaited<ReturnType<typeof aTenant>>;

onBothEngines(({ open, shared }) => {
  it('counts commits that endpoints depend on, before the writer gets its answer', async () => {
    const store = await open();
    const organizationId = await anOrganization(store);
    const counts = [store.changes()];
    const server = aServer(organizationId);
    const writes = [
      () => store.write((db) => servers.insert(db, server)),
      () => store.write((db) => servers.remove(db, organizationId, server.id)),
    ];
    for (const write of writes) {
      await write().then(() => counts.push(store.changes()));
    }
    expect(new Set(counts).size).toBe(3);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  });

  it('does not count reads, audit events, settings, and rolled back writes', async () => {
    const store = await open();
    const before = store.changes();
    await store.write((db) => settings.set(db, 'key', 'value'));
    await store.write((db) => auditEvents.insert(db, [anAuditEvent()]));
    await store
      .write(async (db) => {
        await organizations.insert(db, { id: 'org_x', name: 'X', createdAt: 1, updatedAt: 1 });
        throw new Error('no');
      })
      .catch(() => undefined);
    await organizations.find(store.read, 'org_x');
    // A group of writes is rolled back one by one on SQLite; that it may count once more is harmless.
    expect(store.changes() - before).toBeLessThanOrEqual(1);
    const after = store.changes();
    await store.write((db) => settings.set(db, 'key', 'another'));
    expect(store.changes()).toBe(after);
  });

  type Kind = keyof Tenant['kept'];
  let store: Store;
  let sharedId: string;
  let own: Tenant;
  let other: Tenant;
  beforeEach(async () => {
    store = await shared();
    sharedId = (await storedSharedServer(store)).id;
    [own, other] = [await aTenant(store, sharedId), await aTenant(store, sharedId)];
  });
  const accountKey = () => ({ organizationId: own.server.organizationId, accountId: own.server.id });
  const approval = () => ({
    ...accountKey(),
    toolName: 't',
    approvalHash: 'h',
    autoApprove: true,
    createdAt: 1,
    expiresAt: null,
    definition: null,
  });
  const listed = { tools: [{ definition: { name: 't', inputSchema: {} }, hash: 'h' }], seenAt: 1 };

  it.each<[string, readonly Kind[], (db: Db) => Promise<unknown>]>([
    ['a server is changed', ['server'], (db) => servers.update(db, { ...own.server, tags: ['x'] }, 1)],
    ['a server lists other tools', ['server'], (db) => saveCatalogue(db, own.server.id, listed)],
    ['the pins of a server are cleared', ['server'], (db) => catalogues.clearPins(db, own.server.id)],
    ['a tool is approved', ['server'], (db) => toolApprovals.upsert(db, approval())],
    ['approvals are taken back', ['server'], (db) => toolApprovals.removeAll(db, accountKey())],
    ['an approval is revoked', ['server'], (db) => toolApprovals.remove(db, accountKey(), 't')],
    [
      'an endpoint is changed',
      ['server'],
      (db) => endpoints.update(db, { ...own.overServer, config: { methods: ['read'] } }, 1),
    ],
    ['an endpoint is deleted', ['server'], (db) => endpoints.remove(db, accountOf(own.server), own.overServer.id)],
    [
      'an account has another status',
      ['account'],
      (db) => accounts.setStatus(db, { organizationId: own.organizationId, id: own.accountId, status: 'needs_reauth' }),
    ],
    ['an account is deleted', ['account'], (db) => accounts.remove(db, own.organizationId, own.accountId)],
    [
      'an integration is changed',
      ['account'],
      (db) => integrations.update(db, { ...own.integration, approvalPolicy: 'require_approval_all' }, 1, CONTENTS),
    ],
    [
      'a server is deleted, which its organization counts',
      ['server'],
      (db) => servers.remove(db, own.organizationId, own.server.id),
    ],
    [
      'an organization is deleted',
      ['server', 'account', 'shared'],
      (db) => organizations.remove(db, own.organizationId),
    ],
  ])('cached reads of others stay valid when %s', async (_, changed, write) => {
    const before = store.changes();
    await store.write(write);
    for (const [kind, topics] of Object.entries(own.kept) as [Kind, string[]][]) {
      expect([kind, store.hasChanged(topics, before)]).toEqual([kind, changed.includes(kind)]);
      expect(store.hasChanged(topics, store.changes())).toBe(false);
    }
    for (const topics of Object.values(other.kept)) {
      expect(store.hasChanged(topics, before)).toBe(false);
    }
  });

  it.each<[string, (db: Db) => Promise<unknown>]>([
    [
      'is changed',
      async (db) => {
        const server = await sharedServers.find(db, sharedId);
        await sharedServers.update(db, { ...(server as sharedServers.SharedServer), name: 'x' }, 1);
      },
    ],
    ['is taken from one', (db) => grants.setOrganizations(db, sharedId, [other.organizationId], 1)],
    ['lists other tools', (db) => saveCatalogue(db, sharedId, listed)],
    ['is deleted', (db) => sharedServers.remove(db, sharedId)],
  ])('a shared server that %s changes for its users only', async (_, write) => {
    const before = store.changes();
    await store.write(write);
    for (const { kept } of [own, other]) {
      expect(Object.values(kept).map((topics) => store.hasChanged(topics, before))).toEqual([false, false, true]);
    }
  });

  it('a new organization and purged endpoints change nothing for others', async () => {
    const before = store.changes();
    await anOrganization(store);
    await store.write((db) => endpoints.insert(db, anEndpoint(accountOf(own.server), { expiresAt: 1 })));
    expect(await store.write((db) => endpoints.purge(db, 2))).toBe(1);
    const all = [own, other].flatMap(({ kept }) => Object.values(kept));
    expect(all.map((topics) => store.hasChanged(topics, before))).not.toContain(true);
  });

  it('counts an unreadable statement as a change of everything', async () => {
    const before = store.changes();
    await store.write((db) => sql`update servers set name = 'x' where id = ${own.server.id}`.execute(db.sql));
    expect(store.hasChanged(other.kept.server, before)).toBe(true);
    expect(store.hasChanged(['what nobody has heard of'], before)).toBe(true);
  });
});
