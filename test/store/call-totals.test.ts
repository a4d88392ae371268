import { randomUUID } from 'node:crypto';
import { beforeEach, expect, it } from 'vitest';
import { boundCalls, rollUpCalls } from '../../src/audit/changes.ts';
import * as auditEvents from '../../src/store/audit-events.ts';
import * as auditLog from '../../src/store/audit-log.ts';
import { ROLL_UP_SLICE_CALLS, rollUp } from '../../src/store/call-totals.ts';
import type { Store } from '../../src/store/store.ts';
import { insertOnce } from '../../src/store/tool-calls.ts';
import { onBothEngines } from './support/harness.ts';
import { aToolCall, emptyAuditLog } from './support/samples.ts';

const DAY = 24 * 60 * 60 * 1000;
const TODAY = Date.UTC(2026, 10, 20);

type Call = { at: number; organizationId: string; endpoint: string; tool: string; failed: boolean; tenths: number };
let seed = 1;
/** A number that is as good as random, and the same in every run. */
const upTo = (most: number): number => {
  seed = (seed * 48271) % 2147483647;
  return seed % most;
};
const pick = <T>(from: readonly T[]): T => from[upTo(from.length)] as T;

const ENDPOINTS = [randomUUID(), randomUUID(), randomUUID()];
const aCall = (changes: Partial<Call> = {}): Call => ({
  at: TODAY - 14 * DAY + upTo(14 * DAY),
  organizationId: pick(['org_a', 'org_b']),
  endpoint: pick(ENDPOINTS),
  tool: pick(['account-1/list', 'account-1/get', 'account-2/list']),
  failed: upTo(5) === 0,
  tenths: upTo(100_000),
  ...changes,
});

const asEvent = ({ at, organizationId, endpoint, tool, failed, tenths }: Call): auditEvents.NewAuditEvent => ({
  at,
  actor: { kind: 'endpoint', id: endpoint, name: 'Support' },
  organizationId,
  action: 'tool.called',
  target: { kind: 'tool', id: tool },
  outcome: failed ? 'failure' : 'success',
  details: { duration_ms: tenths / 10, request_bytes: 100, response_bytes: tenths, ...(failed && { reason: 'x' }) },
});

/** What must be there afterwards, without ids: the calls that are young, and the totals of the others. */
function oracle(calls: readonly Call[], olderThan: number): unknown[] {
  const old = Map.groupBy(
    calls.filter(({ at }) => at < olderThan),
    ({ at, organizationId, endpoint, tool }) => [at - (at % DAY), organizationId, endpoint, tool].join(),
  );
  const totals = [...old.values()].map((group) => {
    const [{ at, ...first }] = group as [Call];
    const tenths = group.reduce((sum, call) => sum + call.tenths, 0);
    return {
      ...asEvent({ ...first, at: at - (at % DAY), failed: false }),
      action: 'tool.called_daily',
      details: {
        calls: group.length,
        failures: group.filter(({ failed }) => failed).length,
        duration_ms: tenths / 10,
        request_bytes: 100 * group.length,
        response_bytes: tenths,
      },
    };
  });
  return sorted([...totals, ...calls.filter(({ at }) => at >= olderThan).map(asEvent)]);
}

const sorted = (events: readonly object[]): object[] =>
  events.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

const asStored = ({ at, organizationId, endpoint, tool, failed, tenths }: Call, endpointName = 'Support') =>
  aToolCall({
    at,
    organization_id: organizationId,
    endpoint_id: endpoint,
    endpoint_name: endpointName,
    tool,
    duration_ms: tenths / 10,
    request_bytes: 100,
    response_bytes: tenths,
    reason: failed ? 'x' : null,
  });
const record = ({ engine, write }: Store, calls: readonly Call[], endpointName?: string) =>
  write((db) =>
    insertOnce(
      db,
      engine,
      calls.map((call) => asStored(call, endpointName)),
    ),
  );
const all = async (store: Store): Promise<object[]> => {
  const events = await auditLog.page(store.read, { limit: 10_000 });
  return sorted(events.map(({ id: _, ...event }) => event));
};

onBothEngines(({ shared }) => {
  beforeEach(async () => {
    await emptyAuditLog(await shared());
  });

  it('makes exact totals of calls older than seven days, in slices, and none when run again', async () => {
    const store = await shared();
    const calls = Array.from({ length: 3 * ROLL_UP_SLICE_CALLS + 7 }, () => aCall());
    await record(
      store,
      calls.toSorted((a, b) => a.at - b.at),
    );
    const now = TODAY + 12_345_678;
    await rollUpCalls(store, now);
    const expected = oracle(calls, now - 7 * DAY);
    expect(await all(store)).toEqual(expected);
    await rollUpCalls(store, now);
    expect(await all(store)).toEqual(expected);
    await rollUpCalls(store, now + 30 * DAY);
    expect(await all(store)).toEqual(oracle(calls, Infinity));
  });

  it('adds late calls to the totals of their day, and keeps the last name of the endpoint', async () => {
    const store = await shared();
    const first = aCall({ at: 5 * DAY, failed: true });
    const late = { ...first, at: 6 * DAY - 1, failed: false };
    await record(store, [first]);
    expect(await store.write((db) => rollUp(db, 9 * DAY))).toBe(1);
    const [{ id } = {}] = await auditLog.page(store.read, { limit: 1 });
    await record(store, [late], 'Sales');
    expect(await store.write((db) => rollUp(db, 9 * DAY))).toBe(1);
    const [expected] = oracle([first, late], Infinity) as [object];
    expect(await auditLog.page(store.read, { limit: 10 })).toEqual([
      { ...expected, id, actor: { kind: 'endpoint', id: late.endpoint, name: 'Sales' } },
    ]);
  });

  it('takes one slice at a time, oldest first, and leaves other events and newer calls', async () => {
    const store = await shared();
    const calls = Array.from({ length: ROLL_UP_SLICE_CALLS + 2 }, (_, at) => aCall({ at }));
    const change = { ...asEvent(aCall({ at: 0 })), action: 'server.created' };
    await record(store, calls);
    await store.write((db) => auditEvents.insert(db, [change]));
    const singles = async () =>
      (await all(store)).filter((event) => 'action' in event && event.action === 'tool.called');
    expect(await store.write((db) => rollUp(db, ROLL_UP_SLICE_CALLS + 1))).toBe(ROLL_UP_SLICE_CALLS);
    expect(await singles()).toEqual(sorted(calls.slice(ROLL_UP_SLICE_CALLS).map(asEvent)));
    expect(await store.write((db) => rollUp(db, ROLL_UP_SLICE_CALLS + 1))).toBe(1);
    expect(await singles()).toEqual([asEvent(calls.at(-1) as Call)]);
    expect(await store.write((db) => rollUp(db, ROLL_UP_SLICE_CALLS + 1))).toBe(0);
    expect(await auditLog.page(store.read, { action: 'server.created', limit: 10 })).toHaveLength(1);
  });

  it('keeps the newest calls of each organization, and makes totals of the others', async () => {
    const store = await shared();
    const many = Array.from({ length: ROLL_UP_SLICE_CALLS + 60 }, (_, at) => aCall({ at, organizationId: 'org_a' }));
    const few = Array.from({ length: 50 }, (_, at) => aCall({ at, organizationId: 'org_b' }));
    const change = { ...asEvent(aCall({ at: 0, organizationId: 'org_a' })), action: 'server.created' };
    await record(store, [...many, ...few]);
    await store.write((db) => auditEvents.insert(db, [change]));
    await boundCalls(store, 50);
    const kept = [...oracle(many, many.length - 50), ...few.map(asEvent), change];
    expect(await all(store)).toEqual(sorted(kept as object[]));
    await boundCalls(store, 50);
    expect(await all(store)).toEqual(sorted(kept as object[]));
  });

  it('keeps the newest daily totals of each organization, and every change', async () => {
    const store = await shared();
    const of = (organizationId: string, tools: number) =>
      Array.from({ length: tools }, (_, index) => aCall({ at: index * DAY, organizationId, tool: `t${index}` }));
    const [many, few] = [of('org_a', 30), of('org_b', 5)];
    const changes = Array.from({ length: 20 }, (_, at) => ({
      ...asEvent(aCall({ at, organizationId: 'org_a' })),
      action: 'server.created',
    }));
    await record(store, [...many, ...few]);
    await store.write((db) => auditEvents.insert(db, changes));
    await store.write((db) => rollUp(db, 40 * DAY));
    await boundCalls(store, 10);
    const kept = oracle([...many.slice(-10), ...few], Infinity);
    expect(await all(store)).toEqual(sorted([...kept, ...changes] as object[]));
  });
});
