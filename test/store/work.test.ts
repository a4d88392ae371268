import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import type { Db, Store } from '../../src/store/store.ts';
import { onBothEngines, onEngine } from './support/harness.ts';
import { startProcess } from './support/process.ts';
import { openReplica } from './support/replica.ts';
import { anOrganization } from './support/samples.ts';
import { storedWork } from './support/work.ts';

const TABLE = 'webhook_deliveries';
const ALL = { maxRows: 1000, holdMs: 60_000, exceptOrganizations: [] };

/** Ends a claim, as those do who have claimed it. */
const end = (db: Db, { id, fence }: { id: string; fence: number }) =>
  db.sql
    .deleteFrom(TABLE)
    .where('id', '=', id)
    .where('fence', '=', fence)
    .executeTakeFirstOrThrow()
    .then(({ numDeletedRows }) => numDeletedRows === 1n);

onBothEngines(({ open, location, engine }) => {
  it('claims what is due, in that order, no more than wanted, and nothing twice', async () => {
    const store = await open();
    const organizationId = await anOrganization(store);
    const ids = await storedWork(store, organizationId, [3, 1, 2, Date.now() + 3_600_000]);
    const first = await store.claim(TABLE, { ...ALL, maxRows: 2 });
    expect(first.map(({ id }) => id)).toEqual([ids[1], ids[2]]);
    expect((await store.claim(TABLE, ALL)).map(({ id }) => id)).toEqual([ids[0]]);
    expect(await store.claim(TABLE, ALL)).toEqual([]);
  });

  it('changes nothing that others keep, and wakes nobody', async () => {
    const store = await open();
    await storedWork(store, await anOrganization(store), [1]);
    const before = store.changes();
    let woken = 0;
    store.onChange('approvals', () => woken++);
    expect(await store.claim(TABLE, ALL)).toHaveLength(1);
    expect([store.hasChanged(['anything'], before), woken]).toEqual([false, 0]);
  });

  it('leaves the work of some organizations for later', async () => {
    const store = await open();
    const [one, other] = [await anOrganization(store), await anOrganization(store)];
    await storedWork(store, one, [1]);
    const [id] = await storedWork(store, other, [2]);
    const claimed = await store.claim(TABLE, { ...ALL, exceptOrganizations: [one] });
    expect(claimed.map((row) => row.id)).toEqual([id]);
    expect(await store.claim(TABLE, { ...ALL, exceptOrganizations: [one, other] })).toEqual([]);
  });

  it('lets others take a claim over when its time is over; then it can no longer be ended', async () => {
    let ahead = 0;
    const store = await open({ now: () => Date.now() + ahead });
    await storedWork(store, await anOrganization(store), [1]);
    const [late] = await store.claim(TABLE, { ...ALL, holdMs: 200 });
    expect(await store.claim(TABLE, ALL)).toEqual([]);
    ahead = 200;
    await pause(engine === 'postgres' ? 250 : 0);
    const [again] = await store.claim(TABLE, ALL);
    expect(again).toMatchObject({ id: late?.id, fence: (late?.fence ?? 0) + 1 });
    expect(await store.write((db) => end(db, late as never))).toBe(false);
    expect(await store.write((db) => end(db, again as never))).toBe(true);
  });

  it('gives the work of a process that was killed to the next one', { timeout: 60_000 }, async () => {
    const place = await location();
    const first = await open({ location: place });
    const ids = await storedWork(first, await anOrganization(first), [1, 2, 3]);
    await first.close();
    const crashed = await startProcess('claim', place);
    await crashed.printed(1 + ids.length);
    expect(crashed.lines().slice(1)).toEqual(ids.map((id) => `${id} 1`));
    await crashed.kill();
    const store = await open({ location: place });
    const again: string[] = [];
    await vi.waitFor(
      async () => {
        const claimed = await store.claim(TABLE, ALL);
        again.push(...claimed.map(({ id, fence }) => `${id} ${fence}`));
        expect(again).toEqual(ids.map((id) => `${id} 2`));
      },
      { timeout: 20_000, interval: 100 },
    );
  });
});

onEngine('postgres', ({ location }) => {
  const opened: Store[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });

  it('three processes never work at the same row, and finish all', { timeout: 60_000 }, async () => {
    const place = await location();
    for (let count = 0; count < 3; count += 1) {
      opened.push(await openReplica(place));
    }
    const [store] = opened as [Store];
    const organizationId = await anOrganization(store);
    const ids = await storedWork(
      store,
      organizationId,
      Array.from({ length: 150 }, (_, index) => index),
    );
    const busy = new Set<string>();
    const done: string[] = [];
    const work = async (own: Store) => {
      for (;;) {
        const rows = await own.claim(TABLE, { ...ALL, maxRows: 1 + Math.floor(Math.random() * 7) });
        if (rows.length === 0 && done.length === ids.length) {
          return;
        }
        for (const row of rows) {
          expect(busy.has(row.id)).toBe(false);
          busy.add(row.id);
        }
        for (const row of rows) {
          await pause(Math.random() * 3);
          expect(await own.write((db) => end(db, row))).toBe(true);
          busy.delete(row.id);
          done.push(row.id);
        }
      }
    };
    // Two workers in each process.
    await Promise.all([...opened, ...opened].map(work));
    expect(done.toSorted()).toEqual(ids.toSorted());
  });

  it('a claim that begins beside another skips its rows', async () => {
    const place = await location();
    const store = await openReplica(place);
    opened.push(store);
    const ids = await storedWork(store, await anOrganization(store), [1, 2, 3, 4]);
    const claims = await Promise.all(ids.map(() => store.claim(TABLE, { ...ALL, maxRows: 1 })));
    expect(new Set(claims.flat().map(({ id }) => id)).size).toBe(claims.flat().length);
  });
});
