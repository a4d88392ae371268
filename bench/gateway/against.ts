import { resolve } from 'node:path';
import { withClosers } from '../closers.ts';
import { print } from '../print.ts';
import { VERSIONS } from './calls.ts';
import { compare } from './compare.ts';
import { startGatehouse, startProgram } from './sides.ts';

const ROUNDS = 7;
/** What a change may cost a call. */
const BAR = 1.05;

/**
 * The gateway as it is against another checkout of the project, which must be compiled: processor time for each call in
 * front of the same server, in turn.
 */
export async function benchAgainst(checkout: string): Promise<void> {
  await withClosers(async (defer) => {
    const upstream = (await startProgram('direct', 'mcp-server.ts', defer)).urls[0] as string;
    const other = await startGatehouse('other', 1, defer, upstream, resolve(checkout));
    const present = await startGatehouse('present', 1, defer, upstream);
    for (const version of VERSIONS) {
      for (const tool of ['echo', 'large'] as const) {
        const clients = 8;
        const compared = await compare(
          [other, present],
          { version, tool, clients },
          { warmUp: 8, rounds: ROUNDS, seconds: 2 },
        );
        const ratio = compared.ratio('cpuMicroseconds', present, other);
        const [before, after] = [other, present].map((side) => Math.round(compared.of(side).cpuMicroseconds));
        print(
          `tools/call, ${version}, ${tool}: CPU for each call against the other checkout ${ratio.toFixed(2)}× ` +
            `(${before} µs, now ${after} µs; bar ≤ ${BAR}×) ${ratio <= BAR ? 'met' : 'MISSED'}`,
        );
      }
    }
  });
}
