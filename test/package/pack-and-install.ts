import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ROOT } from '../support/process.ts';

const run = promisify(execFile);

/** What `npm pack` says that it has made. */
export type Packed = { filename: string; size: number; files: { path: string }[] };

/** What a run of the tests has packed. */
type Pack = { readonly packed: Packed; readonly tarball: string };

/** Packs the server's package, once for a run of the tests, and installs it in a project `consumer` of the caller's own. */
export async function packAndInstall() {
  const { packed, tarball } = await packOnce();
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-package-'));
  const consumer = join(folder, 'consumer');
  await mkdir(consumer);
  await writeFile(join(consumer, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  await install(tarball, consumer);
  return { packed, tarball, consumer, remove: () => rm(folder, { recursive: true }) };
}

/** Whoever makes the folder packs into it; the others wait. If it fails, the next one tries. */
async function packOnce(): Promise<Pack> {
  const folder = join(process.env.GATEHOUSE_TEST_RUN ?? '', 'package');
  const result = join(folder, 'packed.json');
  while (!existsSync(result)) {
    try {
      await mkdir(folder);
    } catch {
      await setTimeout(200);
      continue;
    }
    try {
      await writeFile(`${result}.new`, JSON.stringify(await pack(join(folder, 'source'))));
      await rename(`${result}.new`, result);
    } catch (error) {
      await rm(folder, { recursive: true });
      throw error;
    }
  }
  return JSON.parse(await readFile(result, 'utf8'));
}

/** Packs a copy of the project: what lies in `dist` here may be older than the sources, and others may be reading it. */
async function pack(source: string): Promise<Pack> {
  const untouched = new Set(['.git', 'node_modules', 'dist'].map((name) => join(ROOT, name)));
  await cp(ROOT, source, { recursive: true, filter: (path) => !untouched.has(path) });
  await symlink(join(ROOT, 'node_modules'), join(source, 'node_modules'));
  await mkdir(join(source, 'data'), { recursive: true });
  await writeFile(join(source, 'data/gatehouse.db'), 'secret');
  // `npm run typecheck` checks the types: to check them here again takes most of the time of packing.
  const settings = join(source, 'tsconfig.build.json');
  const { compilerOptions, ...rest } = JSON.parse(await readFile(settings, 'utf8'));
  await writeFile(settings, JSON.stringify({ ...rest, compilerOptions: { ...compilerOptions, noCheck: true } }));
  const { stdout } = await run('npm', ['pack', '--json'], { cwd: source });
  const [packed] = JSON.parse(stdout.slice(stdout.lastIndexOf('\n[') + 1)) as [Packed];
  return { packed, tarball: join(source, packed.filename) };
}

/**
 * Unpacks the tarball where `npm install` would, with its programs, beside the packages that it depends on at run time and no
 * others. They come from this project's own installation: tests must not need a registry.
 */
async function install(tarball: string, consumer: string): Promise<void> {
  const modules = join(consumer, 'node_modules');
  const own = join(modules, 'mcp-gatehouse');
  await mkdir(own, { recursive: true });
  await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', own]);
  const { bin } = JSON.parse(await readFile(join(own, 'package.json'), 'utf8')) as { bin: Record<string, string> };
  await mkdir(join(modules, '.bin'));
  for (const [name, path] of Object.entries(bin)) {
    await symlink(join(own, path), join(modules, '.bin', name));
  }
  const { stdout } = await run('npm', ['ls', '--all', '--omit=dev', '--parseable'], { cwd: ROOT });
  const names = stdout.split('\n').flatMap((path) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path)?.[1] ?? []);
  for (const name of new Set(names)) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), join(modules, name));
  }
}
