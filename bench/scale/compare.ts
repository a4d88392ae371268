import { median } from '../median.ts';
import { print } from '../print.ts';
import type { Side } from './side.ts';

const ROUNDS = 5;
/** Times as much that the large side may cost. */
const BAR = 2;

/** Something to do on one side, over and over. */
export type Work = (side: Side) => Promise<unknown>;

/** The large side and the small one. */
export type Sides = readonly [large: Side, small: Side];

/**
 * Does some work `calls` times a round on both sides, call by call in turn; prints the median over five rounds, after
 * one to warm up, of the ratio of what a call costs: the median of the round for what is `read`, the mean for what is
 * `written`, since some writes pay for others.
 */
export async function compare(
  what: string,
  sides: Sides,
  { calls, work, is = 'read' }: { calls: number; work: Work; is?: 'read' | 'written' },
): Promise<void> {
  const costOf = is === 'read' ? median : mean;
  const rounds: (readonly [large: number, small: number])[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const spent: readonly [number[], number[]] = [[], []];
    for (let call = 0; call < calls; call++) {
      // Neither is always the one that comes first.
      for (const side of call % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
        const start = performance.now();
        await work(sides[side]);
        spent[side].push(performance.now() - start);
      }
    }
    if (round > 0) {
      rounds.push([costOf(spent[0]), costOf(spent[1])]);
    }
  }
  const ratio = median(rounds.map(([large, small]) => large / small));
  const [large, small] = [0, 1].map((side) => shown(median(rounds.map((costs) => costs[side] ?? Number.NaN))));
  print(
    `${what}: ${ratio.toFixed(2)}× (bar ≤ ${BAR}×) ${ratio <= BAR ? 'met' : 'MISSED'}; large ${large}, small ${small}`,
  );
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Does some work on the large side after a warm-up, and prints the median of its milliseconds, with the least of them:
 * what they have in common is the work, what sets them apart is the machine.
 */
export async function limit(what: string, side: Side, bar: number, work: Work, calls = 15): Promise<void> {
  const spent: number[] = [];
  for (let call = -2; call < calls; call++) {
    const start = performance.now();
    await work(side);
    if (call >= 0) {
      spent.push(performance.now() - start);
    }
  }
  const middle = median(spent);
  const least = Math.min(...spent);
  print(`${what}: ${shown(middle)} (bar ≤ ${bar} ms) ${middle <= bar ? 'met' : 'MISSED'}; at best ${shown(least)}`);
}

const shown = (milliseconds: number): string =>
  milliseconds < 1 ? `${Math.round(milliseconds * 1000)} µs` : `${milliseconds.toFixed(2)} ms`;
