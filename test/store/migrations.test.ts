import { gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { afterEach, expect, it, vi } from 'vitest';
import { parseExact } from '../../src/base/json.ts';
import { hashDefinition } from '../../src/runtime/hash-definition.ts';
import * as accounts from '../../src/store/accounts.ts';
import * as apiTokens from '../../src/store/api-tokens.ts';
import * as auditEvents from '../../src/store/audit-events.ts';
import * as auditLog from '../../src/store/audit-log.ts';
import * as callDays from '../../src/store/call-days.ts';
import * as catalogues from '../../src/store/catalogues.ts';
import * as endpoints from '../../src/store/endpoints.ts';
import * as grants from '../../src/store/grants.ts';
import * as integrations from '../../src/store/integrations.ts';
import * as keyPairs from '../../src/store/key-pairs.ts';
import type { ListPart } from '../../src/store/keyset.ts';
import { migrationsFor } from '../../src/store/migrations/migrations.ts';
import * as organizations from '../../src/store/organizations.ts';
import * as servers from '../../src/store/servers.ts';
import * as sharedServers from '../../src/store/shared-servers.ts';
import type { Db, Store } from '../../src/store/store.ts';
import * as toolApprovals from '../../src/store/tool-approvals.ts';
import { anyRoom } from '../support/any-room.ts';
import {
  accountRow,
  catalogueRow,
  contentsRow,
  endpointRow,
  insertRow,
  integrationRow,
  organizationRow,
  serverAccountRow,
  serverRow,
} from './support/before.ts';
import { fillDatabase } from './support/fill-database.ts';
import { onBothEngines } from './support/harness.ts';
import { newestFirst, readThrough } from './support/keyset.ts';
import {
  accountOf,
  aKeyPair,
  anAccount,
  anAuditEvent,
  anEndpoint,
  anIntegration,
  aServer,
  aSharedServer,
  aToolCall,
  CONTENTS,
  saveCatalogue,
  storedSharedServer,
} from './support/samples.ts';
import { countedAnew, kept } from './support/usage.ts';

const [own, other] = ['org_own', 'org_other'];

/** How many migrations the program knows, where a test wants an earlier one. */
const known = vi.hoisted(() => ({ migrations: Infinity }));

vi.mock('../../src/store/migrations/migrations.ts', async (original) => {
  const actual = await original<typeof import('../../src/store/migrations/migrations.ts')>();
  return {
    migrationsFor: (engine: 'sqlite' | 'postgres') =>
      Object.fromEntries(Object.entries(actual.migrationsFor(engine)).slice(0, known.migrations)),
  };
});

afterEach(() => {
  known.migrations = Infinity;
});

onBothEngines(({ engine, open, location }) => {
  /** Opens a new database as it was after so many migrations, fills it, and opens it again as it is now. */
  async function migrated(migrations: number, filled: (db: Db) => Promise<void>): Promise<Store> {
    const place = await location();
    known.migrations = migrations;
    await fillDatabase(place, filled);
    known.migrations = Infinity;
    return open({ location: place });
  }

  it('0007 gives existing API tokens both permissions', async () => {
    const row = { id: 'old', organization_id: own, name: 'Old', token_hash: 'h', prefix: 'gat_', expires_at: null };
    const before = Object.keys(migrationsFor(engine)).indexOf('0007_token_permissions');
    const store = await migrated(before, async (db) => {
      await insertRow(db, 'organizations', organizationRow(own));
      await insertRow(db, 'api_tokens', { ...row, last_used_at: 5, created_at: 1 });
    });
    expect(await apiTokens.findByHash(store.read, 'h')).toEqual({
      ...{ id: 'old', organizationId: own, name: 'Old', permissions: ['accounts', 'approvals'], prefix: 'gat_' },
      ...{ expiresAt: null, lastUsedAt: 5, createdAt: 1 },
    });
  });

  it('0008 and 0018 keep pins and approvals of tools with members that the old hash did not cover', async () => {
    const server = aServer(own);
    const toolOf = (name: string, more: object = {}) => {
      const covered = { name, inputSchema: { maximum: parseExact('9007199254740993') }, title: 'A tool' };
      // The old hash of a tool is the new one of what it covered.
      return { definition: { ...covered, ...more }, hash: hashDefinition(covered) };
    };
    const listed = [
      toolOf('plain'),
      toolOf('same', { _meta: { b: 1, a: 2 } }),
      toolOf('changed', { icons: [] }),
      toolOf('__proto__', { icons: [] }),
    ];
    const [plainHash = '', sameBefore = '', , protoBefore = ''] = listed.map(({ hash }) => hash);
    const [, same = '', changed = '', proto = ''] = listed.map(({ definition }) => hashDefinition(definition));
    const before = Object.keys(migrationsFor(engine)).indexOf('0008_whole_definitions');
    const store = await migrated(before, async (db) => {
      await insertRow(db, 'organizations', organizationRow(own));
      await insertRow(db, 'servers', serverRow(db, server));
      await insertRow(db, 'accounts', serverAccountRow(server));
      const pins = `{"plain":"${plainHash}","same":"${sameBefore}","changed":"${'0'.repeat(64)}","__proto__":"${protoBefore}"}`;
      const tools = gzipSync(JSON.stringify(listed));
      await insertRow(db, 'server_catalogues', {
        ...catalogueRow(server.id, [], 5),
        organization_id: own,
        tools,
        pins,
      });
      for (const [tool_name, approval_hash] of [
        ['plain', plainHash],
        ['same', sameBefore],
        ['changed', '0'.repeat(64)],
        ['gone', 'b'.repeat(64)],
      ]) {
        const row = { server_id: server.id, tool_name, approval_hash, auto_approve: 1, created_at: 1 };
        await insertRow(db, 'tool_approvals', row);
      }
    });
    const found = await catalogues.find(store.read, server.id, anyRoom);
    expect(found.tools?.map(({ hash }) => hash)).toEqual([plainHash, same, changed, proto]);
    expect(JSON.stringify(found.tools?.map(({ definition }) => definition))).toBe(
      JSON.stringify(listed.map(({ definition }) => definition)),
    );
    expect(Object.entries(found.pins ?? {})).toEqual([
      ['plain', plainHash],
      ['same', same],
      ['changed', '0'.repeat(64)],
      ['__proto__', proto],
    ]);
    const approvals = await toolApprovals.list(store.read, { organizationId: own, accountId: server.id });
    const kept = { organizationId: own, accountId: server.id, autoApprove: true, createdAt: 1, expiresAt: null };
    expect(approvals).toEqual([
      { ...kept, toolName: 'changed', approvalHash: '0'.repeat(64) },
      { ...kept, toolName: 'gone', approvalHash: 'b'.repeat(64) },
      { ...kept, toolName: 'plain', approvalHash: plainHash },
      { ...kept, toolName: 'same', approvalHash: same },
    ]);
  });

  it('0003 keeps accounts and endpoints, and creates an account for every server', async () => {
    const integration = anIntegration(own);
    const account = anAccount(integration);
    const server = aServer(own, { createdAt: 1500, updatedAt: 1700 });
    const all = [
      anEndpoint(accountOf(account), { expiresAt: 1_900_000_000_000 }),
      anEndpoint(accountOf(account), { config: {} }),
    ];
    const store = await migrated(2, async (db) => {
      await insertRow(db, 'organizations', organizationRow(own));
      await insertRow(db, 'integrations', integrationRow(integration));
      await insertRow(db, 'integration_contents', contentsRow(integration, CONTENTS));
      await insertRow(db, 'servers', serverRow(db, server));
      await insertRow(db, 'accounts', accountRow(db, account));
      for (const endpoint of all) {
        await insertRow(db, 'endpoints', endpointRow(endpoint));
      }
    });

    const service = { ...account, isByOperation: false, kind: 'service', integrationName: 'petstore', version: 7 };
    expect(await accounts.find(store.read, own, account.id)).toEqual(service);
    for (const { tokenHash, ...endpoint } of all) {
      expect(await endpoints.findByTokenHash(store.read, tokenHash)).toEqual({
        endpoint: { ...endpoint, version: 1 },
        account: { kind: 'service', integrationId: integration.id },
      });
    }
    const { id, name: serverName, createdAt, updatedAt } = server;
    const ofServer = {
      kind: 'server',
      id,
      organizationId: own,
      serverId: id,
      serverName,
      isShared: false,
      status: 'active',
    };
    expect(await accounts.find(store.read, own, id)).toEqual({ ...ofServer, version: 3, createdAt, updatedAt });
  });

  it('0004 moves tool calls out of the audit events', async () => {
    const sizes = { duration_ms: 1.5, request_bytes: 10, response_bytes: 20 };
    const call = anAuditEvent({
      at: 2000,
      actor: { kind: 'endpoint', id: 'endpoint-1', name: 'Support' },
      action: 'tool.called',
      target: { kind: 'tool', id: 'account-1/list' },
      outcome: 'failure',
      details: { ...sizes, reason: 'approval' },
    });
    let events: auditEvents.AuditEvent[] = [];
    const { read } = await migrated(3, async (db) => {
      events = await auditEvents.insert(db, [
        anAuditEvent(),
        call,
        {
          ...call,
          at: 2500,
          outcome: 'success',
          details: { ...sizes, arguments: '{"a":"\\u0000"}', arguments_cut: true },
        },
        { ...call, at: 3000, action: 'tool.called_daily', details: { calls: 2 } },
      ]);
    });
    expect(await auditLog.page(read, { limit: 10 })).toEqual(events.toReversed());
    const counted = (table: 'audit_events' | 'tool_calls') => read.sql.selectFrom(table).select('id').execute();
    expect([(await counted('audit_events')).length, (await counted('tool_calls')).length]).toEqual([2, 2]);
  });

  it('0005 keeps accounts, endpoints and catalogues with their order and references', async () => {
    const [first, second] = [anIntegration(own), anIntegration(other)];
    const services = [first, first, first, second].map((of, at) => anAccount(of, { createdAt: at % 2 }));
    const serversThere = [own, own, own, other].map((of, at) => aServer(of, { createdAt: at % 2, updatedAt: 9 }));
    const ours = [...services, ...serversThere].filter(({ organizationId }) => organizationId === own);
    const minted = [...services, ...serversThere].flatMap((account) =>
      Array.from({ length: 7 }, (_, at) => anEndpoint(accountOf(account), { createdAt: at % 3, expiresAt: at })),
    );
    const seen = { tools: [{ definition: { name: 'a', inputSchema: {} }, hash: 'a' }], seenAt: 5 };
    const store = await migrated(4, async (db) => {
      await insertRow(db, 'organizations', organizationRow(own));
      await insertRow(db, 'organizations', organizationRow(other));
      for (const integration of [first, second]) {
        await insertRow(db, 'integrations', integrationRow(integration));
        await insertRow(db, 'integration_contents', contentsRow(integration, CONTENTS));
      }
      for (const account of services) {
        await insertRow(db, 'accounts', accountRow(db, account));
      }
      for (const server of serversThere) {
        await insertRow(db, 'servers', serverRow(db, server));
        await insertRow(db, 'accounts', serverAccountRow(server));
        await insertRow(db, 'server_catalogues', catalogueRow(server.id, seen.tools, seen.seenAt));
      }
      for (const endpoint of minted) {
        await insertRow(db, 'endpoints', endpointRow(endpoint));
      }
    });
    const { read, write } = store;

    for (const account of services) {
      const service = { ...account, isByOperation: false, kind: 'service', integrationName: 'petstore', version: 7 };
      expect(await accounts.find(read, account.organizationId, account.id)).toEqual(service);
    }
    for (const { id, name: serverName, organizationId, createdAt, updatedAt } of serversThere) {
      const own = { kind: 'server', id, organizationId, serverId: id, serverName, isShared: false };
      const server = { ...own, status: 'needs_reauth' };
      expect(await accounts.find(read, organizationId, id)).toEqual({ ...server, version: 3, createdAt, updatedAt });
      expect(await catalogues.find(read, id, anyRoom)).toEqual({
        ...seen,
        bytes: expect.any(Number),
        pins: { a: 'a' },
      });
    }
    expect(await readThrough((part) => accounts.page(read, own, part, {}), 2)).toEqual(newestFirst(ours));
    for (const account of [...services, ...serversThere]) {
      const there = minted.filter(({ accountId }) => accountId === account.id);
      const page = (part: ListPart) => endpoints.page(read, accountOf(account), part);
      expect(await readThrough(page, 3)).toEqual(newestFirst(there));
    }
    for (const { tokenHash, ...endpoint } of minted) {
      const found = await endpoints.findByTokenHash(read, tokenHash);
      expect(found?.endpoint).toEqual({ ...endpoint, version: 1 });
    }
    if (engine === 'sqlite') {
      expect((await sql`pragma foreign_key_check`.execute(read.sql)).rows).toEqual([]);
    }

    const left = async (table: 'accounts' | 'endpoints' | 'server_catalogues') =>
      (await read.sql.selectFrom(table).selectAll().execute()).length;
    const all = async () => [await left('accounts'), await left('endpoints'), await left('server_catalogues')];
    const shared = await storedSharedServer(store, 'all');
    await write(async (db) => {
      await endpoints.insert(db, anEndpoint({ organizationId: own, accountId: shared.id }));
      await endpoints.insert(db, anEndpoint({ organizationId: other, accountId: shared.id }));
      await saveCatalogue(db, shared.id, seen);
    });
    expect(await all()).toEqual([10, 58, 5]);
    await write((db) => grants.setOrganizations(db, shared.id, [other], 1));
    expect(await all()).toEqual([9, 57, 5]);
    await write((db) => servers.remove(db, own, serversThere[0]?.id ?? ''));
    expect(await all()).toEqual([8, 50, 4]);
    await write((db) => accounts.remove(db, own, services[0]?.id ?? ''));
    expect(await all()).toEqual([7, 43, 4]);
    await write((db) => sharedServers.remove(db, shared.id));
    expect(await all()).toEqual([6, 42, 3]);
    await write((db) => organizations.remove(db, own));
    expect(await all()).toEqual([2, 14, 1]);
    await expect(
      write((db) => endpoints.insert(db, anEndpoint({ organizationId: other, accountId: own }))),
    ).rejects.toThrow(/foreign key/i);
  });

  it('0010 to 0019 give servers and integrations the defaults that change nothing', async () => {
    const [server, integration] = [aServer(own), anIntegration(own)];
    const before = Object.keys(migrationsFor(engine)).indexOf('0010_timeouts');
    const { read } = await migrated(before, async (db) => {
      await insertRow(db, 'organizations', organizationRow(own));
      await insertRow(db, 'servers', serverRow(db, server));
      await insertRow(db, 'integrations', integrationRow(integration));
    });
    expect(await servers.find(read, own, server.id)).toEqual({
      ...server,
      timeoutSeconds: null,
      requiredApprovals: 1,
      version: 3,
    });
    expect(await integrations.find(read, own, integration.id)).toEqual({
      ...integration,
      timeoutSeconds: null,
      toolsBytes: null,
      warnings: [],
      outputSchemas: 'loose',
      naming: 1,
      undocumented: 'skip',
      requiredApprovals: 1,
      version: 1,
    });
  });

  it('0024 counts the calls of each day that are there, one by one and rolled up', async () => {
    const day = 20_000 * 24 * 60 * 60 * 1000;
    const before = Object.keys(migrationsFor(engine)).indexOf('0024_overview');
    const { read } = await migrated(before, async (db) => {
      for (const call of [{ at: day }, { at: day + 9, reason: 'x' }, { at: day - 1 }]) {
        await insertRow(db, 'tool_calls', aToolCall(call));
      }
      const rolledUp = { action: 'tool.called_daily', organizationId: 'org_a', details: { calls: 7, failures: 2 } };
      await auditEvents.insert(db, [anAuditEvent({ ...rolledUp, at: day })]);
    });
    expect(await callDays.since(read, 'org_a', day)).toEqual([{ day, calls: 9, failures: 3 }]);
    expect((await callDays.since(read, null, 0)).map(({ calls }) => calls)).toEqual([1, 9]);
  });

  it('0015 leaves accounts as they were: credentials go where the document as a whole says', async () => {
    const integration = anIntegration(own);
    const account = anAccount(integration, { context: { token: 'upstream', headers: { 'X-A': '1' } } });
    const before = Object.keys(migrationsFor(engine)).indexOf('0015_account_security');
    const { read } = await migrated(before, async (db) => {
      await insertRow(db, 'organizations', organizationRow(own));
      await insertRow(db, 'integrations', integrationRow(integration));
      await insertRow(db, 'accounts', accountRow(db, account));
    });
    expect(await accounts.find(read, own, account.id)).toMatchObject({
      isByOperation: false,
      context: account.context,
    });
    expect(await accounts.secretKindsOf(read, integration.id)).toEqual([{ method: 'api_key', hasFixedValues: false }]);
  });

  it('0006 counts the usage of each organization', async () => {
    const integration = anIntegration(own);
    const server = aServer(own);
    const shared = aSharedServer();
    const account = anAccount(integration);
    const tools = [{ definition: { name: 'ä', inputSchema: {} }, hash: 'a' }];
    const store = await migrated(5, async (db) => {
      for (const id of [own, other]) {
        await insertRow(db, 'organizations', organizationRow(id));
      }
      await insertRow(db, 'integrations', integrationRow(integration));
      await insertRow(db, 'integration_contents', contentsRow(integration, { ...CONTENTS, selectors: '["ä"]' }));
      await insertRow(db, 'accounts', accountRow(db, account));
      await insertRow(db, 'servers', serverRow(db, server));
      await accounts.insertOfServer(db, server);
      await insertRow(db, 'server_catalogues', catalogueRow(server.id, tools, 1));
      await sharedServers.insert(db, shared, 'shared');
      await grants.setOrganizations(db, shared.id, [own, other], 1);
      await insertRow(db, 'server_catalogues', catalogueRow(shared.id, tools, 1));
      for (const accountId of [account.id, server.id, shared.id]) {
        await endpoints.insert(db, anEndpoint({ organizationId: own, accountId }));
      }
      await endpoints.insert(db, anEndpoint({ organizationId: other, accountId: shared.id }));
      const token = { id: 't', organization_id: own, name: 'T', token_hash: 'h', prefix: 'gat_', created_at: 1 };
      await insertRow(db, 'api_tokens', token);
      await keyPairs.insert(db, aKeyPair(own));
    });
    const counted = await countedAnew(store);
    expect(counted[own]).toMatchObject({ servers: 1, integrations: 1, accounts: 3, endpoints: 3, credentials: 2 });
    expect(counted[own]?.tool_bytes).toBeGreaterThan(CONTENTS.document.length + CONTENTS.tools.length);
    expect(counted[other]).toMatchObject({ servers: 0, accounts: 1, endpoints: 1, credentials: 0, tool_bytes: 0 });
    expect(await kept(store)).toEqual(counted);
    await store.write((db) => servers.remove(db, own, server.id));
    expect((await kept(store))[own]).toMatchObject({ servers: 0, accounts: 2, endpoints: 2 });
    expect(await kept(store)).toEqual(await countedAnew(store));
  });
});
