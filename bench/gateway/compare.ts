import { median } from '../median.ts';
import { VERSIONS } from './calls.ts';
import { type Length, type Load, load, type Sample } from './load.ts';
import type { Side } from './sides.ts';

/** What the rounds of a comparison measured: the medians of each side, and ratios of two sides' medians, taken pair by pair. */
export type Comparison = {
  readonly of: (side: Side) => Sample;
  readonly ratio: (what: keyof Sample, subject: Side, reference: Side) => number;
};

/** It takes some 20,000 calls until a program is compiled as it stays: seconds for each protocol version. */
const WARM_UP_SECONDS = 5;
/** Calls of a round: small ones for a second; so many large ones, since any that is cut off would cost and not count. */
const SMALL: Length = { duration: 1 };
const LARGE: Length = { amount: 320 };
const LARGE_AND_SLOW: Length = { amount: 64 };

/** Calls each side until what small calls take is compiled. */
export async function warmUp(sides: readonly Side[]): Promise<void> {
  for (const side of sides) {
    for (const version of VERSIONS) {
      await load(side, { version, tool: 'echo', clients: 8 }, { duration: WARM_UP_SECONDS });
    }
  }
}

/** Every side in turn, round by round, after a round that does not count. */
export async function compare(sides: readonly Side[], call: Load, rounds: number): Promise<Comparison> {
  const samples = new Map<Side, Sample[]>(sides.map((side) => [side, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const side of sides) {
      const large = side.isSlow ? LARGE_AND_SLOW : LARGE;
      const sample = await load(side, call, call.tool === 'echo' ? SMALL : large);
      if (round > 0) {
        samples.get(side)?.push(sample);
      }
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
