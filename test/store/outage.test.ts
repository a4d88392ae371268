import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { Client } from 'pg';
import { beforeAll, expect, it, vi } from 'vitest';
import { translatePostgresError } from '../../src/store/postgres/errors.ts';
import * as settings from '../../src/store/settings.ts';
import { type Store, StoreUnavailable } from '../../src/store/store.ts';
import { onEngine } from './support/harness.ts';

const PATIENCE = { timeout: 15_000, interval: 50 };
const write = (store: Store, value: string) => store.write((db) => settings.set(db, 'key', value));
const read = (store: Store) => settings.get(store.read, 'key');

onEngine('postgres', ({ open, location, postgres, log }) => {
  beforeAll(async () => {
    await postgres();
  });

  it('is unavailable while the server is down, and works again afterwards', { timeout: 30_000 }, async () => {
    let now = 0;
    const store = await open({
      now: () => {
        now += 5000;
        return now;
      },
    });
    const server = await postgres();
    await write(store, 'before');
    await server.halt();
    try {
      const nowhere = { kind: 'postgres', url: server.url('postgres') } as const;
      const attempts = [
        () => write(store, 'lost'),
        () => read(store),
        () => store.check(),
        () => open({ location: nowhere }),
      ];
      for (const attempt of attempts) {
        const error = await attempt().catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(StoreUnavailable);
        expect((error as StoreUnavailable).retryAfterSeconds).toBeGreaterThan(0);
      }
      expect(log.some(({ message }) => message.includes('lock was lost'))).toBe(true);
    } finally {
      await server.resume();
    }
    await vi.waitFor(() => write(store, 'after'), PATIENCE);
    expect(await read(store)).toBe('after');
    await store.check();
  });

  it('refuses writes while another process has the lock, and logs its name', { timeout: 30_000 }, async () => {
    const place = await location();
    const store = await open({ location: place });
    await write(store, 'before');
    const rival = new Client({ connectionString: (place as { url: string }).url, application_name: 'a rival' });
    await rival.connect();
    const held = await rival.query(
      "select pid, objid from pg_locks where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())",
    );
    const { pid, objid } = held.rows[0];
    await rival.query(`select pg_terminate_backend(${pid})`);
    await rival.query(`select pg_advisory_lock(${objid})`);

    await vi.waitFor(() => expect(JSON.stringify(log)).toContain('a rival'), PATIENCE);
    await expect(write(store, 'stolen')).rejects.toThrow(StoreUnavailable);
    expect(await read(store)).toBe('before');
    await rival.end();
    await vi.waitFor(() => write(store, 'after'), PATIENCE);
  });

  it('fails only the write whose connection is cut', async () => {
    const store = await open();
    const cut = store.write(async (db) => {
      await settings.set(db, 'key', 'cut');
      const backend = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db.sql);
      await sql`select pg_terminate_backend(${backend.rows[0]?.pid})`.execute(store.read.sql);
      await settings.set(db, 'key', 'never');
    });
    await expect(cut).rejects.toThrow(StoreUnavailable);
    expect(await read(store)).toBeNull();
    await write(store, 'next');
    expect(await read(store)).toBe('next');
  });

  it('is unavailable if the server accepts no writes', async () => {
    const store = await open();
    const writing = store.write(async (db) => {
      await sql`set transaction read only`.execute(db.sql);
      await settings.set(db, 'key', 'x');
    });
    await expect(writing).rejects.toThrow(StoreUnavailable);
  });

  it.each([
    ['53100', true],
    ['57P03', true],
    ['08006', true],
    ['58030', true],
    ['ECONNREFUSED', true],
    ['23505', false],
    ['42601', false],
    ['40001', false],
  ])('counts code %s as an outage: %s', (code, outage) => {
    const error = Object.assign(new Error('no'), { code });
    expect(translatePostgresError(error) instanceof StoreUnavailable).toBe(outage);
  });
});

onEngine('sqlite', ({ open }) => {
  it('is unavailable for writes if the database cannot grow, and still reads', async () => {
    const store = await open();
    await write(store, 'before');
    const limitPages = (limit: string) =>
      store.write((db) => sql.raw(`pragma max_page_count = ${limit}`).execute(db.sql));
    await limitPages('1');
    const results = await Promise.allSettled([write(store, 'x'.repeat(200_000)), write(store, 'small')]);
    expect(results[0]).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailable) });
    expect(await read(store)).toBe(results[1].status === 'fulfilled' ? 'small' : 'before');
    await limitPages('1000000');
    await write(store, 'x'.repeat(200_000));
    expect(await read(store)).toHaveLength(200_000);
  });

  it.skipIf(!canMount())('is unavailable for writes on a full disk, and works again when there is space', async () => {
    const directory = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', directory]);
    try {
      let now = 0;
      const store = await open({
        location: { kind: 'file', directory },
        now: () => {
          now += 5000;
          return now;
        },
      });
      await write(store, 'before');
      const another = { kind: 'file', directory: join(directory, 'another') } as const;
      mkdirSync(another.directory);
      const ballast = join(directory, 'ballast');
      expect(() => writeFileSync(ballast, Buffer.alloc(8 * 1024 * 1024))).toThrow('ENOSPC');
      await expect(write(store, 'lost')).rejects.toThrow(/disk is full/);
      await expect(store.check()).rejects.toThrow(StoreUnavailable);
      expect(await read(store)).toBe('before');
      expect(await settings.get(store.slowRead, 'key')).toBe('before');
      await expect(open({ location: another })).rejects.toThrow(StoreUnavailable);
      rmSync(ballast);
      await (await open({ location: another })).close();
      await store.check();
      await write(store, 'after');
      expect(await read(store)).toBe('after');
      await store.close();
    } finally {
      execFileSync('umount', ['-l', directory]);
      rmSync(directory, { recursive: true });
    }
  });
});

/** Whether this user may mount a small disk of its own to fill. */
function canMount(): boolean {
  const directory = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory], { stdio: 'ignore' });
    execFileSync('umount', [directory]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
