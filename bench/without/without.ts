import { setTimeout as delay } from 'node:timers/promises';
import { withClosers } from '../closers.ts';
import { TOOLS, type Tool, VERSIONS, type Version } from '../gateway/calls.ts';
import { load, type Sample } from '../gateway/load.ts';
import { type Side, startGatehouse, startProgram } from '../gateway/sides.ts';
import { median } from '../median.ts';
import { print } from '../print.ts';
import { residentMebibytes } from '../usage.ts';
import { copyProject } from './copy.ts';
import { PARTS } from './parts.ts';
import { TRICKS, type Trick } from './tricks.ts';

/**
 * Below these shares of a call's processor time and of what is resident, a trick is not worth its code. Under load, what is
 * resident differs by 10 % from one start to the next.
 */
const BARS = { 'CPU for each call': 3, 'when idle': 3, 'under load': 15 } as const;
const CLIENTS = 4;
/** Calls of each side in each era before it counts, and in a round; of large ones fewer. */
const SMALL = { warmUpCalls: 5000, roundCalls: 500 };
const LARGE = { warmUpCalls: 400, roundCalls: 80 };
const ROUNDS = 16;
/** Milliseconds after which a server that nobody asks counts as idle. */
const IDLE_MS = 3000;

type Measured = { readonly cpu: number; readonly idle: number; readonly loaded: number };

/**
 * The gateway as it is beside a copy of it without one trick, for each trick: processor time for each call, and what is
 * resident when idle and under load. Both are called at the same time, so that other work on the machine costs both
 * the same. The first copy is without nothing: its figures are the error of the others.
 */
export async function benchWithout(pattern: RegExp): Promise<void> {
  const tricks = matching('--without', TRICKS, pattern);
  print(`tools/call, ${CLIENTS} clients, both eras: how much more it takes without`);
  for (const trick of [NOTHING, ...tricks]) {
    await trickRow(trick);
  }
}

/** How much of a call's processor time each of its parts takes: the gateway as it is beside a copy without the part. */
export async function benchParts(pattern: RegExp): Promise<void> {
  const parts = matching('--parts', PARTS, pattern);
  print(`tools/call, ${CLIENTS} clients, both eras: parts of its processor time`);
  for (const part of [NOTHING, ...parts]) {
    const [base, other] = await measureWithout(part);
    const percent = ((base.cpu - other.cpu) / base.cpu) * 100;
    print(`${part.title}: ${percent.toFixed(1)} % (${Math.round(base.cpu - other.cpu)} of ${Math.round(base.cpu)} µs)`);
  }
}

/** Left out of a copy, it shows the error of the other rows. */
const NOTHING: Trick = { title: 'nothing', remove: () => undefined };

function matching(option: string, tricks: readonly Trick[], pattern: RegExp): readonly Trick[] {
  const found = tricks.filter(({ title }) => pattern.test(title));
  if (found.length === 0) {
    throw new Error(`${option} ${pattern.source}: it matches none of\n${tricks.map(({ title }) => title).join('\n')}`);
  }
  return found;
}

async function trickRow(trick: Trick): Promise<void> {
  const { title, tool = 'echo' } = trick;
  const [base, other] = await measureWithout(trick);
  const differences = {
    'CPU for each call': { more: other.cpu - base.cpu, of: base.cpu, unit: 'µs' },
    'when idle': { more: other.idle - base.idle, of: base.idle, unit: 'MiB' },
    'under load': { more: other.loaded - base.loaded, of: base.loaded, unit: 'MiB' },
  };
  const rows = (Object.keys(BARS) as (keyof typeof BARS)[]).map((what) => {
    const { more, of, unit } = differences[what];
    const percent = (more / of) * 100;
    const text = `${what} ${signed(percent, 1)} % (${signed(more, 0)} ${unit}; bar ≥ ${BARS[what]} %)`;
    return { text, isWorth: percent >= BARS[what] };
  });
  print(
    `${title}, ${TOOLS[tool].title}: ${rows.map(({ text }) => text).join(', ')}: ${rows.some(({ isWorth }) => isWorth) ? 'met' : 'MISSED'}`,
  );
}

function measureWithout({ title, tool = 'echo', remove }: Trick): Promise<readonly [Measured, Measured]> {
  return withClosers(async (defer) => {
    const upstream = (await startProgram('direct', 'mcp-server.ts', defer)).urls[0] as string;
    const [present, copy] = [copyProject(defer), copyProject(defer)];
    remove(copy);
    return measurePair(tool, [
      await startGatehouse('present', 1, defer, upstream, present.root),
      await startGatehouse(`without ${title}`, 1, defer, upstream, copy.root),
    ]);
  });
}

async function measurePair(tool: Tool, [base, other]: readonly [Side, Side]): Promise<readonly [Measured, Measured]> {
  const { warmUpCalls, roundCalls } = tool === 'echo' ? SMALL : LARGE;
  await delay(IDLE_MS);
  const [baseIdle, otherIdle] = [residentMebibytes(base.pid), residentMebibytes(other.pid)];
  const call = (version: Version, amount: number) =>
    Promise.all([base, other].map((side) => load(side, { version, tool, clients: CLIENTS }, { amount })));
  for (const version of VERSIONS) {
    await call(version, warmUpCalls);
  }
  const rounds: (readonly [Sample, Sample])[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push((await call(VERSIONS[round % 2] as Version, roundCalls)) as [Sample, Sample]);
  }
  const middle = (of: (round: readonly [Sample, Sample]) => number) => median(rounds.map(of));
  const cpu = middle(([{ cpuMicroseconds }]) => cpuMicroseconds);
  const ratio = middle(([ours, theirs]) => theirs.cpuMicroseconds / ours.cpuMicroseconds);
  return [
    { cpu, idle: baseIdle, loaded: middle(([{ mebibytes }]) => mebibytes) },
    { cpu: cpu * ratio, idle: otherIdle, loaded: middle(([, { mebibytes }]) => mebibytes) },
  ];
}

const signed = (value: number, digits: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;
