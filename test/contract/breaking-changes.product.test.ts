import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ROOT } from '../support/process.ts';

const BUNDLE = 'generated/openapi.json';
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-diff-'));
afterAll(() => rmSync(folder, { recursive: true }));

const git = (...args: string[]) => spawnSync('git', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });

/** What users have: the last release, else main. */
function baseline(): string | undefined {
  const tag = git('describe', '--tags', '--abbrev=0', '--match', 'v*').stdout.trim();
  const refs = [tag, 'origin/main', 'main'].filter((ref) => ref !== '');
  return refs.map((ref) => git('show', `${ref}:${BUNDLE}`)).find(({ status }) => status === 0)?.stdout;
}

/** Whether clients of `base` can go on with `revision`, or its version says that they cannot. */
function compatible(base: string, revision: string): boolean {
  const [before, after] = [join(folder, 'before.json'), join(folder, 'after.json')];
  writeFileSync(before, base);
  writeFileSync(after, revision);
  const diff = (...flags: string[]) =>
    spawnSync(
      join(ROOT, 'node_modules/.bin/redocly'),
      ['diff', before, after, '--config', 'openapi/redocly.diff.yaml', ...flags],
      { cwd: ROOT, encoding: 'utf8' },
    ).status === 0;
  return diff('--fail-on', 'major') || diff('--fail-on', 'none', '--check-version');
}

const bundle = readFileSync(join(ROOT, BUNDLE), 'utf8');
const base = baseline();

test.skipIf(base === undefined)(
  'no breaking change since the last release, or main, unless the version says so',
  () => {
    expect(compatible(base ?? '', bundle)).toBe(true);
  },
);

test('a property that is taken away needs a version that says so', () => {
  const changed = JSON.parse(bundle);
  const { McpServer } = changed.components.schemas;
  delete McpServer.properties.tags;
  McpServer.required = McpServer.required.filter((name: string) => name !== 'tags');
  expect(compatible(bundle, JSON.stringify(changed))).toBe(false);
  changed.info.version = '1.0.0';
  expect(compatible(bundle, JSON.stringify(changed))).toBe(true);
});

test('the version of the document is that of the package', () => {
  expect(JSON.parse(bundle).info.version).toBe(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version);
});

test('generated/ is what `npm run generate` makes of openapi/', () => {
  const redocly = join(ROOT, 'node_modules/.bin/redocly');
  const [fresh, types] = [join(folder, 'openapi.json'), join(folder, 'api.ts')];
  execFileSync(redocly, ['bundle', 'gatehouse', '-o', fresh], { cwd: ROOT, stdio: 'ignore' });
  expect(readFileSync(fresh, 'utf8') === bundle, 'run `npm run generate`').toBe(true);
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const flags = /openapi-typescript \S+ (.*) -o /.exec(scripts.generate)?.[1]?.split(' ') ?? [];
  const generator = join(ROOT, 'node_modules/.bin/openapi-typescript');
  execFileSync(generator, [BUNDLE, ...flags, '-o', types], { cwd: ROOT, stdio: 'ignore' });
  expect(
    readFileSync(types, 'utf8') === readFileSync(join(ROOT, 'generated/api.ts'), 'utf8'),
    'run `npm run generate`',
  ).toBe(true);
  const raw = join(folder, 'raw-operations.ts');
  execFileSync(process.execPath, ['openapi/raw-operations.mjs', BUNDLE, raw], { cwd: ROOT });
  const kept = readFileSync(join(ROOT, 'generated/raw-operations.ts'), 'utf8');
  expect(readFileSync(raw, 'utf8') === kept, 'run `npm run generate`').toBe(true);
  const blocks = join(folder, 'json-blocks.ts');
  execFileSync(process.execPath, ['src/base/fast/embed-wasm.mjs', 'src/base/fast/json-blocks.wat', blocks], {
    cwd: ROOT,
  });
  const keptBlocks = readFileSync(join(ROOT, 'generated/json-blocks.ts'), 'utf8');
  expect(readFileSync(blocks, 'utf8') === keptBlocks, 'run `npm run generate`').toBe(true);
});
