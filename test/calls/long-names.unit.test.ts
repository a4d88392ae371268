import { expect, test } from 'vitest';
import { multipartOf } from '../../src/calls/multipart.ts';
import { joinPairs, pairsOf } from '../../src/calls/styles.ts';

const plan = { name: 'filter', style: 'deepObject', explode: true, allowReserved: false } as const;
const LONG = 'k'.repeat(1_000_000);

test('a long name with many values is refused before writing', () => {
  const values = Array.from({ length: 90_000 }, () => 1);
  expect(() => pairsOf(plan, { [LONG]: values })).toThrow('must not have more than 4194304 characters together');
  const part = { name: LONG, argument: 'x', encoding: 'text', mediaType: 'text/plain', many: true } as const;
  expect(() => multipartOf([{ ...part, value: values }])).toThrow('characters together');
  expect(() => joinPairs(pairsOf({ ...plan, name: LONG, style: 'form' }, values))).toThrow('characters together');
});

test('a long name with one value, and many short names, are written', () => {
  expect(joinPairs(pairsOf(plan, { [LONG]: [1] }))).toHaveLength('filter[][0]=1'.length + 4 * 2 + LONG.length);
  const many = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`k${index}`, { a: index }]));
  expect(pairsOf(plan, many)).toHaveLength(50_000);
});
