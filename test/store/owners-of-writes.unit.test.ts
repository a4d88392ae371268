import { readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { beforeAll, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const DECLARED = join(ROOT, 'src/store/store.ts');

/**
 * What the operator does, and what the gateway does for all organizations together. Whatever an organization does or causes
 * goes through `writeFor`, where it takes its turn.
 */
const MAY_WRITE = [
  'src/audit/changes.ts',
  'src/auth/first-credentials.ts',
  'src/audit/calls.ts',
  'src/auth/credentials.ts',
  'src/auth/member-sign-in.ts',
  'src/auth/sessions.ts',
  'src/auth/sign-in.ts',
  'src/operator/credentials.ts',
  'src/operator/grants.ts',
  'src/operator/members.ts',
  'src/operator/organizations.ts',
  'src/operator/shared-servers.ts',
  'src/store/health.ts',
  'src/store/purge.ts',
  'src/store/rekey.ts',
];

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ESNext,
  // Without the types of browsers, which are most of all that is read.
  lib: ['lib.esnext.d.ts'],
  types: [],
  module: ts.ModuleKind.NodeNext,
  allowImportingTsExtensions: true,
  noEmit: true,
  strict: true,
};

/** The files in which `Store.write` is named: as a member, or taken out of a store. */
function writersAmong(files: readonly string[], texts: Readonly<Record<string, string>>): string[] {
  const host = ts.createCompilerHost(OPTIONS, true);
  const { readFile, fileExists } = host;
  host.readFile = (path) => texts[path] ?? readFile(path);
  host.fileExists = (path) => path in texts || fileExists(path);
  const program = ts.createProgram({ rootNames: files, options: OPTIONS, host });
  const checker = program.getTypeChecker();
  const isOfStore = (symbol: ts.Symbol | undefined): boolean =>
    symbol?.declarations?.some((declaration) => declaration.getSourceFile().fileName === DECLARED) === true;

  const namesWrite = (node: ts.Node): boolean => {
    if (ts.isPropertyAccessExpression(node)) {
      return node.name.text === 'write' && isOfStore(checker.getSymbolAtLocation(node.name));
    }
    if (ts.isElementAccessExpression(node)) {
      const name = node.argumentExpression;
      return (
        ts.isStringLiteral(name) &&
        name.text === 'write' &&
        isOfStore(checker.getTypeAtLocation(node.expression).getProperty('write'))
      );
    }
    return (
      ts.isBindingElement(node) &&
      (node.propertyName ?? node.name).getText() === 'write' &&
      isOfStore(checker.getTypeAtLocation(node.parent).getProperty('write'))
    );
  };
  const holds = (node: ts.Node): boolean => namesWrite(node) || ts.forEachChild(node, holds) === true;
  return files.filter((file) => {
    const source = program.getSourceFile(file);
    return source !== undefined && holds(source);
  });
}

const PLANTED: [string, string, boolean][] = [
  ['a member', 'export const f = (deps: { store: Store }) => deps.store.write(async () => 1);', true],
  ['a member by its text', "export const f = (store: Store) => store['write'](async () => 1);", true],
  ['taken out', 'export const f = ({ write }: Store) => write(async () => 1);', true],
  ['taken out under another name', 'export const f = ({ write: w }: Store) => w(async () => 1);', true],
  ['taken out of a part', "export const f = ({ write }: Pick<Store, 'write'>) => write(async () => 1);", true],
  ['taken out in a level', 'export const f = ({ store: { write } }: { store: Store }) => write(async () => 1);', true],
  ['in turn', "export const f = (store: Store) => store.writeFor('org_a', async () => 1);", false],
  ['to something else', 'export const f = (out: { write(text: string): void }) => out.write("x");', false],
];
const plantedAt = (index: number): string => join(ROOT, `src/planted-${index}.ts`);

// One program for all: to read the types takes a while.
const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join(ROOT, 'src', name));
const planted = Object.fromEntries(
  PLANTED.map(([, text], index) => [plantedAt(index), `import type { Store } from './store/store.ts';\n${text}\n`]),
);
let writers: string[];
beforeAll(() => {
  writers = writersAmong([...files, ...Object.keys(planted)], planted);
});

it('only the operator and the gateway itself use write without an organization', () => {
  const own = writers.filter((file) => !(file in planted)).map((file) => relative(ROOT, file));
  expect(own.toSorted()).toEqual(MAY_WRITE.toSorted());
});

it.each(PLANTED.map(([name, , isWriter], index) => ({ name, index, isWriter })))(
  'the search finds a write: $name',
  (found) => {
    expect(writers.includes(plantedAt(found.index))).toBe(found.isWriter);
  },
);
