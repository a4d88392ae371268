import { setTimeout as delay } from 'node:timers/promises';
import { withClosers } from '../closers.ts';
import { VERSIONS } from '../gateway/calls.ts';
import { load } from '../gateway/load.ts';
import { type Side, startGatehouse, startProgram } from '../gateway/sides.ts';
import { median } from '../median.ts';
import { print, report } from '../print.ts';
import { residentMebibytes } from '../usage.ts';
import { copyProject } from './copy.ts';
import { TRICKS } from './tricks.ts';

/** Below this share of a call's processor time, or of what is resident, a trick is not worth its code. */
const BAR_PERCENT = 3;
const CLIENTS = 8;
/** Calls in each era before it counts, and calls of a round. */
const WARM_UP_CALLS = 4000;
const ROUND_CALLS = 500;
const ROUNDS = 16;
/** Milliseconds after which a server that nobody asks counts as idle. */
const IDLE_MS = 3000;

type Measured = { readonly side: Side; readonly idle: number; readonly cpu: number[] };

/**
 * The gateway as it is beside copies of it, each without one trick: processor time for each call, and what is resident when
 * idle and after the calls. The first copy is without nothing: its figures are the error of the others.
 */
export async function benchWithout(pattern: RegExp): Promise<void> {
  const tricks = TRICKS.filter(({ title }) => pattern.test(title));
  if (tricks.length === 0) {
    throw new Error(`--without ${pattern.source}: it matches none of\n${TRICKS.map(({ title }) => title).join('\n')}`);
  }
  await withClosers(async (defer) => {
    const upstream = (await startProgram('direct', 'mcp-server.ts', defer)).urls[0] as string;
    const sides: Measured[] = [];
    const present = { title: 'present', remove: () => undefined };
    for (const { title, remove } of [present, { ...present, title: 'nothing' }, ...tricks]) {
      const copy = copyProject(defer);
      remove(copy);
      const side = await startGatehouse(title, 1, defer, upstream, copy.root);
      await delay(IDLE_MS);
      sides.push({ side, idle: residentMebibytes(side.pid), cpu: [] });
      report(`warming up: ${title}`);
      for (const version of VERSIONS) {
        await load(side, { version, tool: 'echo', clients: CLIENTS }, { amount: WARM_UP_CALLS });
      }
    }
    for (let round = 0; round < ROUNDS; round++) {
      const version = VERSIONS[round % 2] as (typeof VERSIONS)[number];
      for (const { side, cpu } of sides) {
        cpu.push(
          (await load(side, { version, tool: 'echo', clients: CLIENTS }, { amount: ROUND_CALLS })).cpuMicroseconds,
        );
      }
    }
    const [base, ...others] = sides as [Measured, ...Measured[]];
    const memory = ({ side, idle }: Measured) => [idle, residentMebibytes(side.pid)] as const;
    const [idle, after] = memory(base);
    print(`tools/call, 1 KB, ${CLIENTS} clients, both eras: ${Math.round(median(base.cpu))} µs of CPU for each call`);
    print(`  ${Math.round(idle)} MiB resident when idle, ${Math.round(after)} MiB after the calls`);
    const percent = (value: number, reference: number) => (value / reference - 1) * 100;
    const signed = (value: number, digits: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;
    for (const other of others) {
      const [otherIdle, otherAfter] = memory(other);
      const cpu = percent(median(other.cpu.map((value, round) => value / (base.cpu[round] as number))), 1);
      const isWorth = [cpu, percent(otherIdle, idle), percent(otherAfter, after)].some((more) => more >= BAR_PERCENT);
      print(
        `without ${other.side.name}: ${signed(cpu, 1)} % CPU for each call, ${signed(otherIdle - idle, 0)} MiB when idle, ` +
          `${signed(otherAfter - after, 0)} MiB after the calls (bar ≥ ${BAR_PERCENT} % of one) ${isWorth ? 'met' : 'MISSED'}`,
      );
    }
  });
}
