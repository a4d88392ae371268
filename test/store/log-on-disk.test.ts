import { copyFile, mkdtemp, open as openFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import * as settings from '../../src/store/settings.ts';
import { type Store, StoreUnavailable } from '../../src/store/store.ts';
import { onEngine } from './support/harness.ts';

const probe = await openFile(import.meta.filename);
/** All files that are opened by `node:fs/promises` have it. */
const files = Object.getPrototypeOf(probe) as { datasync: () => Promise<void> };
await probe.close();

const write = (store: Store, name: string) => store.write((db) => settings.set(db, name, 'x'));

/** What is in the database file alone, as a disk would hold it that has lost the log. */
async function inDatabaseFile(directory: string): Promise<unknown[]> {
  const copy = await mkdtemp(join(tmpdir(), 'gatehouse-copy-'));
  try {
    await copyFile(join(directory, 'gatehouse.db'), join(copy, 'gatehouse.db'));
    const database = new DatabaseSync(join(copy, 'gatehouse.db'));
    const rows = database.prepare('select key from settings order by key').all();
    database.close();
    return rows.map(({ key }) => key);
  } finally {
    await rm(copy, { recursive: true });
  }
}

onEngine('sqlite', ({ open, location }) => {
  afterEach(() => vi.restoreAllMocks());

  it('answers a write when the disk has it, and others have their turn until then', async () => {
    const store = await open();
    await write(store, 'before');
    const { promise: isOnDisk, resolve: finish } = Promise.withResolvers<void>();
    const sync = vi.spyOn(files, 'datasync').mockReturnValueOnce(isOnDisk);
    let isAnswered = false;
    const writing = write(store, 'slow').then(() => {
      isAnswered = true;
    });
    await vi.waitFor(() => expect(sync).toHaveBeenCalledOnce());
    const next = write(store, 'next');
    for (let turns = 0; turns < 100; turns += 1) {
      await turn();
      expect(await settings.get(store.read, 'before')).toBe('x');
    }
    expect(isAnswered).toBe(false);
    finish();
    await Promise.all([writing, next]);
  });

  it('syncs after every commit, once for writes that share one', async () => {
    const store = await open();
    await write(store, 'before');
    const sync = vi.spyOn(files, 'datasync');
    await write(store, 'one');
    await write(store, 'two');
    expect(sync).toHaveBeenCalledTimes(2);
    await Promise.all(Array.from({ length: 20 }, (_, index) => write(store, `together ${index}`)));
    expect(sync.mock.calls.length).toBeLessThan(10);
  });

  it('acknowledges nothing that lies behind a failed sync in the log, unless the database itself has it', async () => {
    const place = (await location()) as { kind: 'file'; directory: string };
    const store = await open({ location: place });
    await write(store, 'before');
    vi.spyOn(files, 'datasync').mockRejectedValueOnce(Object.assign(new Error('EIO'), { code: 'EIO' }));
    await expect(write(store, 'failed')).rejects.toThrow(StoreUnavailable);
    await expect(inDatabaseFile(place.directory)).rejects.toThrow('no such table');
    await write(store, 'after');
    expect(await inDatabaseFile(place.directory)).toEqual(expect.arrayContaining(['after', 'before', 'failed']));
    await store.check();
  });
});
