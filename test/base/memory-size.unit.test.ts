import { expect, test } from 'vitest';
import {
  defaultMemoryBudget,
  heapMib,
  heapMibFor,
  memoryBudgetHere,
  parseMemorySize,
} from '../../src/base/memory-size.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
/** What Node says of a process without a limit. */
const UNLIMITED = 18_446_744_073_709_552_000;

test.each([
  ['16MiB', 16 * MIB],
  ['192MiB', 192 * MIB],
  ['2GiB', 2 * GIB],
  ['64GiB', 64 * GIB],
])('reads %s', (text, bytes) => {
  expect(parseMemorySize(text)).toBe(bytes);
});

test.each(['15MiB', '65GiB', '192', '192MB', '192 MiB', '1.5GiB', '-1GiB', 'MiB', '9999999MiB'])(
  'refuses %s',
  (text) => {
    expect(() => parseMemorySize(text)).toThrow('16MiB to 64GiB');
  },
);

test.each([
  ['a container of 512 MiB', 512 * MIB, 24 * GIB, Math.floor(0.4 * 352 * MIB)],
  ['a machine without a limit', UNLIMITED, 2 * GIB, Math.floor(0.4 * (2 * GIB - 160 * MIB))],
  ['a machine where no limit is known', 0, 2 * GIB, Math.floor(0.4 * (2 * GIB - 160 * MIB))],
  ['a small container', 128 * MIB, 24 * GIB, 96 * MIB],
  ['a large machine', UNLIMITED, 64 * GIB, 2 * GIB],
])('takes its default from %s', (_where, constrained, machine, bytes) => {
  expect(defaultMemoryBudget(constrained, machine)).toBe(bytes);
});

test('leaves room for the program itself in any container from 300 MiB', () => {
  for (let limit = 300 * MIB; limit < 8 * GIB; limit += 100 * MIB) {
    expect(heapMibFor(defaultMemoryBudget(limit, 64 * GIB)) * MIB).toBeLessThan(limit);
  }
});

test('sizes the heap for the budget, or for the default if the budget is missing or invalid', () => {
  expect(heapMib('192MiB')).toBe(128 + 288);
  for (const none of [undefined, '', '192']) {
    expect(heapMib(none)).toBe(heapMibFor(memoryBudgetHere()));
  }
});
