import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Slots } from '../../../src/base/fast/slots.ts';

test('holds the added and not removed values, like a Set', () => {
  fc.assert(
    fc.property(fc.array(fc.nat()), (choices) => {
      const slots = new Slots<number>();
      const held = new Map<number, number>();
      for (const [value, choice] of choices.entries()) {
        if (choice % 2 === 0 || held.size === 0) {
          held.set(value, slots.add(value));
        } else {
          const [removed, slot] = [...held][choice % held.size] as [number, number];
          slots.remove(slot);
          held.delete(removed);
        }
        expect(slots.values().toSorted()).toEqual([...held.keys()].toSorted());
        expect(slots.isEmpty()).toBe(held.size === 0);
      }
    }),
  );
});
