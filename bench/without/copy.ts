import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Defer } from '../closers.ts';

const ROOT = join(import.meta.dirname, '../..');
/** What `npm start` needs of a checkout that is compiled. */
const NEEDED = ['bin', 'dist', 'generated', 'package.json'];

/** A compiled copy of the project, whose parts can be replaced. */
export type Copy = {
  readonly root: string;
  /** Replaces text that stands in a file exactly once. Throws if it does not. */
  readonly edit: (file: string, text: string | RegExp, by: string) => void;
  /** Replaces a compiled module of `src/` by one of this folder with the same exports. */
  readonly swap: (module: string, by: string) => void;
};

/** Copies what is compiled. */
export function copyProject(defer: Defer): Copy {
  const root = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  defer(async () => rmSync(root, { recursive: true }));
  for (const name of NEEDED) {
    cpSync(join(ROOT, name), join(root, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  return {
    root,
    edit: (file, text, by) => {
      const before = readFileSync(join(root, file), 'utf8');
      if (before.split(text).length !== 2) {
        throw new Error(`${file} does not have once: ${text}`);
      }
      writeFileSync(
        join(root, file),
        before.replace(text, () => by),
      );
    },
    swap: (module, by) => {
      const source = readFileSync(join(import.meta.dirname, by), 'utf8');
      writeFileSync(join(root, 'dist/src', module), stripTypeScriptTypes(source));
    },
  };
}
