import { expect, test } from 'vitest';
import { newEventId } from '../../src/store/event-ids.ts';

const idsAt = (at: number, count = 3) => Array.from({ length: count }, () => newEventId(at));

test('ids sort in the order of their creation, also within a millisecond', () => {
  const ids = [1000, 1001, 2 ** 40].flatMap((at) => idsAt(at, 300));
  expect(ids.toSorted()).toEqual(ids);
  expect(
    new Set(ids.filter((id) => !/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/.test(id))),
  ).toEqual(new Set());
});

test('a clock that was set back creates no id twice', () => {
  const ids = [5000, 5001, 5000, 5001, 5000].flatMap((at) => idsAt(at));
  expect(new Set(ids).size).toBe(ids.length);
});
