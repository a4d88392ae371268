import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createYielding, isTurnOver, noteArrival } from '../../src/base/event-loop-turns.ts';
import { createStreamTurns } from '../../src/base/stream-turns.ts';
import { turnsDuring } from '../support/event-loop.ts';
import { hold } from '../support/hold.ts';

test('streams that send for long take turns, one in each turn of the event loop', async () => {
  const passed: string[] = [];
  const stream = async (name: string): Promise<void> => {
    const turn = createStreamTurns();
    for (let pieces = 0; pieces < 3; pieces++) {
      passed.push(name);
      hold(6);
      await turn(64 * 1024);
    }
  };
  const streams = Promise.all([stream('a'), stream('b'), stream('c')]);
  await nextTurn();
  const before = passed.length;
  await nextTurn();
  expect(passed.length - before).toBeLessThanOrEqual(2);
  await streams;
  expect(passed.toSorted()).toEqual(['a', 'a', 'a', 'b', 'b', 'b', 'c', 'c', 'c']);
});

test('short streams do not wait', async () => {
  // The work of another test may have taken the present turn.
  await nextTurn();
  await nextTurn();
  const turn = createStreamTurns();
  expect([turn(1024), turn(64 * 1024)]).toEqual([undefined, undefined]);
});

test('turns are short while clients connect', async () => {
  // The work of another test may have taken the present turn.
  await nextTurn();
  noteArrival();
  expect(isTurnOver()).toBe(false);
  hold(2);
  expect(isTurnOver()).toBe(true);
});

test('long work yields to other work after each piece of two milliseconds', async () => {
  const breathe = createYielding();
  const { turns } = await turnsDuring(async () => {
    for (let piece = 0; piece < 20; piece += 1) {
      hold(2);
      await breathe();
    }
  });
  expect(turns).toBeGreaterThanOrEqual(19);
});
