import { resolve } from 'node:path';
import { withClosers } from '../closers.ts';
import { print } from '../print.ts';
import { TOOL_NAMES, TOOLS, VERSIONS } from './calls.ts';
import { compare, warmUp } from './compare.ts';
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
    await warmUp([other, present]);
    for (const version of VERSIONS) {
      for (const tool of TOOL_NAMES) {
        const clients = 8;
        const compared = await compare([other, present], { version, tool, clients }, ROUNDS);
        const ratio = compared.ratio('cpuMicroseconds', present, other);
        const [before, after] = [other, present].map((side) => Math.round(compared.of(side).cpuMicroseconds));
        print(
          `tools/call, ${version}, ${TOOLS[tool].title}: CPU for each call against the other checkout ${ratio.toFixed(2)}× ` +
            `(${before} µs, now ${after} µs; bar ≤ ${BAR}×) ${ratio <= BAR ? 'met' : 'MISSED'}`,
        );
      }
    }
  });
}
