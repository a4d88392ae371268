import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type HeldMemory, MemoryBudget, OverBudget } from '../../src/base/memory-budget.ts';

const budgetOf = (totalBytes: number, patienceMs = 20) => new MemoryBudget({ totalBytes, patienceMs });
const shortageOf = (act: () => unknown): string | undefined => {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(OverBudget);
    return (error as OverBudget).shortage;
  }
  return undefined;
};
/** Something that is kept, and whether it still is. */
const keep = (budget: MemoryBudget, holder: string, bytes: number) => {
  const held = budget.hold(holder, 'cache', bytes);
  const kept = { held, isThere: true };
  held.allowRelease('kept', () => {
    kept.isThere = false;
  });
  return kept;
};

describe('held memory', () => {
  test('is counted in total, by holder and by kind, until its one release', () => {
    const budget = budgetOf(1000);
    const a = budget.hold('a', 'body', 100);
    const b = budget.hold(null, 'answer', 50);
    a.resize(120);
    expect([budget.heldBytes(), budget.heldBytes('a'), budget.heldBytes(null)]).toEqual([170, 120, 50]);
    expect(Object.fromEntries(budget.heldByKind())).toEqual({ body: 120, answer: 50 });
    a.release();
    a.release();
    a.resize(500);
    b[Symbol.dispose]();
    expect([budget.heldBytes(), budget.heldBytes('a')]).toEqual([0, 0]);
    expect(Object.fromEntries(budget.heldByKind())).toEqual({ body: 0, answer: 0 });
  });

  test('may be a quarter of the total for each holder, and more only while another quarter stays free', () => {
    const budget = budgetOf(1000);
    budget.hold('a', 'body', 750);
    expect(shortageOf(() => budget.hold('a', 'body', 1))).toBe('share');
    budget.hold('b', 'body', 250);
    expect(budget.heldBytes()).toBe(1000);
  });

  test('is refused with `budget` to a holder within its share when the total is used up', () => {
    const budget = budgetOf(1000);
    for (const holder of ['a', 'b', 'c', 'd']) {
      budget.hold(holder, 'body', 250);
    }
    expect(shortageOf(() => budget.hold('e', 'body', 1))).toBe('budget');
    expect(shortageOf(() => budget.hold('a', 'body', 1))).toBe('share');
    expect(budget.heldBytes()).toBe(1000);
  });

  test('does not change when there is no room for more', () => {
    const budget = budgetOf(1000);
    const held = budget.hold('a', 'body', 700);
    expect(held.tryResize(751)).toBe(false);
    expect(shortageOf(() => held.resize(751))).toBe('share');
    expect([held.bytes, budget.heldBytes('a')]).toEqual([700, 700]);
  });
});

describe('cached memory', () => {
  test('is released for a holder within its share: of the largest holder first, its oldest first', () => {
    const budget = budgetOf(1000);
    const [a1, a2, a3] = [150, 150, 150].map((bytes) => keep(budget, 'a', bytes));
    const b1 = keep(budget, 'b', 300);
    budget.hold('c', 'body', 250);
    budget.hold('d', 'body', 100);
    expect([a1?.isThere, a2?.isThere, a3?.isThere, b1.isThere]).toEqual([false, true, true, true]);
  });

  test('stays after a recent use, and older entries are released', () => {
    const budget = budgetOf(1000);
    const [old, used] = [keep(budget, 'a', 300), keep(budget, 'a', 300)];
    old.held.noteUse();
    budget.hold('b', 'body', 250);
    budget.hold('c', 'body', 250);
    expect([old.isThere, used.isThere]).toEqual([true, false]);
  });

  test('never blocks a holder within its share, even when no holder exceeds its share', () => {
    const budget = budgetOf(1000);
    const all = ['a', 'b', 'c', 'd'].map((holder) => keep(budget, holder, 250));
    budget.hold('e', 'body', 250);
    expect(all.filter(({ isThere }) => isThere)).toHaveLength(3);
  });

  test('is released for its own holder beyond its share, but not for a request that still would not fit', () => {
    const budget = budgetOf(1000);
    const kept = keep(budget, 'a', 700);
    expect(shortageOf(() => budget.hold('a', 'body', 800))).toBe('share');
    expect(kept.isThere).toBe(true);
    budget.hold('a', 'body', 700);
    expect(kept.isThere).toBe(false);
    expect(budget.heldBytes('a')).toBe(700);
  });

  test('holds nothing after its own growth has released it', () => {
    const budget = budgetOf(1000);
    const { held } = keep(budget, 'a', 700);
    held.resize(749);
    held.tryResize(800);
    expect(budget.heldBytes()).toBe(held.bytes);
    held.release();
    expect(budget.heldBytes()).toBe(0);
  });
});

describe('memory of work in progress', () => {
  const begin = (budget: MemoryBudget, holder: string, bytes: number) => {
    const work = { isThere: true };
    budget.hold(holder, 'body', bytes).allowRelease('underWay', () => {
      work.isThere = false;
    });
    return work;
  };

  test('is released beyond a share when a holder within its share has no room', () => {
    const budget = budgetOf(1000);
    const all = [begin(budget, 'a', 300), begin(budget, 'a', 300), begin(budget, 'a', 100)];
    budget.hold('b', 'body', 250);
    expect(all.every(({ isThere }) => isThere)).toBe(true);
    budget.hold('c', 'body', 250);
    expect(all.map(({ isThere }) => isThere)).toEqual([false, true, true]);
  });

  test('is not released within a share', () => {
    const budget = budgetOf(1000);
    const all = ['a', 'b', 'c', 'd'].map((holder) => begin(budget, holder, 250));
    expect(shortageOf(() => budget.hold('e', 'body', 10))).toBe('budget');
    expect(all.every(({ isThere }) => isThere)).toBe(true);
  });
});

describe('a wait for room', () => {
  test('ends when other holders release memory', async () => {
    const budget = budgetOf(1000, 60_000);
    const [first, second] = [budget.hold('a', 'body', 400), budget.hold('a', 'body', 300)];
    const growing = budget.hold('a', 'body', 10);
    const grown = growing.waitToResize(400);
    first.release();
    await grown;
    expect(budget.heldBytes('a')).toBe(700);
    second.release();
    growing.release();
    expect(budget.heldBytes()).toBe(0);
  });

  test('is refused when no holder releases memory', async () => {
    const budget = budgetOf(1000);
    budget.hold('a', 'body', 750);
    const held = budget.hold('b', 'body', 100);
    await expect(held.waitToResize(800)).rejects.toMatchObject({ shortage: 'share' });
    expect(held.bytes).toBe(100);
  });

  test('ends with its signal, and holds no more than before', async () => {
    const budget = budgetOf(1000, 60_000);
    const other = budget.hold('a', 'body', 750);
    const held = budget.hold('b', 'body', 100);
    const leaving = new AbortController();
    const reached = held.waitToResize(700, leaving.signal);
    leaving.abort(new Error('left'));
    await expect(reached).rejects.toThrow('left');
    other.release();
    await new Promise(setImmediate);
    expect(budget.heldBytes()).toBe(100);
  });
});

test('the account is right after any sequence of steps, and empty after the release of everything', () => {
  const step = fc.record({
    act: fc.constantFrom('hold', 'keep', 'work', 'resize', 'release'),
    who: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    at: fc.nat(30),
    bytes: fc.nat(400),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const budget = budgetOf(1000);
      const all: HeldMemory[] = [];
      for (const { act, who, at, bytes } of steps) {
        const held = all[at % Math.max(all.length, 1)];
        try {
          if (act === 'release') {
            held?.release();
          } else if (act === 'resize') {
            held?.resize(bytes);
          } else {
            const made = budget.hold(who, act, bytes);
            all.push(made);
            if (act !== 'hold') {
              made.allowRelease(act === 'keep' ? 'kept' : 'underWay', () => undefined);
            }
          }
        } catch (error) {
          expect(error).toBeInstanceOf(OverBudget);
        }
        const sum = all.reduce((bytes, one) => bytes + one.bytes, 0);
        expect(budget.heldBytes()).toBe(sum);
        expect([...budget.heldByKind().values()].reduce((a, b) => a + b, 0)).toBe(sum);
        expect(sum).toBeLessThanOrEqual(1000);
      }
      for (const held of all) {
        held.release();
      }
      expect(budget.heldBytes()).toBe(0);
      expect(['a', 'b', 'c', 'd', 'e'].map((who) => budget.heldBytes(who))).toEqual([0, 0, 0, 0, 0]);
    }),
  );
});
