import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SOURCES } from './imports.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Numbers, and arithmetic with other constants. */
const NUMERIC =
  /^(?:export )?const ([A-Z][A-Z\d_]*) = ([\d_.]+(?:n|e\d+)?|0x[\da-f]+|0o\d+|[\d\s_.*/+()A-Z-]*\d[\d\s_.*/+()A-Z-]*);$/gm;
/**
 * What the name of a number ends in: a unit, or the plural of the things that it counts. Codes, statuses, ids and ports are
 * numbers that count nothing.
 */
const UNIT = /(?:_MS|_SECONDS|_DAYS|_BYTES|_CHARS|_MB|MIB|GIB|_RATIO|_PER_[A-Z_]+|_CODE|_STATUS|_ID|_PORT|[A-Z]{2,}S)$/;

const withoutUnit = (text: string): string[] =>
  [...text.matchAll(NUMERIC)].map(([, name = '']) => name).filter((name) => !UNIT.test(name));

test('the name of every numeric constant of a module ends with a unit', () => {
  const found = SOURCES.flatMap((file) =>
    withoutUnit(readFileSync(join(ROOT, file), 'utf8')).map((name) => `${file}: ${name}`),
  );
  expect(found).toEqual([]);
});

test.each([
  ['const LOOK = 500;', ['LOOK']],
  ['export const LARGEST = 16 * 1024 * 1024;', ['LARGEST']],
  ['const LONGEST = 2 * KEPT_BYTES;', ['LONGEST']],
  ['const DEEPEST = 2 ** 24;', ['DEEPEST']],
  ['const LOOK_INTERVAL_MS = 500;\nconst MAX_TOOLS = 1_000;\nconst NOT_FOUND_STATUS = 404;', []],
  ["const NAME = '500';\nconst URL = `http://127.0.0.1:1`;", []],
])('%j', (text, names) => {
  expect(withoutUnit(text)).toEqual(names);
});
