import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '../..');

/** One file of `src` that names another as a module. Paths are relative to the project. */
export type Import = { readonly from: string; readonly to: string };

/** All files of `src`, relative to the project. */
export const SOURCES: readonly string[] = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name) && !name.endsWith('.d.ts'))
  .map((name) => join('src', name))
  .toSorted();

/** A worker's file, whose name ends as that of the file which starts it: `.ts` here, `.js` in the package. */
const WORKER = /new URL\(`(\.[^`$]+)\$\{extname\(import\.meta\.url\)\}`/g;

/** Every import between two files of `src`: of code and of types, at once and later, and of workers. */
export const readImports = (): Import[] =>
  SOURCES.flatMap((from) => {
    const text = readFileSync(join(ROOT, from), 'utf8');
    const modules = ts.preProcessFile(text).importedFiles.map(({ fileName }) => fileName);
    const workers = [...text.matchAll(WORKER)].map(([, path]) => `${path}.ts`);
    return [...modules, ...workers]
      .filter((name) => name.startsWith('.'))
      .map((name) => ({ from, to: relative(ROOT, join(ROOT, dirname(from), name)) }))
      .filter(({ to }) => SOURCES.includes(to));
  });
