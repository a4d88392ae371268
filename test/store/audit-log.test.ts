import { beforeEach, expect, it } from 'vitest';
import * as auditEvents from '../../src/store/audit-events.ts';
import * as auditLog from '../../src/store/audit-log.ts';
import type { ListPart } from '../../src/store/keyset.ts';
import { PURGE_SLICE_ROWS } from '../../src/store/purge.ts';
import type { Store } from '../../src/store/store.ts';
import { insertOnce } from '../../src/store/tool-calls.ts';
import { onBothEngines } from './support/harness.ts';
import { readThrough } from './support/keyset.ts';
import { anAuditEvent, aToolCall, emptyAuditLog } from './support/samples.ts';

const aChange = (at: number, organizationId = 'org_a') => anAuditEvent({ at, organizationId });
const aCall = (at: number, organization_id = 'org_a') => aToolCall({ at, organization_id });

onBothEngines(({ shared }) => {
  let store: Store;
  /** Records changes (`s`) and calls (`c`) in this order. */
  const record = async (entries: readonly (readonly ['s' | 'c', at: number, organizationId?: string])[]) => {
    for (const [kind, ...of] of entries) {
      await store.write<unknown>((db) =>
        kind === 'c' ? insertOnce(db, store.engine, [aCall(...of)]) : auditEvents.insert(db, [aChange(...of)]),
      );
    }
  };
  /** What a query finds, such as `c7` for a call at 7 and `s5` for a change at 5. */
  const found = async (query: Partial<auditEvents.AuditQuery>): Promise<string[]> => {
    const events = await auditLog.page(store.read, { limit: 100, ...query });
    return events.map(({ action, at }) => `${action === 'tool.called' ? 'c' : 's'}${at}`);
  };

  beforeEach(async () => {
    store = await shared();
    await emptyAuditLog(store);
  });

  it('shows a call as an event like all others', async () => {
    await record([['c', 1000]]);
    expect(await auditLog.page(store.read, { limit: 10 })).toEqual([
      {
        id: expect.any(String),
        at: 1000,
        actor: { kind: 'endpoint', id: 'endpoint-1', name: 'Support' },
        organizationId: 'org_a',
        action: 'tool.called',
        target: { kind: 'tool', id: 'account-1/list' },
        outcome: 'success',
        details: { duration_ms: 1.5, request_bytes: 10, response_bytes: 20 },
      },
    ]);
  });

  it('pages changes and calls together, newest first, last recorded first within a millisecond', async () => {
    const entries = Array.from(
      { length: 60 },
      (_, index) => [index % 3 === 0 ? 's' : 'c', 1000 + Math.floor(index / 7)] as const,
    );
    await record(entries);
    expect(await found({})).toEqual(entries.map(([kind, at]) => `${kind}${at}`).toReversed());
    const whole = await auditLog.page(store.read, { limit: 100 });
    const page = async (part: ListPart) =>
      (await auditLog.page(store.read, part)).map(({ id, at }) => ({ id, createdAt: at }));
    expect(await readThrough(page, 7)).toEqual(whole.map(({ id }) => id));
  });

  it('filters both by organization, action and time, alone and together', async () => {
    await record([
      ['s', 1],
      ['c', 2],
      ['c', 3, 'org_b'],
      ['s', 4, 'org_b'],
      ['c', 5],
      ['s', 6],
    ]);
    expect(await found({})).toEqual(['s6', 'c5', 's4', 'c3', 'c2', 's1']);
    expect(await found({ organizationId: 'org_a' })).toEqual(['s6', 'c5', 'c2', 's1']);
    expect(await found({ action: 'tool.called' })).toEqual(['c5', 'c3', 'c2']);
    expect(await found({ action: 'server.created' })).toEqual(['s6', 's4', 's1']);
    expect(await found({ since: 3 })).toEqual(['s6', 'c5', 's4', 'c3']);
    expect(await found({ organizationId: 'org_b', action: 'tool.called', since: 3 })).toEqual(['c3']);
    expect(await found({ limit: 2 })).toEqual(['s6', 'c5']);
  });

  it('deletes older events, oldest first, one slice at a time', async () => {
    const old = Array.from({ length: PURGE_SLICE_ROWS + 5 }, (_, at) => at);
    await store.write(async (db) => {
      await auditEvents.insert(
        db,
        [...old, 5001].map((at) => aChange(at)),
      );
      await insertOnce(
        db,
        store.engine,
        [...old, 5000].map((at) => aCall(at)),
      );
    });
    const purge = () => store.write((db) => auditLog.purge(db, 5000));
    expect(await purge()).toBe(PURGE_SLICE_ROWS);
    expect(await found({ action: 'server.created' })).toEqual([
      's5001',
      ...[1004, 1003, 1002, 1001, 1000].map((at) => `s${at}`),
    ]);
    expect(await purge()).toBe(5);
    expect(await purge()).toBe(0);
    expect(await found({})).toEqual(['s5001', 'c5000']);
  });
});
