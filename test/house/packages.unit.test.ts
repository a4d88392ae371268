import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { SOURCES } from './imports.ts';

const ROOT = join(import.meta.dirname, '../..');
const { name, dependencies, peerDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly name: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
};

test('src loads the code of its dependencies only, and of development dependencies only types', () => {
  // The console is built into one bundle with its packages.
  const running = SOURCES.filter((file) => !file.startsWith('src/console/'));
  const loaded = running.flatMap((file) =>
    packagesLoadedBy(readFileSync(join(ROOT, file), 'utf8')).map((loads) => ({ file, loads })),
  );
  expect(loaded.length).toBeGreaterThan(50);
  const foreign = loaded.filter(
    ({ loads }) => loads !== name && !Object.hasOwn({ ...dependencies, ...peerDependencies }, loads),
  );
  // `gatehouse docs` works in a clone only, and `gatehouse mock` runs the Prism that its user has installed.
  expect(foreign).toEqual([
    { file: 'src/docs/generated-samples.ts', loads: '@scalar/snippetz' },
    { file: 'src/mock/prism.ts', loads: '@stoplight/prism-http' },
  ]);
});

test.each([
  ["import { a } from 'pkg/sub';", ['pkg']],
  ["import a, { type B } from '@scope/pkg/sub';", ['@scope/pkg']],
  ["export { a } from 'pkg';", ['pkg']],
  ["const a = await import('pkg');", ['pkg']],
  ["import type { A } from 'pkg'; export type { B } from 'pkg'; import fs from 'node:fs'; import './own.ts';", []],
])('the packages that %s loads', (text, packages) => {
  expect(packagesLoadedBy(text)).toEqual(packages);
});

/** The packages whose code a module loads, by import, export or `import()`; imports of types load nothing. */
function packagesLoadedBy(text: string): string[] {
  const loaded: string[] = [];
  const visit = (node: ts.Node): void => {
    const isOfTypes =
      (ts.isImportDeclaration(node) && node.importClause?.isTypeOnly === true) ||
      (ts.isExportDeclaration(node) && node.isTypeOnly);
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && !isOfTypes) {
      loaded.push(...packageOf(node.moduleSpecifier));
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      loaded.push(...packageOf(node.arguments[0]));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('module.ts', text, ts.ScriptTarget.Latest));
  return loaded;
}

function packageOf(specifier: ts.Expression | undefined): string[] {
  const path = specifier !== undefined && ts.isStringLiteral(specifier) ? specifier.text : '.';
  if (path.startsWith('.') || isBuiltin(path)) {
    return [];
  }
  const [first = '', second = ''] = path.split('/');
  return [first.startsWith('@') ? `${first}/${second}` : first];
}
