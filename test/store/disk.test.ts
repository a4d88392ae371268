import { copyFile, mkdtemp, open as openFile, rm, stat } from 'node:fs/promises';
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

/** Characters that make the log long. */
const MUCH = 5_000_000;

const write = (store: Store, name: string) => store.write((db) => settings.set(db, name, 'x'));
const writeMuch = (store: Store, name: string) => store.write((db) => settings.set(db, name, 'x'.repeat(MUCH)));

type Place = { kind: 'file'; directory: string };

/** The names in a database that has this log; without one, as a disk would hold it that has lost the log. */
async function namesIn(database: string, log?: string): Promise<unknown[]> {
  const copy = await mkdtemp(join(tmpdir(), 'gatehouse-copy-'));
  try {
    await copyFile(database, join(copy, 'gatehouse.db'));
    await (log && copyFile(log, join(copy, 'gatehouse.db-wal')));
    const opened = new DatabaseSync(join(copy, 'gatehouse.db'));
    const rows = opened.prepare('select key from settings order by key').all();
    opened.close();
    return rows.map(({ key }) => key);
  } finally {
    await rm(copy, { recursive: true });
  }
}

onEngine('sqlite', ({ open, location }) => {
  afterEach(() => vi.restoreAllMocks());

  it('answers a write after its sync, and lets other work run until then', async () => {
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

  it('acknowledges no write behind a failed sync, unless the database file contains it', async () => {
    const place = (await location()) as Place;
    const store = await open({ location: place });
    await write(store, 'before');
    vi.spyOn(files, 'datasync').mockRejectedValueOnce(Object.assign(new Error('EIO'), { code: 'EIO' }));
    await expect(write(store, 'failed')).rejects.toThrow(StoreUnavailable);
    await expect(namesIn(join(place.directory, 'gatehouse.db'))).rejects.toThrow('no such table');
    await write(store, 'after');
    expect(await namesIn(join(place.directory, 'gatehouse.db'))).toEqual(
      expect.arrayContaining(['after', 'before', 'failed']),
    );
    await store.check();
  });

  it('moves a long log into the database under any load', async () => {
    const place = (await location()) as Place;
    const store = await open({ location: place });
    for (let index = 0; index < 12; index += 1) {
      await writeMuch(store, `much ${index}`);
    }
    const database = join(place.directory, 'gatehouse.db');
    await vi.waitFor(async () => expect(await namesIn(database)).toContain('much 11'));
    expect((await stat(`${database}-wal`)).size).toBeLessThan(3 * MUCH);
  });

  it('commits nothing before the moved data is synced, and lets other work run until then', async () => {
    const store = await open();
    await write(store, 'before');
    const { promise: isOnDisk, resolve: finish } = Promise.withResolvers<void>();
    const { datasync } = files;
    const sync = vi
      .spyOn(files, 'datasync')
      .mockImplementationOnce(datasync)
      .mockImplementationOnce(() => isOnDisk);
    await writeMuch(store, 'much');
    await vi.waitFor(() => expect(sync).toHaveBeenCalledTimes(2));
    let isBegun = false;
    const next = store.write(async () => {
      isBegun = true;
    });
    for (let turns = 0; turns < 100; turns += 1) {
      await turn();
      expect(await settings.get(store.read, 'before')).toBe('x');
    }
    expect(isBegun).toBe(false);
    finish();
    await next;
  });

  it('keeps the log and stops commits if the sync of moved data fails', async () => {
    const place = (await location()) as Place;
    const store = await open({ location: place });
    await write(store, 'before');
    const database = join(place.directory, 'gatehouse.db');
    const lost = join(place.directory, 'as-on-disk.db');
    await copyFile(database, lost);
    const { datasync } = files;
    const sync = vi
      .spyOn(files, 'datasync')
      .mockImplementationOnce(datasync)
      .mockRejectedValueOnce(Object.assign(new Error('EIO'), { code: 'EIO' }));
    await writeMuch(store, 'much');
    await vi.waitFor(() => expect(sync).toHaveBeenCalledTimes(2));
    await expect(write(store, 'after')).rejects.toThrow(StoreUnavailable);
    await expect(store.check()).rejects.toThrow(StoreUnavailable);
    expect(await settings.get(store.read, 'before')).toBe('x');
    await store.close();
    expect(await namesIn(lost, `${database}-wal`)).toEqual(expect.arrayContaining(['before', 'much']));
  });
});
