import { expect, test } from 'vitest';
import { retryAfterOf } from '../../src/runtime/retry-after.ts';

const NOW = Date.parse('2026-11-30T12:00:00Z');

test.each<[string | undefined, number | undefined]>([
  [undefined, undefined],
  ['30', 30],
  ['0', 1],
  ['999999999', 86_400],
  ['Mon, 30 Nov 2026 12:01:30 GMT', 90],
  ['Mon, 30 Nov 2026 11:00:00 GMT', 1],
  ['soon', undefined],
  ['', undefined],
  ['1e400', undefined],
])('reads Retry-After: %s as %s seconds', (value, seconds) => {
  expect(retryAfterOf({ headers: value === undefined ? {} : { 'retry-after': value } }, NOW)).toBe(seconds);
});
