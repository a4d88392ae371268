import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createFairLimiter, createFairQueue, QueueFull } from '../../src/base/fair-queue.ts';

describe('a fair queue', () => {
  test('lets owners take turns, however many items each has, and keeps the order within an owner', () => {
    const queue = createFairQueue<number>();
    for (let item = 0; item < 1000; item += 1) {
      queue.add('many', item);
    }
    queue.add('few', 0);
    queue.add('few', 1);
    queue.add('one', 0);
    expect(queue.size()).toBe(1003);
    const taken = Array.from({ length: 7 }, () => queue.take());
    expect(taken.map((one) => one && `${one.owner} ${one.item}`)).toEqual([
      'many 0',
      'few 0',
      'one 0',
      'many 1',
      'few 1',
      'many 2',
      'many 3',
    ]);
    expect([queue.size(), queue.waitingOf('many'), queue.waitingOf('few')]).toEqual([996, 996, 0]);
  });

  test('skips owners that may not take, without losing their turn', () => {
    const queue = createFairQueue<number>();
    queue.add('a', 1);
    queue.add('b', 2);
    queue.add('c', 3);
    expect(queue.take((owner) => owner !== 'a')).toEqual({ owner: 'b', item: 2 });
    expect(queue.take()).toEqual({ owner: 'a', item: 1 });
    expect(queue.take(() => false)).toBeUndefined();
    expect(queue.take()).toEqual({ owner: 'c', item: 3 });
    expect(queue.take()).toBeUndefined();
  });
});

describe('a fair limiter', () => {
  const OPTIONS = { slots: 2, slotsPerOwner: 1, mostWaiting: 3 };
  /** Work that runs until it is told to end. */
  const started: string[] = [];
  const work = (name: string) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    return {
      run: () => {
        started.push(name);
        return promise;
      },
      end: () => resolve(name),
      fail: () => reject(new Error(name)),
    };
  };

  test('leaves slots to other owners, starts waiting work in turns, and frees the slot of failed work', async () => {
    started.length = 0;
    const slots = createFairLimiter(OPTIONS);
    const [a1, a2, b1, b2] = ['a1', 'a2', 'b1', 'b2'].map(work) as [
      ReturnType<typeof work>,
      ReturnType<typeof work>,
      ReturnType<typeof work>,
      ReturnType<typeof work>,
    ];
    const running = [
      slots.run('a', a1.run).catch((error: Error) => `failed ${error.message}`),
      slots.run('a', a2.run),
      slots.run('b', b1.run),
      slots.run('b', b2.run),
    ];
    await turn();
    expect(started).toEqual(['a1', 'b1']);
    b1.end();
    await turn();
    expect(started).toEqual(['a1', 'b1', 'b2']);
    a1.fail();
    await turn();
    expect(started).toEqual(['a1', 'b1', 'b2', 'a2']);
    a2.end();
    b2.end();
    expect(await Promise.all(running)).toEqual(['failed a1', 'a2', 'b1', 'b2']);
  });

  test('refuses only an owner with the maximum amount of waiting work', async () => {
    const slots = createFairLimiter(OPTIONS);
    const held = work('a');
    const running = [1, 2, 3, 4].map(() => slots.run('a', held.run));
    await expect(slots.run('a', held.run)).rejects.toBeInstanceOf(QueueFull);
    expect(await slots.run('b', async () => 'served')).toBe('served');
    held.end();
    expect(await Promise.all(running)).toEqual(['a', 'a', 'a', 'a']);
    expect(await slots.run('a', async () => 'served again')).toBe('served again');
  });

  test('does not run work that was aborted while it waited', async () => {
    const slots = createFairLimiter(OPTIONS);
    const held = work('a');
    const first = slots.run('a', held.run);
    const leaving = new AbortController();
    let ran = false;
    const second = slots.run('a', async () => (ran = true), leaving.signal);
    leaving.abort(new Error('gone'));
    held.end();
    await expect(second).rejects.toThrow('gone');
    expect([await first, ran]).toEqual(['a', false]);
    expect(await slots.run('a', async () => 'next')).toBe('next');
  });
});

test('takes lower ranks of one owner first, and items without a rank last, in their order', () => {
  const queue = createFairQueue<string>();
  queue.add('a', 'none 1');
  queue.add('a', 'second', 2);
  queue.add('a', 'none 2');
  queue.add('a', 'first', 1);
  queue.add('a', 'second again', 2);
  const taken = Array.from({ length: 5 }, () => queue.take()?.item);
  expect(taken).toEqual(['first', 'second', 'second again', 'none 1', 'none 2']);
});
