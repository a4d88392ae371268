import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { roomOf } from './floors.ts';
import { SOURCES } from './imports.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Programs and pages beside the gateway. */
const BESIDE = ['cli', 'client', 'docs', 'embedded-server.ts', 'mock', 'sandbox', 'server.ts', 'suite'];
const EXPORT = /^export (?:async )?(?:function\*?|const|class|type) (\w+)/;

test('every export of the gateway has a docstring', () => {
  const files = SOURCES.filter((file) => !BESIDE.includes(roomOf(file)));
  const found = files.flatMap((file) =>
    undocumentedIn(readFileSync(join(ROOT, file), 'utf8')).map((name) => `${file}: ${name}`),
  );
  expect(files.length).toBeGreaterThan(250);
  expect(found).toEqual([]);
});

test.each([
  ['/** Says it. */\nexport const a = 1;', []],
  ['/**\n * Says it.\n */\nexport function a() {}', []],
  ['const a = 1;\nexport const b = 2;', ['b']],
  ['/** Says it. */\nexport type A = 1;\nexport async function b() {}', ['b']],
  ['// Says it.\nexport class A {}', ['A']],
])('the exports without a docstring in %j', (text, names) => {
  expect(undocumentedIn(text)).toEqual(names);
});

function undocumentedIn(text: string): string[] {
  const lines = text.split('\n');
  return lines.flatMap((line, at) => {
    const [, name] = EXPORT.exec(line) ?? [];
    return name !== undefined && lines[at - 1]?.trim().endsWith('*/') !== true ? [name] : [];
  });
}
