import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import * as servers from '../../src/store/servers.ts';
import * as settings from '../../src/store/settings.ts';
import type { Db, Store } from '../../src/store/store.ts';
import { onEngine } from './support/harness.ts';
import { openReplica } from './support/replica.ts';
import { anOrganization, aServer } from './support/samples.ts';

const increment = async (db: Db): Promise<void> => {
  const value = Number((await settings.get(db, 'counter')) ?? 0);
  // Others commit meanwhile.
  await pause(Math.random() * 3);
  await settings.set(db, 'counter', String(value + 1));
};

onEngine('postgres', ({ location }) => {
  const opened: Store[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });

  it('three processes that write the same rows all succeed', { timeout: 60_000 }, async () => {
    const place = await location();
    for (let count = 0; count < 3; count += 1) {
      opened.push(await openReplica(place));
    }
    const organizationId = await anOrganization(opened[0] as Store);
    const results = await Promise.allSettled(
      opened.flatMap((store) =>
        Array.from({ length: 40 }, (_, index) =>
          index % 2 === 0
            ? store.write(increment)
            : store.writeFor(organizationId, (db) => servers.insert(db, aServer(organizationId))),
        ),
      ),
    );
    expect(results.filter(({ status }) => status === 'rejected')).toEqual([]);
    const [{ read }] = opened as [Store];
    expect(await settings.get(read, 'counter')).toBe('60');
    expect(await servers.count(read, organizationId)).toBe(60);
  });
});
