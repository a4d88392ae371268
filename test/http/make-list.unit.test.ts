import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { OverBudget } from '../../src/base/memory-budget.ts';
import { MemoryScope } from '../../src/base/memory-scope.ts';
import { LargeList } from '../../src/contract/large-list.ts';
import { makeList } from '../../src/http/make-list.ts';
import { largeBudget } from '../support/memory.ts';

const scopeOf = (owner: string, budget = largeBudget()) => new MemoryScope(budget, owner, () => undefined);
const valuesOf = (count: number) => Array.from({ length: count }, (_, index) => ({ index, text: 'x'.repeat(1000) }));
async function* items(count: number, begun = () => {}) {
  begun();
  yield* valuesOf(count);
}

test('a short list is an array, and a long one is held in pieces', async () => {
  const budget = largeBudget();
  const memory = scopeOf('a', budget);
  expect(await makeList(memory, () => items(2))).toEqual(valuesOf(2));
  const list: unknown = await makeList(memory, () => items(200));
  if (!(list instanceof LargeList)) {
    throw new TypeError('it is an array');
  }
  expect(list.json.pieces.length).toBeGreaterThan(1);
  expect(list.held.bytes).toBe(list.json.bytes);
  expect(JSON.parse(Buffer.concat(list.json.pieces).toString())).toEqual(valuesOf(200));
  memory.release();
  expect(budget.heldBytes()).toBe(0);
});

test('makes one list of an owner at a time, and none for a client that has left', async () => {
  const begun: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = makeList(scopeOf('a'), async function* () {
    begun.push('first');
    await promise;
    yield* items(1);
  });
  const leaver = scopeOf('a');
  const left = makeList(leaver, () => items(1, () => begun.push('left')));
  const last = makeList(scopeOf('a'), () => items(1, () => begun.push('last')));
  const other = makeList(scopeOf('b'), () => items(1, () => begun.push('other')));
  await other;
  expect(begun).toEqual(['first', 'other']);
  leaver.release();
  resolve();
  await Promise.all([first, last]);
  await expect(left).rejects.toThrow(OverBudget);
  expect(begun).toEqual(['first', 'other', 'last']);
});

test('stops making a list when its client leaves', async () => {
  const memory = scopeOf('a');
  let made = 0;
  const list = makeList(memory, async function* () {
    for (; made < 10_000; made++) {
      yield { text: 'x'.repeat(1000) };
      if (made === 500) {
        memory.release();
        await nextTurn();
      }
    }
  });
  await expect(list).rejects.toThrow(OverBudget);
  expect(made).toBeLessThan(1000);
});

test('refuses memory that becomes free only after the end of the work', async () => {
  const budget = largeBudget();
  const memory = scopeOf('a', budget);
  memory.release();
  await expect(memory.room('answers', 100)).rejects.toThrow(OverBudget);
  expect(memory.signal.aborted).toBe(true);
  expect(budget.heldBytes()).toBe(0);
});
