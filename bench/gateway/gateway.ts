import { type Defer, withClosers } from '../closers.ts';
import { print } from '../print.ts';
import { TOOL_NAMES, TOOLS, type Tool, VERSIONS } from './calls.ts';
import { type Comparison, compare, warmUp } from './compare.ts';
import { type Load, load } from './load.ts';
import { type Side, startGatehouse, startProgram } from './sides.ts';

type Options = {
  /** Beside one small payload and one number of clients: all of them, and many endpoints. */
  readonly matrix: boolean;
  /** Ten times the calls before the last look at the memory. */
  readonly long: boolean;
};
type Sides = Readonly<Record<'direct' | 'relay' | 'sdk' | 'gatehouse', Side>>;

/** Calls between two looks at the memory: half of them in each era. */
const STEP = 20_000;
const ROUNDS = 5;
const CLIENTS = [1, 8, 64];
/** What a call may cost in processor time, in multiples of what it costs the relay. */
const MAX_CPU: Readonly<Record<Tool, number>> = {
  echo: 1.3,
  text: 1.5,
  rows: 1.5,
  'text-argument': 2,
  'rows-argument': 2,
};
/** How many calls a second there must be for each of the SDK gateway's. */
const MIN_CALLS = 5;

/** `tools/call` through Gatehouse, beside other ways to the same server: its speed, its processor time and its memory. */
export async function benchGateway({ matrix, long }: Options): Promise<void> {
  await withClosers(async (defer) => {
    const direct = await startProgram('direct', 'mcp-server.ts', defer);
    const upstream = direct.urls[0] as string;
    await memoryRows(upstream, long, defer);
    const sides = await startSides(direct, defer);
    for (const call of CALLS.filter(({ tool, clients }) => matrix || (tool === 'echo' && clients === 8))) {
      await callRow(sides, call);
    }
    if (matrix) {
      await endpointRows(sides, await startGatehouse('Gatehouse, 1,000 endpoints', 1000, defer, upstream));
    }
  });
}

/** Only the rows of calls whose titles match. */
export async function benchRows(pattern: RegExp): Promise<void> {
  const calls = CALLS.filter((call) => pattern.test(titleOf(call)));
  if (calls.length === 0) {
    throw new Error(`--rows ${pattern.source}: it matches none of\n${CALLS.map(titleOf).join('\n')}`);
  }
  await withClosers(async (defer) => {
    const sides = await startSides(await startProgram('direct', 'mcp-server.ts', defer), defer);
    for (const call of calls) {
      await callRow(sides, call);
    }
  });
}

const CALLS: readonly Load[] = TOOL_NAMES.flatMap((tool) =>
  VERSIONS.flatMap((version) => CLIENTS.map((clients) => ({ version, tool, clients }))),
);

const titleOf = ({ version, tool, clients }: Load): string =>
  `tools/call, ${version}, ${clients} ${clients === 1 ? 'client' : 'clients'}, ${TOOLS[tool].title}`;

async function startSides(direct: Side, defer: Defer): Promise<Sides> {
  const upstream = direct.urls[0] as string;
  const sides = {
    direct,
    relay: await startProgram('20-line relay', 'relay.ts', defer, upstream),
    sdk: { ...(await startProgram('SDK gateway', 'sdk-gateway.ts', defer, upstream)), isSlow: true as const },
    gatehouse: await startGatehouse('Gatehouse', 1, defer, upstream),
  };
  await warmUp(Object.values(sides));
  return sides;
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

async function callRow({ direct, relay, sdk, gatehouse }: Sides, call: Load): Promise<void> {
  // Those that are compared run one right after the other.
  const all = [direct, relay, gatehouse, sdk];
  const compared = await compare(all, call, ROUNDS);
  const cpu = compared.ratio('cpuMicroseconds', gatehouse, relay);
  const calls = compared.ratio('perSecond', gatehouse, sdk);
  const maxCpu = MAX_CPU[call.tool];
  print(titleOf(call));
  print(`  CPU for each call against the 20-line relay: ${cpu.toFixed(2)}× (bar ≤ ${maxCpu}×) ${met(cpu <= maxCpu)}`);
  print(
    `  calls a second against the SDK gateway: ${calls.toFixed(2)}× (bar ≥ ${MIN_CALLS}×) ${met(calls >= MIN_CALLS)}`,
  );
  sideRows(all, compared);
}

/** What it costs that calls go to many endpoints. */
async function endpointRows({ relay, gatehouse }: Sides, thousand: Side): Promise<void> {
  const all = [relay, gatehouse, thousand];
  await warmUp([thousand]);
  for (const version of VERSIONS) {
    const call: Load = { version, tool: 'echo', clients: 8 };
    const compared = await compare(all, call, ROUNDS);
    const cpu = compared.ratio('cpuMicroseconds', thousand, gatehouse);
    print(`${titleOf(call)}, 1,000 endpoints: ${cpu.toFixed(2)}× the CPU for each call to one endpoint`);
    sideRows(all, compared);
  }
}

/** What each side measured. Of `direct` there is nothing in the middle: its CPU and memory are the server's own. */
function sideRows(sides: readonly Side[], compared: Comparison): void {
  for (const side of sides) {
    const { perSecond, p50, p99, cpuMicroseconds, mebibytes } = compared.of(side);
    const speed = `${Math.round(perSecond)}/s, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
    print(`  ${side.name}: ${speed}, ${Math.round(cpuMicroseconds)} µs of CPU, ${Math.round(mebibytes)} MiB`);
  }
}

const met = (isMet: boolean): string => (isMet ? 'met' : 'MISSED');
