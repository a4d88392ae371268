import { beforeEach, expect, it } from 'vitest';
import { purgeAudit, rollUpCalls } from '../../src/audit/changes.ts';
import * as callDays from '../../src/store/call-days.ts';
import type { Store } from '../../src/store/store.ts';
import { insertOnce } from '../../src/store/tool-calls.ts';
import { onBothEngines } from './support/harness.ts';
import { aToolCall, emptyAuditLog } from './support/samples.ts';

const DAY = 24 * 60 * 60 * 1000;
const TODAY = Date.UTC(2026, 10, 20);

onBothEngines(({ shared, engine }) => {
  let store: Store;
  beforeEach(async () => {
    store = await shared();
    await emptyAuditLog(store);
    await store.write((db) => db.sql.deleteFrom('call_days').execute());
  });
  const record = (calls: ReturnType<typeof aToolCall>[]) => store.write((db) => insertOnce(db, engine, calls));
  const days = (organizationId: string | null, since = 0) => callDays.since(store.read, organizationId, since);

  it('counts the calls and failures of each organization by days, and of all together', async () => {
    await record([
      aToolCall({ at: TODAY - 1 }),
      aToolCall({ at: TODAY }),
      aToolCall({ at: TODAY + DAY - 1, reason: 'approval' }),
    ]);
    await record([aToolCall({ at: TODAY + 5 }), aToolCall({ at: TODAY + 6, organization_id: 'org_b', reason: 'x' })]);
    const yesterday = { day: TODAY - DAY, calls: 1, failures: 0 };
    expect(await days('org_a')).toEqual([yesterday, { day: TODAY, calls: 3, failures: 1 }]);
    expect(await days('org_b')).toEqual([{ day: TODAY, calls: 1, failures: 1 }]);
    expect(await days(null)).toEqual([yesterday, { day: TODAY, calls: 4, failures: 2 }]);
    expect(await days(null, TODAY)).toEqual([{ day: TODAY, calls: 4, failures: 2 }]);
  });

  it.each([1, 4, 5, 63, 300])('counts a call once that is stored again beside others, of %i', async (count) => {
    const calls = Array.from({ length: count }, (_, index) =>
      aToolCall({ at: TODAY + index, reason: index % 3 === 0 ? 'x' : null }),
    );
    const half = Math.ceil(count / 2);
    await record(calls.slice(0, half));
    await record(calls);
    await record(calls.slice(half));
    const failures = calls.filter(({ reason }) => reason !== null).length;
    expect(await days('org_a')).toEqual([{ day: TODAY, calls: count, failures }]);
  });

  it('counts what many writes store at the same time', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, index) => record([aToolCall({ at: TODAY + index })])));
    expect(await days('org_a')).toEqual([{ day: TODAY, calls: 20, failures: 0 }]);
  });

  it('keeps the counts of calls that are rolled up or purged, for 30 days', async () => {
    const times = [0, 1, 8, 29, 30, 31, 400].map((ago) => TODAY - ago * DAY);
    await record(times.map((at) => aToolCall({ at })));
    await rollUpCalls(store, TODAY);
    await purgeAudit(store, TODAY + 5, 1);
    expect((await days('org_a')).map(({ day }) => (TODAY - day) / DAY)).toEqual([29, 8, 1, 0]);
  });
});
