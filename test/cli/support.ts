import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { onTestFinished } from 'vitest';
import { runGatehouse } from '../../src/cli/cli.ts';
import { openStore } from '../../src/store/open.ts';
import * as servers from '../../src/store/servers.ts';
import * as settings from '../../src/store/settings.ts';
import type { Store, StoreOptions } from '../../src/store/store.ts';
import { anOrganization, aServer } from '../store/support/samples.ts';
import { ROOT } from '../support/process.ts';

/** What seals where a test does not say. */
export const KEY = Buffer.alloc(32, 'k');
export const base64 = (...keys: readonly Buffer[]): string => keys.map((key) => key.toString('base64')).join(',');

/** A new folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-cli-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export type Run = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** Runs `gatehouse` in this process. `onStderr` and `onStdout` see texts as they come, and may interrupt the command. */
export async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  onStderr: (text: string, interrupt: () => void) => void = () => undefined,
  onStdout: (text: string, interrupt: () => void) => void = () => undefined,
): Promise<Run> {
  const output = { stdout: '', stderr: '' };
  const interruption = new AbortController();
  const code = await runGatehouse({
    args,
    env,
    hasColors: false,
    stdout: (text) => {
      output.stdout += text;
      onStdout(output.stdout, () => interruption.abort());
    },
    stderr: (text) => {
      output.stderr += text;
      onStderr(text, () => interruption.abort());
    },
    interruption: () => interruption.signal,
    now: Date.now,
  });
  return { code, ...output };
}

/** Runs `gatehouse` as a program that can write no file larger than a megabyte or two, as on a full disk. */
export function runCramped(args: readonly string[], env: Readonly<Record<string, string>>): Run {
  const command = ['-r', './bin/preload.cjs', 'src/cli/main.ts', ...args];
  const limited = ['-c', 'ulimit -f 2000 && exec "$0" "$@"', process.execPath, ...command];
  const options = { cwd: ROOT, env: { PATH: process.env.PATH, ...env }, encoding: 'utf8' } as const;
  const { status, stdout, stderr } = spawnSync('sh', limited, options);
  return { code: status ?? -1, stdout, stderr };
}

/** Makes a database some five megabytes larger. Nobody may have it open. */
export function enlarge(file: string): void {
  const database = new DatabaseSync(file);
  database.exec(`insert into settings with recursive numbers(n) as (select 1 union all select n + 1 from numbers
    where n < 20000) select 'filler ' || n, hex(zeroblob(125)) from numbers`);
  database.close();
}

const MARKER = 'marker';

/** Uses the database at a location, and closes it. */
export async function withStore<T>(
  location: StoreOptions['location'],
  secretKeys: readonly Buffer[],
  use: (store: Store) => Promise<T>,
): Promise<T> {
  const store = await openStore({ location, secretKeys, log: () => undefined, now: Date.now });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

const MARKED = 'Authorization';

/** Makes a database that says `marker`, with servers that have it in their sealed headers. */
export const makeMarked = (
  location: StoreOptions['location'],
  marker: string,
  { keys = [KEY], count = 1 }: { keys?: readonly Buffer[]; count?: number } = {},
): Promise<void> =>
  withStore(location, keys, async (store) => {
    const organizationId = await anOrganization(store, 'org_marked');
    await store.write(async (db) => {
      await settings.set(db, MARKER, marker);
      for (let index = 0; index < count; index += 1) {
        await servers.insert(db, aServer(organizationId, { requestHeaders: { [MARKED]: marker } }));
      }
    });
  });

/** What a database says, everything sealed in it having been opened; throws when its servers say something else. */
export const markerOf = (location: StoreOptions['location'], keys: readonly Buffer[] = [KEY]): Promise<string | null> =>
  withStore(location, keys, async ({ read }) => {
    const marker = await settings.get(read, MARKER);
    const query = { offset: 0, limit: 10_000, sort: 'created_at', order: 'asc' } as const;
    const all = marker === null ? [] : await servers.page(read, 'org_marked', query);
    if (all.some(({ requestHeaders }) => requestHeaders[MARKED] !== marker)) {
      throw new Error('A server does not say what the database says.');
    }
    return marker;
  });

/** A data folder with a database that says `marker`. */
export async function markedFolder(marker: string, keys: readonly Buffer[] = [KEY]): Promise<string> {
  const directory = await temporaryFolder();
  await makeMarked({ kind: 'file', directory }, marker, { keys });
  return directory;
}

/** Every file of a folder with a hash of what it holds. No store of this process may be open on them. */
export const filesOf = (directory: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(directory).map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(directory, name)))
        .digest('hex'),
    ]),
  );
