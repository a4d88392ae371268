import { expect, it } from 'vitest';
import * as apiTokens from '../../src/store/api-tokens.ts';
import * as auditEvents from '../../src/store/audit-events.ts';
import * as keyPairs from '../../src/store/key-pairs.ts';
import * as organizations from '../../src/store/organizations.ts';
import * as servers from '../../src/store/servers.ts';
import * as toolApprovals from '../../src/store/tool-approvals.ts';
import { onBothEngines } from './support/harness.ts';
import { anOrganization, aServer } from './support/samples.ts';

onBothEngines(({ open, shared }) => {
  it('stores an organization and finds it', async () => {
    const store = await shared();
    const given = { id: 'org_a', name: 'Äcme "1"', createdAt: 1_700_000_000_001, updatedAt: 1_700_000_000_002 };
    const stored = await store.write((db) => organizations.insert(db, given));
    expect(stored).toEqual({ ...given, serverCount: 0, version: 1 });
    expect(await organizations.find(store.read, 'org_a')).toEqual(stored);
    expect(await organizations.find(store.read, 'org_b')).toBeNull();
  });

  it('refuses a taken id', async () => {
    const store = await shared();
    await anOrganization(store, 'org_taken', 1);
    await expect(anOrganization(store, 'org_taken', 2)).rejects.toThrow();
    expect(await organizations.find(store.read, 'org_taken')).toMatchObject({ createdAt: 1 });
  });

  it('lists them oldest first, ties by id, byte by byte', async () => {
    const store = await open();
    for (const [id, at] of [
      ['org_b', 2],
      ['org_Z', 2],
      ['org_a', 2],
      ['org_é', 2],
      ['org_c', 1],
    ] as const) {
      await anOrganization(store, id, at);
    }
    const ids = (await organizations.list(store.read)).map((organization) => organization.id);
    expect(ids).toEqual(['org_c', 'org_Z', 'org_a', 'org_b', 'org_é']);
    expect(await organizations.count(store.read)).toBe(5);
  });

  it('deletes an organization with all its objects, and leaves the others and the audit events', async () => {
    const store = await open();
    const gone = await anOrganization(store, 'org_gone');
    const stays = await anOrganization(store, 'org_stays');
    for (const organizationId of [gone, stays]) {
      await store.write(async (db) => {
        const server = await servers.insert(db, aServer(organizationId));
        const base = { organizationId, name: 'n', permissions: [], prefix: 'p', expiresAt: null, createdAt: 1 };
        await apiTokens.insert(db, { ...base, id: `t ${organizationId}`, tokenHash: `hash ${organizationId}` });
        await keyPairs.insert(db, {
          ...base,
          id: `k ${organizationId}`,
          keyHash: `hash ${organizationId}`,
          secretHash: 's',
        });
        await toolApprovals.upsert(db, {
          organizationId,
          accountId: server.id,
          toolName: 'tool',
          approvalHash: 'h',
          autoApprove: true,
          createdAt: 1,
          expiresAt: null,
          definition: null,
        });
        await auditEvents.insert(db, [
          {
            at: 1,
            actor: { kind: 'operator', id: null, name: 'operator' },
            organizationId,
            action: 'server.create',
            target: { kind: 'server', id: server.id },
            outcome: 'success',
            details: {},
          },
        ]);
      });
    }

    expect(await store.write((db) => organizations.remove(db, gone))).toBe(true);
    expect(await store.write((db) => organizations.remove(db, gone))).toBe(false);

    const { sql } = store.read;
    for (const table of ['api_tokens', 'key_pairs', 'servers'] as const) {
      expect(await sql.selectFrom(table).select('organization_id').execute()).toEqual([{ organization_id: stays }]);
    }
    expect(await sql.selectFrom('tool_approvals').select('tool_name').execute()).toHaveLength(1);
    expect(await sql.selectFrom('audit_events').select('id').execute()).toHaveLength(2);
  });
});
