import { expect, it } from 'vitest';
import { createFairSet } from '../../src/base/fair-set.ts';

const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index));

it('holds the maximum number of names, and removes the oldest name of an owner', () => {
  const set = createFairSet(3);
  for (const name of numbers(5)) {
    set.add('one', name);
  }
  expect(numbers(5).filter((name) => set.has('one', name))).toEqual(['2', '3', '4']);
});

it('keeps the few names of an owner during a flood of names of others', () => {
  const set = createFairSet(100);
  for (const name of numbers(4)) {
    set.add('few', name);
  }
  for (const name of numbers(1000)) {
    set.add('many', name);
    set.add(`other ${Number(name) % 5}`, name);
  }
  expect(numbers(4).filter((name) => set.has('few', name))).toEqual(numbers(4));
  const held = ['many', ...numbers(5).map((owner) => `other ${owner}`)].map(
    (owner) => numbers(1000).filter((name) => set.has(owner, name)).length,
  );
  expect(held.reduce((sum, count) => sum + count)).toBe(96);
  expect(set.has('many', '999')).toBe(true);
});

it('counts a name once for each owner', () => {
  const set = createFairSet(2);
  set.add('one', 'a');
  set.add('one', 'a');
  set.add('two', 'a');
  expect([set.hasAny('one'), set.hasAny('three')]).toEqual([true, false]);
  expect([set.has('one', 'a'), set.has('two', 'a'), set.has('three', 'a'), set.has('one', 'b')]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

it('holds one name each for the maximum number of owners, and no more', () => {
  const set = createFairSet(3);
  for (const owner of numbers(5)) {
    set.add(owner, 'a');
  }
  expect(numbers(5).filter((owner) => set.has(owner, 'a'))).toHaveLength(3);
});
