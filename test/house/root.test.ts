import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
/** All that belongs to the root of the project. Programs that run here can leave files beside it. */
const NAMES = [
  ...['.ci', '.editorconfig', '.github', '.gitignore', '.node-version', '.npmrc'],
  ...['CHANGELOG.md', 'CONTRIBUTING.md', 'LICENSE', 'README.md', 'SECURITY.md', 'VERSIONING.md'],
  ...['bench', 'bin', 'docs', 'examples', 'generated', 'openapi', 'packages', 'src', 'test'],
  ...['biome.json', 'package-lock.json', 'package.json', 'redocly.yaml', 'renovate.json'],
  ...['tsconfig.build.json', 'tsconfig.json', 'vitest.config.ts'],
];

test('no file that a program has left at the root is committed', () => {
  const paths = execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' }).trim().split('\n');
  const names = new Set(paths.map((path) => path.split('/')[0]));
  expect([...names].toSorted()).toEqual(NAMES.toSorted());
});
