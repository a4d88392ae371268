import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { copyFile, cp } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { keyIdOf } from '../../src/store/secrets.ts';
import * as settings from '../../src/store/settings.ts';
import type { Store } from '../../src/store/store.ts';
import { startProcess } from '../store/support/process.ts';
import { ROOT, startProgram } from '../support/process.ts';
import {
  base64,
  enlarge,
  filesOf,
  KEY,
  markedFolder,
  markerOf,
  run,
  runCramped,
  temporaryFolder,
  withStore,
} from './support.ts';

const OTHER = Buffer.alloc(32, 'o');
const given = (directory: string, ...keys: readonly Buffer[]) => ({
  GATEHOUSE_DATA: directory,
  GATEHOUSE_SECRET_KEY: base64(...(keys.length > 0 ? keys : [KEY])),
});
const at = (directory: string) => ({ kind: 'file', directory }) as const;
const database = (directory: string) => join(directory, 'gatehouse.db');
const kept = (directory: string, number = '') => `${database(directory)}.before-restore${number}`;

/** A backup of a database that says `marker`. */
async function backupOf(marker: string, keys: readonly Buffer[] = [KEY]): Promise<string> {
  const file = join(await temporaryFolder(), 'backup.db');
  expect(await run(['backup', file], given(await markedFolder(marker, keys), ...keys))).toMatchObject({ code: 0 });
  return file;
}

/** What a file says when it is the database of a folder, its logs beside it. */
async function markerIn(file: string, keys: readonly Buffer[] = [KEY]): Promise<string | null> {
  const directory = await temporaryFolder();
  for (const suffix of ['', '-wal', '-journal'].filter((name) => existsSync(file + name))) {
    await copyFile(file + suffix, database(directory) + suffix);
  }
  return markerOf(at(directory), keys);
}

describe('puts a backup in place', () => {
  test('in an empty folder, and in one that is not there', async () => {
    const file = await backupOf('new');
    const empty = await temporaryFolder();
    for (const directory of [empty, join(empty, 'not', 'there')]) {
      const { code, stdout, stderr } = await run(['restore', file], given(directory));
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toBe(`${file} is now the database of ${directory}.\nThere was no database before.\n`);
      expect(statSync(database(directory)).mode & 0o777).toBe(0o600);
      expect(await markerOf(at(directory))).toBe('new');
    }
  });

  test('over a database, which is kept; again, and both are; and back', async () => {
    const directory = await markedFolder('first');
    const [second, third] = [await backupOf('second'), await backupOf('third')];
    const { code, stdout } = await run(['restore', second], given(directory));
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining(`The previous database is kept as ${kept(directory)}.\n`),
    ]);
    expect(await markerOf(at(directory))).toBe('second');
    expect((await run(['restore', third], given(directory))).stdout).toContain(kept(directory, '-2'));
    expect((await run(['restore', kept(directory)], given(directory))).stdout).toContain(kept(directory, '-3'));
    expect(await markerOf(at(directory))).toBe('first');
    const all = await Promise.all(['', '-2', '-3'].map((number) => markerIn(kept(directory, number))));
    expect(all).toEqual(['first', 'second', 'third']);
    expect(readdirSync(directory).filter((name) => /restoring|partial|wal|shm|journal/.test(name))).toEqual([]);
  });

  test('with the key file that lies in the folder', async () => {
    const key = Buffer.alloc(32, 'f');
    const file = await backupOf('new', [key]);
    const directory = await temporaryFolder();
    const refused = await run(['restore', file], { GATEHOUSE_DATA: directory });
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain(`there is no ${join(directory, 'secret.key')}`);
    expect(readdirSync(directory)).toEqual([]);
    writeFileSync(join(directory, 'secret.key'), 'not a key');
    expect((await run(['restore', file], { GATEHOUSE_DATA: directory })).stderr).toContain('does not hold 32 bytes');
    writeFileSync(join(directory, 'secret.key'), base64(key));
    expect(await run(['restore', file], { GATEHOUSE_DATA: directory })).toMatchObject({ code: 0, stderr: '' });
    expect(await markerOf(at(directory), [key])).toBe('new');
  });

  test('as a server left it when it was killed, its log beside it', async () => {
    const source = await temporaryFolder();
    const writer = await startProcess('write', at(source));
    await writer.printed(100);
    await writer.kill();
    const directory = await markedFolder('old');
    expect(await run(['restore', database(source)], given(directory))).toMatchObject({ code: 0, stderr: '' });
    await withStore(at(directory), [KEY], (store) => expectAll(store, writer.lines()));
  });
});

/** Every write that was acknowledged is there. */
async function expectAll({ read }: Store, lines: readonly string[]): Promise<void> {
  for (const name of lines.slice(1)) {
    expect(await settings.get(read, name)).not.toBeNull();
  }
}

describe('loses nothing of what was there', () => {
  test('what a killed server had in its log is in the one that is kept', async () => {
    const file = await backupOf('new');
    const directory = await temporaryFolder();
    const writer = await startProcess('write', at(directory));
    await writer.printed(100);
    await writer.kill();
    expect(statSync(`${database(directory)}-wal`).size).toBeGreaterThan(0);
    expect(await run(['restore', file], given(directory))).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(directory).filter((name) => /wal|shm|journal/.test(name))).toEqual([]);
    expect(await markerOf(at(directory))).toBe('new');
    const old = await temporaryFolder();
    await copyFile(kept(directory), database(old));
    await withStore(at(old), [KEY], (store) => expectAll(store, writer.lines()));
  });

  test.each([
    ['a text', (path: string) => writeFileSync(path, 'Hello.\n'.repeat(1000))],
    ['cut in half', (path: string) => truncateSync(path, statSync(path).size / 2)],
    ['empty', (path: string) => truncateSync(path, 0)],
    ['gone', (path: string) => rmSync(path)],
  ])('a database that is %s is kept with its log, byte by byte', async (_, damage) => {
    const file = await backupOf('new');
    const directory = await markedFolder('old');
    const path = database(directory);
    damage(path);
    writeFileSync(`${path}-wal`, 'A log that belongs to another database.'.repeat(100));
    writeFileSync(`${path}-shm`, 'An index of it.');
    const before = filesOf(directory);
    expect(await run(['restore', file], given(directory))).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(directory).filter((name) => /^gatehouse\.db-/.test(name))).toEqual([]);
    const after = filesOf(directory);
    expect(after['gatehouse.db.before-restore']).toBe(before['gatehouse.db']);
    expect(after['gatehouse.db.before-restore-wal']).toBe(before['gatehouse.db-wal']);
    expect(await markerOf(at(directory))).toBe('new');
  });
});

describe('is refused, and changes nothing,', () => {
  /** Tries to restore into a folder that says `old`; answers the message. */
  async function refusal(file: string, keys: readonly Buffer[] = [KEY]): Promise<string> {
    const directory = await markedFolder('old');
    const before = filesOf(directory);
    const { code, stdout, stderr } = await run(['restore', file], given(directory, ...keys));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(filesOf(directory)).toEqual(before);
    expect(await markerOf(at(directory))).toBe('old');
    expect(stderr).toMatch(/\nNothing was changed\.\n$/);
    return stderr;
  }

  test('while a server runs, which is named', async () => {
    const file = await backupOf('new');
    const directory = await markedFolder('old');
    const server = startProgram(given(directory));
    await server.ready;
    const { code, stderr } = await run(['restore', file], given(directory));
    expect(code).toBe(1);
    expect(stderr).toContain(`${directory} is in use by another process (pid ${server.child.pid} on `);
    server.child.kill('SIGTERM');
    expect(await server.exited).toBe(0);
    expect(readdirSync(directory).filter((name) => /restor/.test(name))).toEqual([]);
    expect(await markerOf(at(directory))).toBe('old');
  });

  test('while another program has the database open', async () => {
    const file = await backupOf('new');
    const directory = await markedFolder('old');
    const reader = new DatabaseSync(database(directory), { readOnly: true });
    reader.prepare('select * from settings').all();
    const { code, stderr } = await run(['restore', file], given(directory));
    expect(code).toBe(1);
    expect(stderr).toContain(`${database(directory)} is open in another program`);
    reader.close();
    expect(readdirSync(directory).filter((name) => /restor/.test(name))).toEqual([]);
    expect(await markerOf(at(directory))).toBe('old');
  });

  test('for a file that is not there, or is none', async () => {
    const folder = await temporaryFolder();
    expect(await refusal(join(folder, 'backup.db'))).toContain(`${join(folder, 'backup.db')} cannot be read (ENOENT).`);
    expect(await refusal(folder)).toContain(`${folder} is not a file.`);
  });

  test('for a text, an empty file, and a database of something else', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'backup.db');
    writeFileSync(file, 'Hello.\n'.repeat(1000));
    expect(await refusal(file)).toContain(`${file} is not a SQLite database.`);
    writeFileSync(file, '');
    expect(await refusal(file)).toContain(`${file} is not a database of Gatehouse`);
    rmSync(file);
    const other = new DatabaseSync(file);
    other.exec('create table kysely_migration (name text); create table organizations (id text)');
    other.close();
    expect(await refusal(file)).toContain(`${file} is not a database of Gatehouse`);
  });

  test('for a damaged one', async () => {
    const whole = await backupOf('new');
    const { size } = statSync(whole);
    const file = join(await temporaryFolder(), 'backup.db');
    await copyFile(whole, file);
    truncateSync(file, size / 2);
    expect(await refusal(file)).toContain(`${file} is damaged: `);
    const bytes = readFileSync(whole);
    writeFileSync(file, bytes.fill(0xff, 8192, 12_288));
    expect(await refusal(file)).toContain(`${file} is damaged: `);
  });

  test('for one of a newer version, which is named', async () => {
    const file = await backupOf('new');
    const newer = new DatabaseSync(file);
    newer.exec("insert into kysely_migration values ('9999_next', '2027-01-01T00:00:00.000Z')");
    newer.close();
    expect(await refusal(file)).toContain('The database is newer than this program (it has 9999_next).');
  });

  test('without its key, which is named, and with one that does not open what it sealed', async () => {
    const file = await backupOf('new', [OTHER]);
    expect(await refusal(file)).toContain(`GATEHOUSE_SECRET_KEY lacks key ${keyIdOf(OTHER)}`);
    const damaged = new DatabaseSync(file);
    damaged.prepare('update secret_keys set canary = ?').run(`${keyIdOf(OTHER)}.AAAA`);
    damaged.close();
    expect(await refusal(file, [KEY, OTHER])).toContain(`Key ${keyIdOf(OTHER)} of GATEHOUSE_SECRET_KEY does not open`);
  });

  test('where the disk takes no more', async () => {
    const file = await backupOf('new');
    enlarge(file);
    const directory = await markedFolder('old');
    const before = filesOf(directory);
    const { code, stdout, stderr } = runCramped(['restore', file], given(directory));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^Storage is unavailable: the disk [a-z ]+\.\nNothing was changed\.\n$/);
    expect(filesOf(directory)).toEqual(before);
  });

  test('for the database itself, and for what an interrupted restore left', async () => {
    const directory = await markedFolder('old');
    await copyFile(database(directory), `${database(directory)}.restoring`);
    const before = filesOf(directory);
    for (const file of [database(directory), `${database(directory)}.restoring`]) {
      const { code, stderr } = await run(['restore', file], given(directory));
      expect([code, stderr]).toEqual([1, expect.stringContaining(`${file} is where a restored database goes.`)]);
    }
    expect(filesOf(directory)).toEqual(before);
  });
});

describe('killed', () => {
  /** Starts a restore and kills it when the names in the folder have changed that often; whether it was still at it. */
  async function killedAfter(changes: number, file: string, directory: string): Promise<boolean> {
    const command = ['-r', './bin/preload.cjs', 'src/cli/main.ts', 'restore', file];
    const child: ChildProcess = spawn(process.execPath, command, {
      cwd: ROOT,
      env: { PATH: process.env.PATH, ...given(directory) },
      stdio: 'ignore',
    });
    const exited = once(child, 'exit');
    const names = () => readdirSync(directory).join();
    let last = names();
    for (let seen = 0; seen < changes && child.exitCode === null; await setImmediate()) {
      const now = names();
      seen += now === last ? 0 : 1;
      last = now;
    }
    child.kill('SIGKILL');
    const [, signal] = await exited;
    return signal === 'SIGKILL';
  }

  test('at any time, the old database or the new one is in place, whole, and another restore works', async () => {
    const file = await backupOf('new');
    enlarge(file);
    const original = await temporaryFolder();
    const writer = await startProcess('write', at(original));
    await writer.printed(200);
    await writer.kill();

    const seen: string[] = [];
    for (let wasKilled = true; wasKilled; ) {
      const directory = await temporaryFolder();
      await cp(original, directory, { recursive: true });
      wasKilled = await killedAfter(seen.length + 1, file, directory);
      const isLeft = readdirSync(directory).includes('gatehouse.db.restoring');
      const marker = await withStore(at(directory), [KEY], async (store) => {
        const found = await settings.get(store.read, 'marker');
        if (found === null) {
          await expectAll(store, writer.lines());
        } else {
          expect(await settings.get(store.read, 'filler 20000')).not.toBeNull();
        }
        return found;
      });
      seen.push(`${marker ?? 'old'}${isLeft ? ', the new one beside it' : ''}`);
      expect(await run(['restore', file], given(directory))).toMatchObject({ code: 0, stderr: '' });
      expect(await markerOf(at(directory))).toBe('new');
      expect(readdirSync(directory)).toContain('gatehouse.db.before-restore');
    }
    expect(seen).toContain('old, the new one beside it');
    expect(seen.at(-1)).toBe('new');
  });
});
