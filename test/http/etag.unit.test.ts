import { expect, test } from 'vitest';
import { type ExpectedVersion, requireVersion } from '../../src/base/expected-version.ts';
import { etag, parseIfMatch } from '../../src/http/etag.ts';

test.each<[header: string | undefined, versions: ExpectedVersion]>([
  [undefined, 'any'],
  ['*', 'any'],
  ['"7", *', 'any'],
  ['"7"', [7]],
  [' "7" ,"9"', [7, 9]],
  ['W/"7"', []],
  ['7', []],
  ['"07"', []],
  ['"7.0"', []],
  ['"9007199254740993"', []],
  ['"other", "7"', [7]],
  ['', []],
])('If-Match: %s', (header, versions) => {
  expect(parseIfMatch(header)).toEqual(versions);
});

test('refuses a change for no version, and accepts one for any version', () => {
  expect(() => requireVersion([], 7)).toThrow('has changed');
  expect(() => requireVersion([6, 8], 7)).toThrow('has changed');
  expect(() => requireVersion(parseIfMatch(etag(7)), 7)).not.toThrow();
  expect(() => requireVersion('any', 7)).not.toThrow();
});
