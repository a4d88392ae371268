import { expect, test } from 'vitest';
import { createKeyedQueue } from '../../src/base/keyed-queue.ts';

test('work with one key runs in order, also after a failure, and work with different keys runs at the same time', async () => {
  const queue = createKeyedQueue();
  const order: string[] = [];
  const first = Promise.withResolvers<void>();
  const failing = queue('a', async () => {
    order.push('a1');
    await first.promise;
    throw new Error('a1 failed');
  });
  const second = queue('a', async () => order.push('a2'));
  expect(await queue('b', async () => order.push('b1'))).toBe(2);
  expect(order).toEqual(['a1', 'b1']);
  first.resolve();
  await expect(failing).rejects.toThrow('a1 failed');
  expect(await second).toBe(3);
  expect(order).toEqual(['a1', 'b1', 'a2']);
});

test('work that throws synchronously rejects', async () => {
  const throwing = () => {
    throw new Error('at once');
  };
  await expect(createKeyedQueue()('a', throwing)).rejects.toThrow('at once');
});
