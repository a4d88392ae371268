import { median } from '../median.ts';
import { type Load, load, type Sample } from './load.ts';
import type { Side } from './sides.ts';

/** What the rounds of a comparison measured: the medians of each side, and ratios of two sides' medians, taken pair by pair. */
export type Comparison = {
  readonly of: (side: Side) => Sample;
  readonly ratio: (what: keyof Sample, subject: Side, reference: Side) => number;
};

/** How long each side is called: before it counts, and in each of the rounds that do; seconds. */
export type Rounds = { readonly warmUp: number; readonly rounds: number; readonly seconds: number };

/** Every side in turn, round by round, after a warm-up. */
export async function compare(
  sides: readonly Side[],
  call: Load,
  { warmUp, rounds, seconds }: Rounds,
): Promise<Comparison> {
  for (const side of sides) {
    await load(side, call, { duration: warmUp });
  }
  const samples = new Map<Side, Sample[]>(sides.map((side) => [side, []]));
  for (let round = 0; round < rounds; round++) {
    for (const side of sides) {
      samples.get(side)?.push(await load(side, call, { duration: seconds }));
    }
  }
  const measured = (side: Side, what: keyof Sample) => (samples.get(side) ?? []).map((sample) => sample[what]);
  return {
    of: (side) => {
      const middle = (what: keyof Sample) => median(measured(side, what));
      return {
        perSecond: middle('perSecond'),
        p50: middle('p50'),
        p99: middle('p99'),
        cpuMicroseconds: middle('cpuMicroseconds'),
        mebibytes: middle('mebibytes'),
      };
    },
    ratio: (what, subject, reference) => {
      const references = measured(reference, what);
      return median(measured(subject, what).map((value, round) => value / (references[round] as number)));
    },
  };
}
