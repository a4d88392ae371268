import { sql } from 'kysely';
import { afterEach, expect, it, vi } from 'vitest';
import * as accounts from '../../src/store/accounts.ts';
import * as auditEvents from '../../src/store/audit-events.ts';
import * as auditLog from '../../src/store/audit-log.ts';
import * as endpoints from '../../src/store/endpoints.ts';
import * as servers from '../../src/store/servers.ts';
import type { Db } from '../../src/store/store.ts';
import { onBothEngines } from './support/harness.ts';
import { anAccount, anAuditEvent, anEndpoint, anOrganization, aServer, storedIntegration } from './support/samples.ts';

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

/** Inserts a server and an account as the program did before 0003. */
async function insertAsBefore(db: Db, server: servers.Server, account: accounts.NewAccount): Promise<void> {
  const { secrets } = db;
  await db.sql
    .insertInto('servers')
    .values({
      id: server.id,
      organization_id: server.organizationId,
      name: server.name,
      description: server.description,
      url: server.url,
      transport: server.transport,
      request_headers: secrets.seal(JSON.stringify(server.requestHeaders), `servers.request_headers:${server.id}`),
      approval_policy: server.approvalPolicy,
      tags: JSON.stringify(server.tags),
      search_text: 'weather',
      version: server.version,
      created_at: server.createdAt,
      updated_at: server.updatedAt,
    })
    .execute();
  const context = secrets.seal(JSON.stringify(account.context), `accounts.context:${account.id}`);
  await sql`
    insert into accounts values (${account.id}, ${account.organizationId}, ${account.integrationId},
      ${account.tenantId}, ${account.authenticationMethod}, ${context}, ${account.status}, 7, 1000, 2000)
  `.execute(db.sql);
}

onBothEngines(({ open, location }) => {
  it('0003 keeps accounts and endpoints, and makes an account of every server', async () => {
    const place = await location();
    known.migrations = 2;
    const before = await open({ location: place });
    const own = await anOrganization(before);
    const integration = await storedIntegration(before, own);
    const account = anAccount(integration);
    const server = { ...aServer(own, { createdAt: 1500, updatedAt: 1700 }), version: 3 };
    const all = [anEndpoint(account.id, { expiresAt: 1_900_000_000_000 }), anEndpoint(account.id)];
    await before.write(async (db) => {
      await insertAsBefore(db, server, account);
      for (const endpoint of all) {
        await endpoints.insert(db, endpoint);
      }
    });
    await before.close();

    known.migrations = Infinity;
    const after = await open({ location: place });
    const service = { ...account, kind: 'service', integrationName: 'petstore', version: 7, updatedAt: 2000 };
    expect(await accounts.find(after.read, own, account.id)).toEqual(service);
    for (const { tokenHash, ...endpoint } of all) {
      expect(await endpoints.findByTokenHash(after.read, tokenHash)).toEqual({
        endpoint: { ...endpoint, version: 1 },
        organizationId: own,
        account: { kind: 'service', integrationId: integration.id },
      });
    }
    const { id, createdAt, updatedAt } = server;
    const ofServer = { kind: 'server', id, organizationId: own, serverId: id, status: 'active', version: 3 };
    expect(await accounts.find(after.read, own, id)).toEqual({ ...ofServer, createdAt, updatedAt });

    // What refers to what holds as before.
    await after.write((db) => endpoints.insert(db, anEndpoint(id)));
    expect(await after.write((db) => servers.remove(db, own, id))).toBe(true);
    expect(await endpoints.page(after.read, id, { limit: 9 })).toEqual([]);
    await expect(after.write((db) => endpoints.insert(db, anEndpoint('no such id')))).rejects.toThrow(/foreign key/i);
    expect(await after.write((db) => accounts.remove(db, own, account.id))).toBe(true);
    expect(await endpoints.page(after.read, account.id, { limit: 9 })).toEqual([]);
  });

  it('0004 moves tool calls out of the audit events', async () => {
    const place = await location();
    known.migrations = 3;
    const before = await open({ location: place });
    const sizes = { duration_ms: 1.5, request_bytes: 10, response_bytes: 20 };
    const call = anAuditEvent({
      at: 2000,
      actor: { kind: 'endpoint', id: 'endpoint-1', name: 'Support' },
      action: 'tool.called',
      target: { kind: 'tool', id: 'account-1/list' },
      outcome: 'failure',
      details: { ...sizes, reason: 'approval' },
    });
    const events = await before.write((db) =>
      auditEvents.insert(db, [
        anAuditEvent(),
        call,
        {
          ...call,
          at: 2500,
          outcome: 'success',
          details: { ...sizes, arguments: '{"a":"\\u0000"}', arguments_cut: true },
        },
        { ...call, at: 3000, action: 'tool.called_daily', details: { calls: 2 } },
      ]),
    );
    await before.close();

    known.migrations = Infinity;
    const { read } = await open({ location: place });
    expect(await auditLog.page(read, { limit: 10 })).toEqual(events.toReversed());
    const counted = (table: 'audit_events' | 'tool_calls') => read.sql.selectFrom(table).select('id').execute();
    expect([(await counted('audit_events')).length, (await counted('tool_calls')).length]).toEqual([2, 2]);
  });
});
