import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createTurns } from '../../src/base/turns.ts';

test('streams that pass much on take turns, one in each turn of the event loop', async () => {
  const passed: string[] = [];
  const stream = async (name: string): Promise<void> => {
    const turn = createTurns();
    for (let pieces = 0; pieces < 2; pieces++) {
      passed.push(name);
      await turn(64 * 1024);
    }
  };
  const streams = Promise.all([stream('a'), stream('b'), stream('c')]);
  expect(passed).toEqual(['a', 'b', 'c']);
  await nextTurn();
  expect(passed.length).toBeLessThanOrEqual(4);
  await streams;
  expect(passed).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
});

test('a stream that passes little on waits for no turn', async () => {
  const turn = createTurns();
  expect(turn(1000)).toBeUndefined();
  expect(turn(64 * 1024 - 1001)).toBeUndefined();
  await expect(turn(1)).resolves.toBeUndefined();
  expect(turn(1000)).toBeUndefined();
});
