import { beforeEach, expect, it } from 'vitest';
import * as auditEvents from '../../src/store/audit-events.ts';
import type { ListPart } from '../../src/store/keyset.ts';
import { onBothEngines } from './support/harness.ts';
import { readThrough } from './support/keyset.ts';
import { anAuditEvent } from './support/samples.ts';

const anEvent = (changes: Partial<auditEvents.NewAuditEvent> = {}) =>
  anAuditEvent({ details: { z: 1, a: ['ü', null] }, ...changes });

onBothEngines(({ shared }) => {
  beforeEach(async () => {
    await (await shared()).write((db) => db.sql.deleteFrom('audit_events').execute());
  });

  it('returns recorded events unchanged', async () => {
    const store = await shared();
    const operator = { kind: 'operator', id: null, name: 'operator' } as const;
    const given = [anEvent(), anEvent({ at: 2000, actor: operator, organizationId: null, details: {} })];
    const stored = await store.write((db) => auditEvents.insert(db, given));
    expect(stored.map(({ id: _, ...event }) => event)).toEqual(given);
    expect(await auditEvents.page(store.read, { limit: 10 })).toEqual(stored.toReversed());
  });

  it('pages newest first, last recorded first within a millisecond, without loss or repetition', async () => {
    const store = await shared();
    const given = Array.from({ length: 130 }, (_, index) =>
      anEvent({ at: 1000 + Math.floor(index / 60), target: { kind: 'n', id: `${index}` } }),
    );
    const stored = await store.write((db) => auditEvents.insert(db, given));
    const page = async (part: ListPart) =>
      (await auditEvents.page(store.read, part)).map(({ id, at }) => ({ id, createdAt: at }));
    expect(await readThrough(page, 7)).toEqual(stored.map(({ id }) => id).toReversed());
  });

  it('filters by organization, action and time, alone and together', async () => {
    const store = await shared();
    const targets = async (query: Omit<auditEvents.AuditQuery, 'limit'>): Promise<string> =>
      (await auditEvents.page(store.read, { ...query, limit: 10 })).map((event) => event.target.id).join('');
    await store.write((db) =>
      auditEvents.insert(
        db,
        [
          ['1', 'org_a', 'server.create', 1],
          ['2', 'org_a', 'server.delete', 2],
          ['3', 'org_b', 'server.create', 3],
          ['4', 'org_a', 'server.create', 4],
        ].map(([id, organizationId, action, at]) =>
          anEvent({ target: { kind: 's', id }, organizationId, action, at } as object),
        ),
      ),
    );
    expect(await targets({})).toBe('4321');
    expect(await targets({ organizationId: 'org_a' })).toBe('421');
    expect(await targets({ action: 'server.create' })).toBe('431');
    expect(await targets({ since: 2 })).toBe('432');
    expect(await targets({ organizationId: 'org_a', action: 'server.create', since: 2 })).toBe('4');
    expect(await targets({ organizationId: 'org_c' })).toBe('');
  });
});
