import { expect, it } from 'vitest';
import * as auditEvents from '../../src/store/audit-events.ts';
import * as organizations from '../../src/store/organizations.ts';
import * as servers from '../../src/store/servers.ts';
import * as settings from '../../src/store/settings.ts';
import { onBothEngines } from './support/harness.ts';
import { anOrganization, aServer } from './support/samples.ts';

onBothEngines(({ open }) => {
  it('counts commits of what endpoints depend on, before the writer gets its answer', async () => {
    const store = await open();
    const counts = [store.changes()];
    const organizationId = await anOrganization(store);
    counts.push(store.changes());
    const server = aServer(organizationId);
    const writes = [
      () => store.write((db) => servers.insert(db, server)),
      () => store.write((db) => servers.remove(db, organizationId, server.id)),
    ];
    for (const write of writes) {
      await write().then(() => counts.push(store.changes()));
    }
    expect(new Set(counts).size).toBe(4);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  });

  it('does not count reads, the audit log, settings, and what was rolled back', async () => {
    const store = await open();
    const before = store.changes();
    await store.write((db) => settings.set(db, 'key', 'value'));
    await store.write((db) =>
      auditEvents.insert(db, [
        {
          at: 1,
          actor: { kind: 'operator', id: null, name: 'operator' },
          organizationId: null,
          action: 'server.updated',
          target: { kind: 'server', id: 'x' },
          outcome: 'success',
          details: {},
        },
      ]),
    );
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
});
