import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { keyIdOf } from '../../src/store/secrets.ts';
import * as settings from '../../src/store/settings.ts';
import { startProcess } from '../store/support/process.ts';
import { askOnce } from '../support/ask-once.ts';
import { startProgram } from '../support/process.ts';
import {
  base64,
  enlarge,
  filesOf,
  KEY,
  makeMarked,
  markedFolder,
  markerOf,
  run,
  runCramped,
  temporaryFolder,
  withStore,
} from './support.ts';

const TOKEN = 'operator-'.padEnd(32, 'a');
const given = (directory: string) => ({ GATEHOUSE_DATA: directory, GATEHOUSE_SECRET_KEY: base64(KEY) });

/** A data folder whose database is the backup. */
async function folderOf(file: string): Promise<string> {
  const directory = await temporaryFolder();
  await copyFile(file, join(directory, 'gatehouse.db'));
  return directory;
}

test('of a server that runs and writes: everything answered before, while the server goes on', async () => {
  const directory = await temporaryFolder();
  const server = startProgram({ ...given(directory), GATEHOUSE_ADMIN_TOKEN: TOKEN });
  const url = await server.ready;
  const answered: string[] = [];
  let isDone = false;
  const write = async () => {
    while (!isDone) {
      const answer = await askOnce(url, 'post', '/admin/api/v1/organizations', {
        headers: { Authorization: `Bearer ${TOKEN}` },
        body: { name: 'Made' },
      });
      expect(answer.status).toBe(201);
      answered.push(answer.body.id);
    }
  };
  const writing = Promise.all([write(), write()]);
  const backups: { file: string; before: string[] }[] = [];
  for (let number = 1; number <= 3; number += 1) {
    const soFar = answered.length;
    await expect.poll(() => answered.length).toBeGreaterThan(soFar + 5);
    const before = [...answered];
    const file = join(directory, `backup ${number}%?#.db`);
    const program = startProgram(given(directory), ['src/cli/main.ts', 'backup', file]);
    expect([await program.exited, program.output()]).toEqual([0, expect.stringContaining(`  ${keyIdOf(KEY)}  `)]);
    backups.push({ file, before });
  }
  isDone = true;
  await writing;
  server.child.kill('SIGTERM');
  expect(await server.exited).toBe(0);

  expect(readdirSync(directory).filter((name) => name.includes('partial'))).toEqual([]);
  for (const { file, before } of backups) {
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const rows = await withStore({ kind: 'file', directory: await folderOf(file) }, [KEY], ({ read }) =>
      read.sql.selectFrom('organizations').select('id').execute(),
    );
    expect(rows.map(({ id }) => id)).toEqual(expect.arrayContaining(before));
    expect(before.length).toBeGreaterThan(5);
  }
});

test('of a server that was killed: everything answered', async () => {
  const directory = await temporaryFolder();
  const writer = await startProcess('write', { kind: 'file', directory });
  await writer.printed(100);
  await writer.kill();
  expect(statSync(join(directory, 'gatehouse.db-wal')).size).toBeGreaterThan(0);
  const file = join(await temporaryFolder(), 'backup.db');
  expect(await run(['backup', file], given(directory))).toMatchObject({ code: 0 });
  await withStore({ kind: 'file', directory: await folderOf(file) }, [KEY], async ({ read }) => {
    for (const name of writer.lines().slice(1)) {
      expect(await settings.get(read, name)).not.toBeNull();
    }
  });
  // And nothing was taken from the database itself.
  await withStore({ kind: 'file', directory }, [KEY], async ({ read }) => {
    expect(await settings.get(read, writer.lines().at(-1) ?? '')).not.toBeNull();
  });
});

test('says where the key is that it needs, and never the key', async () => {
  const directory = await temporaryFolder();
  const key = Buffer.alloc(32, 'f');
  await writeFile(join(directory, 'secret.key'), base64(key));
  await makeMarked({ kind: 'file', directory }, 'sealed with the key file', { keys: [key] });
  const backups = await temporaryFolder();
  const places: [Record<string, string>, string][] = [
    [{}, `the file ${join(directory, 'secret.key')}`],
    [{ GATEHOUSE_SECRET_KEY: base64(KEY, key) }, 'GATEHOUSE_SECRET_KEY'],
    [{ GATEHOUSE_SECRET_KEY: base64(KEY) }, 'not among the keys given here'],
  ];
  for (const [index, [env, place]] of places.entries()) {
    const file = join(backups, `${index}.db`);
    const { code, stdout, stderr } = await run(['backup', file], { GATEHOUSE_DATA: directory, ...env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`${file}: ${statSync(file).size} bytes`);
    expect(stdout).toContain(`  ${keyIdOf(key)}  ${place}\n`);
    expect(stdout).not.toContain(base64(key).slice(0, 16));
    expect(readFileSync(file).includes('sealed with the key file')).toBe(true);
    expect(await markerOf({ kind: 'file', directory: await folderOf(file) }, [key])).toBe('sealed with the key file');
  }
});

test('overwrites nothing', async () => {
  const directory = await markedFolder('old');
  const file = join(await temporaryFolder(), 'backup.db');
  writeFileSync(file, 'mine');
  const { code, stdout, stderr } = await run(['backup', file], given(directory));
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(`${file} already exists`);
  expect(readFileSync(file, 'utf8')).toBe('mine');
});

test('two at the same time to one file: the file is whole, whoever made it', async () => {
  const directory = await markedFolder('old');
  const folder = await temporaryFolder();
  const file = join(folder, 'backup.db');
  const programs = [1, 2].map(() => startProgram(given(directory), ['src/cli/main.ts', 'backup', file]));
  const codes = await Promise.all(programs.map(({ exited }) => exited));
  expect(codes).toContain(0);
  expect(readdirSync(folder)).toEqual(['backup.db']);
  expect(await markerOf({ kind: 'file', directory: await folderOf(file) })).toBe('old');
});

test('a place that cannot be written is named, with the reason', async () => {
  const directory = await markedFolder('old');
  const folder = await temporaryFolder();
  writeFileSync(join(folder, 'plain'), '');
  const refused = async (file: string) => {
    const { code, stdout, stderr } = await run(['backup', file], given(directory));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    return stderr;
  };
  const missing = join(folder, 'missing', 'backup.db');
  expect(await refused(missing)).toBe(`${missing} cannot be written (ENOENT).\n`);
  const below = join(folder, 'plain', 'backup.db');
  expect(await refused(below)).toBe(`${below} cannot be written (ENOTDIR).\n`);
  if (process.getuid?.() !== 0) {
    await mkdir(join(folder, 'closed'), { mode: 0o500 });
    expect(await refused(join(folder, 'closed', 'backup.db'))).toContain('(EACCES)');
  }
});

test('a disk that takes no more leaves nothing behind', async () => {
  const directory = await markedFolder('old');
  enlarge(join(directory, 'gatehouse.db'));
  const folder = await temporaryFolder();
  const { code, stdout, stderr } = runCramped(['backup', join(folder, 'backup.db')], given(directory));
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^Storage is unavailable: the disk [a-z ]+\.\n$/);
  expect(readdirSync(folder)).toEqual([]);
});

test('a folder without a database is told so, and stays as it is', async () => {
  const directory = await temporaryFolder();
  const file = join(directory, 'backup.db');
  expect(await run(['backup', file], given(directory))).toMatchObject({
    code: 1,
    stderr: `There is no database ${join(directory, 'gatehouse.db')}. Give the folder that holds it with GATEHOUSE_DATA.\n`,
  });
  expect(readdirSync(directory)).toEqual([]);
});

test.each([
  ['empty', '', 'is not a database of Gatehouse'],
  ['a text', 'Hello.\n'.repeat(1000), 'is not a SQLite database'],
])('a database that is %s is not copied', async (_, contents, message) => {
  const directory = await temporaryFolder();
  writeFileSync(join(directory, 'gatehouse.db'), contents);
  const before = filesOf(directory);
  const file = join(await temporaryFolder(), 'backup.db');
  const { code, stderr } = await run(['backup', file], given(directory));
  expect(code).toBe(1);
  expect(stderr).toContain(`${join(directory, 'gatehouse.db')} ${message}`);
  expect(filesOf(directory)).toEqual(before);
  expect(existsSync(file)).toBe(false);
});
