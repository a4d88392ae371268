import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { withCheck } from '../../src/store/health.ts';
import { openStore } from '../../src/store/open.ts';
import * as servers from '../../src/store/servers.ts';
import * as settings from '../../src/store/settings.ts';
import { type Db, type Store, StoreUnavailable } from '../../src/store/store.ts';
import { KEY, onBothEngines, onEngine } from './support/harness.ts';
import { anOrganization, aServer } from './support/samples.ts';

const increment = async (db: Db): Promise<void> => {
  const value = Number((await settings.get(db, 'counter')) ?? 0);
  await settings.set(db, 'counter', String(value + 1));
};

onBothEngines(({ open, shared }) => {
  it('returns the result of the closure when a read sees its writes', async () => {
    const store = await shared();
    for (let round = 0; round < 20; round += 1) {
      const answer = await store.write(async (db) => {
        await settings.set(db, 'round', String(round));
        return { round };
      });
      expect(answer).toEqual({ round });
      expect(await settings.get(store.read, 'round')).toBe(String(round));
    }
  });

  it('discards a closure that throws, and keeps the nine beside it', async () => {
    const store = await shared();
    const failure = new Error('The seventh fails.');
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) =>
        store.write(async (db) => {
          await settings.set(db, `beside ${index}`, 'x');
          if (index === 7) {
            throw failure;
          }
          return index;
        }),
      ),
    );
    for (const [index, result] of results.entries()) {
      expect(result).toEqual(
        index === 7 ? { status: 'rejected', reason: failure } : { status: 'fulfilled', value: index },
      );
      expect(await settings.get(store.read, `beside ${index}`)).toBe(index === 7 ? null : 'x');
    }
  });

  it('discards a closure with a failed statement', async () => {
    const store = await shared();
    const failing = store.write(async (db) => {
      await settings.set(db, 'before the failure', 'x');
      await sql`select * from no_such_table`.execute(db.sql);
    });
    await expect(failing).rejects.toThrow(/no_such_table/);
    expect(await settings.get(store.read, 'before the failure')).toBeNull();
  });

  it('shows uncommitted data to no reader', async () => {
    const store = await shared();
    const wrote = Promise.withResolvers<void>();
    const looked = Promise.withResolvers<void>();
    const writing = store.write(async (db) => {
      await settings.set(db, 'uncommitted', 'x');
      wrote.resolve();
      await looked.promise;
    });
    await wrote.promise;
    expect(await settings.get(store.read, 'uncommitted')).toBeNull();
    expect(await settings.get(store.slowRead, 'uncommitted')).toBeNull();
    looked.resolve();
    await writing;
    expect(await settings.get(store.read, 'uncommitted')).toBe('x');
    expect(await settings.get(store.slowRead, 'uncommitted')).toBe('x');
  });

  it('runs writes that read as if one ran after another', async () => {
    const store = await open();
    await Promise.all(Array.from({ length: 40 }, () => store.write(increment)));
    expect(await settings.get(store.read, 'counter')).toBe('40');
  });

  it('runs all writers of one row', async () => {
    const store = await shared();
    const organizationId = await anOrganization(store);
    await Promise.all(
      Array.from({ length: 40 }, () => store.write((db) => servers.insert(db, aServer(organizationId)))),
    );
    expect(await servers.count(store.read, organizationId)).toBe(40);
  });

  it('refuses the use of a handle after the end of its closure', async () => {
    const store = await shared();
    let kept: Db | undefined;
    await store.write(async (db) => {
      kept = db;
    });
    await expect(settings.set(kept as Db, 'late', 'x')).rejects.toThrow('already committed');
  });

  it('finishes pending writes before it closes, and refuses later ones', async () => {
    const location = await closeAmidWrites(await open());
    expect(location).toEqual(Array.from({ length: 20 }, () => 'fulfilled'));
  });

  it('checks writes with one write for all that ask at the same time', async () => {
    const { write, writeFor } = await shared();
    let writes = 0;
    const counted: Store['write'] = (fn) => {
      writes += 1;
      return write(fn);
    };
    let now = 1000;
    const { check } = withCheck({ write: counted, writeFor }, () => now);
    await Promise.all(Array.from({ length: 100 }, () => check()));
    expect(writes).toBe(1);
    now = 2000;
    await check();
    expect(writes).toBe(2);
  });

  it('checks writes by writing, at most once per second', async () => {
    let now = 1000;
    const store = await open({ now: () => now });
    const checkedAt = () => settings.get(store.read, 'last_check');
    await store.check();
    expect(await checkedAt()).toBe('1000');
    now = 1999;
    await store.check();
    expect(await checkedAt()).toBe('1000');
    now = 2000;
    await store.check();
    expect(await checkedAt()).toBe('2000');
    await store.close();
    now = 9000;
    await expect(store.check()).rejects.toThrow(StoreUnavailable);
  });
});

onEngine('sqlite', ({ shared }) => {
  it('rejects and discards a whole group if its commit fails', async () => {
    const store = await shared();
    const orphan = aServer('org_nobody');
    const results = await Promise.allSettled([
      store.write((db) => settings.set(db, 'same group', 'x')),
      store.write(async (db) => {
        // Puts the refusal of the orphan off until the commit.
        await sql`pragma defer_foreign_keys = on`.execute(db.sql);
        await servers.insert(db, orphan);
      }),
    ]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected']);
    expect(await settings.get(store.read, 'same group')).toBeNull();
    await store.write((db) => settings.set(db, 'next group', 'x'));
    expect(await settings.get(store.read, 'next group')).toBe('x');
  });
});

it('makes a read wait for the current group of writes in memory', async () => {
  const store = await openStore({
    location: { kind: 'memory' },
    secretKeys: [KEY],
    log: () => undefined,
    now: Date.now,
  });
  const wrote = Promise.withResolvers<void>();
  const reading = Promise.withResolvers<void>();
  const writing = store.write(async (db) => {
    await settings.set(db, 'half done', 'x');
    wrote.resolve();
    await reading.promise;
    throw new Error('Never mind.');
  });
  await wrote.promise;
  const reads = [settings.get(store.read, 'half done'), settings.get(store.slowRead, 'half done')];
  reading.resolve();
  await expect(writing).rejects.toThrow('Never mind.');
  expect(await Promise.all(reads)).toEqual([null, null]);
  await store.close();
});

async function closeAmidWrites(store: Store): Promise<string[]> {
  const writes = Array.from({ length: 20 }, () => store.write(increment));
  const settled = Promise.allSettled(writes);
  await store.close();
  await expect(store.write(increment)).rejects.toThrow(StoreUnavailable);
  return (await settled).map((result) => result.status);
}
