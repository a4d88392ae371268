import { type Defer, withClosers } from '../closers.ts';
import { print } from '../print.ts';
import { TOOLS, type Tool, VERSIONS } from './calls.ts';
import { type Comparison, compare } from './compare.ts';
import { type Load, load, type Sample } from './load.ts';
import { type Side, startGatehouse, startProgram } from './sides.ts';

type Options = {
  /** Beside the bars: every number of clients, size of result and number of endpoints. */
  readonly matrix: boolean;
  /** Ten times the calls before the last look at the memory. */
  readonly long: boolean;
};
type Sides = Readonly<Record<'direct' | 'relay' | 'sdk' | 'gatehouse', Side>>;

/** Calls between two looks at the memory: half of them in each era. */
const STEP = 20_000;

/** `tools/call` through Gatehouse, beside other ways to the same server: its speed, its processor time and its memory. */
export async function benchGateway({ matrix, long }: Options): Promise<void> {
  await withClosers(async (defer) => {
    const direct = await startProgram('direct', 'mcp-server.ts', defer);
    const upstream = direct.urls[0] as string;
    await memoryRows(upstream, long, defer);

    const sides: Sides = {
      direct,
      relay: await startProgram('20-line relay', 'relay.ts', defer, upstream),
      sdk: await startProgram('SDK gateway', 'sdk-gateway.ts', defer, upstream),
      gatehouse: await startGatehouse('Gatehouse', 1, defer, upstream),
    };
    for (const version of VERSIONS) {
      await barRows(sides, { version, tool: 'echo', clients: 8 });
    }
    if (matrix) {
      await matrixRows(sides, await startGatehouse('Gatehouse, 1,000 endpoints', 1000, defer, upstream));
    }
  });
}

/**
 * What is resident grows a little until the heap is collected as a whole, without a leak too: so the bar is the same
 * after ten times the calls, and the way there is shown.
 */
async function memoryRows(upstream: string, long: boolean, defer: Defer): Promise<void> {
  const gatehouse = await startGatehouse('Gatehouse', 1, defer, upstream);
  const steps: number[] = [];
  while (steps.length < (long ? 10 : 1)) {
    await load(gatehouse, { version: VERSIONS[0], tool: 'echo', clients: 8 }, { amount: STEP / 2 });
    const after = await load(gatehouse, { version: VERSIONS[1], tool: 'echo', clients: 8 }, { amount: STEP / 2 });
    steps.push(Math.round(after.mebibytes));
  }
  const row = (calls: number, highest: number, way = '') =>
    print(
      `after ${calls.toLocaleString('en')} calls: ${way}${highest} MiB resident (bar ≤ 160 MiB) ${met(highest <= 160)}`,
    );
  row(STEP, steps[0] as number);
  if (long) {
    row(STEP * steps.length, Math.max(...steps), `${steps.join(', ')}; at most `);
  }
}

async function barRows(sides: Sides, call: Load): Promise<void> {
  const { direct, relay, sdk, gatehouse } = sides;
  // Those that are compared run one right after the other.
  const all = [direct, relay, gatehouse, sdk];
  // It takes some 20,000 calls until a program is compiled as it stays; a smaller one is there sooner.
  const compared = await compare(all, call, { warmUp: 8, rounds: 5, seconds: 2 });
  const cpu = compared.ratio('cpuMicroseconds', gatehouse, relay);
  const calls = compared.ratio('perSecond', gatehouse, sdk);
  print(described(call));
  print(`  CPU for each call against the 20-line relay: ${cpu.toFixed(2)}× (bar ≤ 1.3×) ${met(cpu <= 1.3)}`);
  print(`  calls a second against the SDK gateway: ${calls.toFixed(2)}× (bar ≥ 4×) ${met(calls >= 4)}`);
  sideRows(all, compared);
}

async function matrixRows({ direct, relay, sdk, gatehouse }: Sides, thousand: Side): Promise<void> {
  const all = [direct, relay, gatehouse, sdk, thousand];
  for (const version of VERSIONS) {
    for (const tool of ['echo', 'large'] as const) {
      for (const clients of [1, 8, 64]) {
        const call = { version, tool, clients };
        const compared = await compare(all, call, { warmUp: 1, rounds: 3, seconds: tool === 'large' ? 2 : 1 });
        const cpu = compared.ratio('cpuMicroseconds', gatehouse, relay).toFixed(2);
        const calls = compared.ratio('perSecond', gatehouse, sdk).toFixed(2);
        print(`${described(call)}: ${cpu}× the relay's CPU, ${calls}× the SDK gateway's calls`);
        sideRows(all, compared);
      }
    }
  }
}

/** What each side measured. Of `direct` there is nothing in the middle: its CPU and memory are the server's own. */
function sideRows(sides: readonly Side[], compared: Comparison): void {
  for (const side of sides) {
    const { perSecond, p50, p99, cpuMicroseconds, mebibytes }: Sample = compared.of(side);
    const speed = `${Math.round(perSecond)}/s, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
    print(`  ${side.name}: ${speed}, ${Math.round(cpuMicroseconds)} µs of CPU, ${Math.round(mebibytes)} MiB`);
  }
}

const SIZES: Readonly<Record<Tool, string>> = {
  echo: `${TOOLS.echo / 1024} KB`,
  large: `${TOOLS.large / 1024 / 1024} MB`,
};

const described = ({ version, tool, clients }: Load): string =>
  `tools/call, ${version}, ${clients} ${clients === 1 ? 'client' : 'clients'}, ${SIZES[tool]}`;

const met = (isMet: boolean): string => (isMet ? 'met' : 'MISSED');
