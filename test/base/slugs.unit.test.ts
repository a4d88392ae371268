import { expect, it } from 'vitest';
import { slugOf } from '../../src/base/slugs.ts';

it.each([
  ['GitHub Tools', 'github-tools'],
  ['Hello, World! @ Idun', 'hello-world-idun'],
  ['foo--bar---baz', 'foo-bar-baz'],
  ['Café Münster', 'cafe-munster'],
  ['Straße Œuvre ﬁ №1', 'strae-uvre-fi-no1'],
  ['time 2', 'time-2'],
  ['\u00a0 -_Time_- \n', 'time'],
  ['İstanbul \u212Aelvin ①', 'istanbul-kelvin-1'],
])('%s becomes %s', (name, slug) => {
  expect(slugOf(name)).toBe(slug);
});

it.each(['', ' ', '!!!', '时间', '🔑', '-\u0301-'])('"%s" gives no slug', (name) => {
  expect(slugOf(name)).toBeNull();
});

it('is cut after 64 characters', () => {
  expect(slugOf('a'.repeat(200))).toBe('a'.repeat(64));
  expect(slugOf(`${'a'.repeat(63)} b`)).toBe(`${'a'.repeat(63)}-`);
  expect(slugOf(`${' '.repeat(200)}a`)).toBe('a');
});
