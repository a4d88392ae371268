import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { keyIdOf } from '../../src/store/secrets.ts';
import type { StoreOptions } from '../../src/store/store.ts';
import { createDatabase } from '../store/support/postgres.ts';
import { startProgram } from '../support/process.ts';
import { base64, makeMarked, markedFolder, markerOf, KEY as OLD, run, temporaryFolder, withStore } from './support.ts';

const NEW = Buffer.alloc(32, 'n');
const [OLD_ID, NEW_ID] = [keyIdOf(OLD), keyIdOf(NEW)];
/** More than two slices. */
const COUNT = 600;

type Place = { location: StoreOptions['location']; env: Record<string, string> };

async function inFolder(): Promise<Place> {
  const directory = await temporaryFolder();
  return { location: { kind: 'file', directory }, env: { GATEHOUSE_DATA: directory } };
}

async function onPostgres(): Promise<Place> {
  const url = await createDatabase(inject('postgresUrl') ?? '');
  return { location: { kind: 'postgres', url }, env: { DATABASE_URL: url, GATEHOUSE_DATA: await temporaryFolder() } };
}

const keys = (...all: readonly Buffer[]) => ({ GATEHOUSE_SECRET_KEY: base64(...all) });

describe.each([
  ['SQLite', inFolder],
  ['PostgreSQL', onPostgres],
])('on %s', (_, place) => {
  test('the old key can be dropped; counts and progress say so', async () => {
    const { location, env } = await place();
    await makeMarked(location, 'sealed', { count: COUNT });
    const { code, stdout, stderr } = await run(['rekey'], { ...env, ...keys(NEW, OLD) });
    expect(code).toBe(0);
    expect(stderr).toBe('256 of 600 values\n512 of 600 values\n600 of 600 values\n');
    expect(stdout.split('\n')).toEqual([
      `600 values encrypted again with key ${NEW_ID}. Values by key:`,
      `  ${NEW_ID}  600`,
      `  ${OLD_ID}  0, no longer needed: remove it from GATEHOUSE_SECRET_KEY`,
      '',
    ]);
    expect(await markerOf(location, [NEW])).toBe('sealed');
    const again = await run(['rekey'], { ...env, ...keys(NEW) });
    expect(again).toEqual({
      code: 0,
      stdout: `0 values encrypted again with key ${NEW_ID}. Values by key:\n  ${NEW_ID}  600\n`,
      stderr: '',
    });
  });

  test('interrupted: says so, leaves everything open to both keys, and the next run does the rest', async () => {
    const { location, env } = await place();
    await makeMarked(location, 'sealed', { count: COUNT });
    const first = await run(['rekey'], { ...env, ...keys(NEW, OLD) }, (_text, interrupt) => interrupt());
    expect(first).toEqual({
      code: 130,
      stdout: '',
      stderr: '256 of 600 values\nInterrupted. 256 values encrypted again. Run the command again for the rest.\n',
    });
    expect(await markerOf(location, [NEW, OLD])).toBe('sealed');
    await expect(markerOf(location, [NEW])).rejects.toThrow(`lacks key ${OLD_ID}`);
    const { code, stdout } = await run(['rekey'], { ...env, ...keys(NEW, OLD) });
    expect([code, stdout]).toEqual([0, expect.stringContaining(`344 values encrypted again with key ${NEW_ID}.`)]);
    expect(await markerOf(location, [NEW])).toBe('sealed');
  });

  test('is refused while a server runs, which is named', async () => {
    const { env } = await place();
    const server = startProgram({ ...env, ...keys(OLD) });
    await server.ready;
    const { code, stdout, stderr } = await run(['rekey'], { ...env, ...keys(NEW, OLD) });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(new RegExp(`is in use by another process \\(.*pid ${server.child.pid}\\b`));
    server.child.kill('SIGTERM');
    expect(await server.exited).toBe(0);
  });

  test('a value that does not open is named, and keeps its key', async () => {
    const { location, env } = await place();
    await makeMarked(location, 'sealed', { count: 2 });
    const damaged = await withStore(location, [OLD], async ({ read, write }) => {
      const { id } = await read.sql.selectFrom('servers').select('id').executeTakeFirstOrThrow();
      const request_headers = `${OLD_ID}.AAAA`;
      await write(({ sql }) => sql.updateTable('servers').set({ request_headers }).where('id', '=', id).execute());
      return id;
    });
    const { code, stdout, stderr } = await run(['rekey'], { ...env, ...keys(NEW, OLD) });
    expect(code).toBe(1);
    expect(stdout).toContain(`1 value encrypted again with key ${NEW_ID}.`);
    expect(stdout).toContain(`  ${OLD_ID}  1\n`);
    expect(stderr).toContain(`1 value not encrypted again:\n  servers.request_headers:${damaged}\n`);
  });

  test('without the key that sealed, which is named, nothing is changed', async () => {
    const { location, env } = await place();
    await makeMarked(location, 'sealed');
    const { code, stderr } = await run(['rekey'], { ...env, ...keys(NEW) });
    expect([code, stderr]).toEqual([1, expect.stringContaining(`GATEHOUSE_SECRET_KEY lacks key ${OLD_ID}`)]);
    expect(await markerOf(location, [OLD])).toBe('sealed');
  });
});

test('as a program, killed at its first progress: the next run does the rest', async () => {
  const { location, env } = await inFolder();
  await makeMarked(location, 'sealed', { count: 3000 });
  const program = startProgram({ ...env, ...keys(NEW, OLD) }, ['src/cli/main.ts', 'rekey']);
  await expect.poll(program.output, { interval: 1, timeout: 30_000 }).toContain('of 3000 values');
  program.child.kill('SIGKILL');
  await program.exited;
  expect(await markerOf(location, [NEW, OLD])).toBe('sealed');
  expect(await run(['rekey'], { ...env, ...keys(NEW, OLD) })).toMatchObject({ code: 0 });
  expect(await markerOf(location, [NEW])).toBe('sealed');
});

test('as a program, interrupted: the slice under way is finished, and the status says so', async () => {
  const { location, env } = await inFolder();
  await makeMarked(location, 'sealed', { count: 3000 });
  const program = startProgram({ ...env, ...keys(NEW, OLD) }, ['src/cli/main.ts', 'rekey']);
  await expect.poll(program.output, { interval: 1, timeout: 30_000 }).toContain('of 3000 values');
  program.child.kill('SIGINT');
  // It may have been done by then.
  expect([0, 130]).toContain(await program.exited);
  expect(await markerOf(location, [NEW, OLD])).toBe('sealed');
});

test('with the key file: says how many values it seals', async () => {
  const key = Buffer.alloc(32, 'f');
  const directory = await markedFolder('sealed', [key]);
  const refused = await run(['rekey'], { GATEHOUSE_DATA: directory });
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('There is no key')]);
  writeFileSync(join(directory, 'secret.key'), base64(key));
  const { code, stdout } = await run(['rekey'], { GATEHOUSE_DATA: directory });
  expect([code, stdout]).toEqual([0, expect.stringContaining(`\n  ${keyIdOf(key)}  1\n`)]);
});

test('where there is no database, none is made', async () => {
  const directory = join(await temporaryFolder(), 'data');
  const { code, stderr } = await run(['rekey'], { GATEHOUSE_DATA: directory, ...keys(NEW) });
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining(`There is no database ${join(directory, 'gatehouse.db')}`),
  ]);
  expect(readdirSync(join(directory, '..'))).toEqual([]);

  const { location, env } = await onPostgres();
  const empty = await run(['rekey'], { ...env, ...keys(NEW) });
  expect([empty.code, empty.stderr]).toEqual([1, expect.stringContaining('The database is empty')]);
  const other = await run(['rekey'], { ...env, ...keys(OLD) });
  expect(other).toEqual(empty);
  await makeMarked(location, 'the first');
});
