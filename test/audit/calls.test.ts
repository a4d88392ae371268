import { hash, randomUUID } from 'node:crypto';
import pino from 'pino';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type CallAudit, createCallAudit } from '../../src/audit/calls.ts';
import { parseJson } from '../../src/base/json.ts';
import { MemoryBudget } from '../../src/base/memory-budget.ts';
import * as auditLog from '../../src/store/audit-log.ts';
import { type Store, StoreUnavailable } from '../../src/store/store.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { onBothEngines } from '../store/support/harness.ts';
import { largeBudget } from '../support/memory.ts';

type Call = Parameters<CallAudit['record']>[0];

const aCall = (changes: Partial<Call> = {}): Call => ({
  at: 1000,
  organizationId: 'org_a',
  endpoint: { id: randomUUID(), name: 'Support', accountId: 'account-1' },
  tool: 'list_all_crm_contacts',
  durationMs: 41.6789,
  requestBytes: 148,
  responseBytes: 2093,
  reason: undefined,
  ...changes,
});
const recordAll = (calls: readonly Call[], audit: CallAudit) => {
  for (const call of calls) {
    audit.record(call, {});
  }
};
const times = (count: number) => Array.from({ length: count }, (_, index) => aCall({ tool: `tool_${index}` }));

onBothEngines(({ shared }) => {
  let store: Store;
  let write: Store['write'];
  let metrics: Metrics;
  let audit: CallAudit;
  let budget: MemoryBudget;
  const away = async () => {
    throw new StoreUnavailable('The database is away.');
  };
  const make = (withArguments = false) =>
    createCallAudit({
      store: { engine: store.engine, write: (fn) => write(fn) },
      log: pino({ level: 'silent' }),
      metrics,
      withArguments,
      budget,
    });
  const stored = () => auditLog.page(store.read, { limit: 20_000 });
  const tools = async () => (await stored()).map(({ target }) => target.id.replace('account-1/', '')).toReversed();
  const dropped = async () => (await metrics.auditDropped.get()).values[0]?.value;

  beforeEach(async () => {
    store = await shared();
    await store.write((db) => db.sql.deleteFrom('tool_calls').execute());
    write = store.write;
    metrics = createMetrics();
    budget = largeBudget();
    audit = make();
  });

  it('stores caller, tool, outcome, duration and sizes', async () => {
    const call = aCall({ reason: 'approval' });
    audit.record(call, {});
    await audit.flush();
    expect(await stored()).toEqual([
      {
        id: expect.any(String),
        at: 1000,
        actor: { kind: 'endpoint', id: call.endpoint.id, name: 'Support' },
        organizationId: 'org_a',
        action: 'tool.called',
        target: { kind: 'tool', id: 'account-1/list_all_crm_contacts' },
        outcome: 'failure',
        details: { duration_ms: 41.7, request_bytes: 148, response_bytes: 2093, reason: 'approval' },
      },
    ]);
  });

  it('stores recorded calls automatically, in order', async () => {
    const calls = times(1300);
    recordAll(calls, audit);
    await vi.waitFor(async () => expect(await tools()).toEqual(calls.map(({ tool }) => tool)), { timeout: 10_000 });
    audit.record(aCall({ tool: 'another' }), {});
    await vi.waitFor(async () => expect(await tools()).toHaveLength(1301), { timeout: 10_000 });
    expect(await dropped()).toBe(0);
  });

  it('keeps calls during a database failure, and stores them afterwards', async () => {
    write = away;
    const calls = times(700);
    recordAll(calls, audit);
    await audit.flush();
    expect(await stored()).toEqual([]);
    write = store.write;
    await vi.waitFor(async () => expect(await tools()).toEqual(calls.map(({ tool }) => tool)), { timeout: 10_000 });
  });

  it('keeps 10,000 calls of several organizations, and drops and counts later ones', async () => {
    write = away;
    const calls = times(10_003).map((call, index) => ({ ...call, organizationId: `org_${index % 5}` }));
    recordAll(calls.slice(0, 600), audit);
    await audit.flush();
    recordAll(calls.slice(600), audit);
    expect(await dropped()).toBe(3);
    write = store.write;
    await audit.flush();
    expect(await tools()).toEqual(calls.slice(0, 10_000).map(({ tool }) => tool));
    expect((await metrics.toolCalls.get()).values[0]?.value).toBe(10_003);
  });

  it('keeps 7,500 calls of one organization, with room for others', async () => {
    write = away;
    recordAll(times(8000), audit);
    expect(await dropped()).toBe(500);
    const others = times(100).map((call) => ({ ...call, organizationId: 'org_b' }));
    recordAll(others, audit);
    expect(await dropped()).toBe(500);
    write = store.write;
    await audit.flush();
    expect(await tools()).toHaveLength(7600);
    recordAll(times(1), audit);
    expect(await dropped()).toBe(500);
  });

  it('does not store a call twice after a lost answer of the database', async () => {
    write = async (fn) => {
      await store.write(fn);
      throw new StoreUnavailable('The connection was cut.');
    };
    recordAll(times(5), audit);
    await audit.flush();
    write = store.write;
    await audit.flush();
    expect(await stored()).toHaveLength(5);
  });

  it('drops and counts only the row that the database refuses', async () => {
    const refused = aCall({ endpoint: { id: 'x', name: null as unknown as string, accountId: 'account-1' } });
    recordAll([...times(3), refused, ...times(4)], audit);
    await audit.flush();
    expect(await stored()).toHaveLength(7);
    expect(await dropped()).toBe(1);
  });

  it('stores tools with any name', async () => {
    audit.record(aCall({ tool: 'nul\0 and \ud800 alone' }), {});
    audit.record(aCall({ tool: 'x'.repeat(256) }), {});
    audit.record(aCall({ tool: 'x'.repeat(257) }), {});
    audit.record(aCall({ tool: 'x'.repeat(100_000) }), {});
    await audit.flush();
    const cut = (digits: string) => `${'x'.repeat(256)}… sha256:${digits}`;
    expect((await tools()).toSorted()).toEqual([
      'nul\ufffd and \ufffd alone',
      'x'.repeat(256),
      ...[257, 100_000].map((length) => cut(hash('sha256', 'x'.repeat(length)).slice(0, 16))).toSorted(),
    ]);
  });

  it('stores waiting calls when it is closed, and counts calls that it could not store or that come later', async () => {
    audit.record(aCall(), {});
    await audit.close();
    expect(await stored()).toHaveLength(1);
    audit.record(aCall(), {});
    expect(await dropped()).toBe(1);
    const another = make();
    write = away;
    recordAll(times(2), another);
    await another.close();
    expect(await dropped()).toBe(3);
  });

  describe('arguments', () => {
    const details = async (args: unknown) => {
      audit.record(aCall(), args);
      await audit.flush();
      return (await stored())[0]?.details;
    };

    it('are not stored by default', async () => {
      expect(await details({ limit: 7 })).toEqual({ duration_ms: 41.7, request_bytes: 148, response_bytes: 2093 });
    });

    it('are stored if configured, as JSON with unchanged digits and NUL', async () => {
      audit = make(true);
      const args = parseJson('{"id": 9007199254740993, "text": "nul\\u0000"}');
      expect(await details(args)).toMatchObject({ arguments: '{"id":9007199254740993,"text":"nul\\u0000"}' });
    });

    it('are cut at 64 KiB, and marked as cut', async () => {
      audit = make(true);
      const whole = { a: 'x'.repeat(64 * 1024 - 8) };
      const kept = (await details(whole)) ?? {};
      expect([kept.arguments === JSON.stringify(whole), kept.arguments_cut]).toEqual([true, undefined]);
      const part = (await details({ a: `y${whole.a}\u{1f600}` })) ?? {};
      expect([part.arguments === `{"a":"y${whole.a}\ufffd`, part.arguments_cut]).toEqual([true, true]);
    });

    it('that are nested too deep are left out, and marked as cut', async () => {
      audit = make(true);
      const deep = JSON.parse('['.repeat(200_000) + ']'.repeat(200_000));
      expect(await details(deep)).toMatchObject({ arguments: '', arguments_cut: true });
    });

    it('of all waiting calls are limited together: later calls are stored without them', async () => {
      audit = make(true);
      write = away;
      const args = { a: 'x'.repeat(60_000) };
      for (const call of times(700)) {
        audit.record(call, args);
      }
      write = store.write;
      await audit.flush();
      const cut = (await stored()).filter(({ details }) => details.arguments_cut === true);
      expect(cut.length).toBeGreaterThan(200);
      expect(cut.length).toBeLessThan(350);
      expect(budget.heldBytes()).toBe(0);
    });

    it('of one organization leave room for those of others', async () => {
      audit = make(true);
      write = away;
      const args = { a: 'x'.repeat(60_000) };
      for (const call of times(700)) {
        audit.record(call, args);
      }
      for (const call of times(100)) {
        audit.record({ ...call, organizationId: 'org_b' }, args);
      }
      write = store.write;
      await audit.flush();
      const whole = (await stored()).filter(({ details }) => details.arguments_cut !== true);
      expect(whole.filter(({ organizationId }) => organizationId === 'org_b')).toHaveLength(100);
    });

    it('are held in the memory of their organization, and dropped when others need it', async () => {
      budget = new MemoryBudget({ totalBytes: 16 * 1024 * 1024, patienceMs: 0 });
      audit = make(true);
      write = away;
      const args = { a: 'x'.repeat(60_000) };
      for (const call of times(100)) {
        audit.record(call, args);
      }
      expect(budget.heldBytes('org_a')).toBeGreaterThan(5_900_000);
      const others = ['b', 'c', 'd'].map((holder) => budget.hold(holder, 'bodies', 4 * 1024 * 1024));
      expect(budget.heldBytes('org_a')).toBe(0);
      audit.record(aCall(), args);
      expect(budget.heldBytes('org_a')).toBeGreaterThan(60_000);
      write = store.write;
      await audit.flush();
      const cut = (await stored()).filter(({ details }) => details.arguments_cut === true);
      expect(cut).toHaveLength(100);
      expect(budget.heldBytes('org_a')).toBe(0);
      for (const other of others) {
        other.release();
      }
    });
  });
});
