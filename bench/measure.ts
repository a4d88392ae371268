import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { API_KEY, API_SECRET } from './credentials.ts';
import { median } from './median.ts';

export type Variant = 'complete' | 'constant' | 'one-path';
export type Ready = { readonly url: string; readonly serverId: string };

/** What one round measured: requests a second, and microseconds of server CPU for each. */
export type Sample = { readonly perSecond: number; readonly cpuMicroseconds: number };
export type Load = { readonly method: 'GET' | 'PATCH'; readonly body?: string };

const CONNECTIONS = 16;

type Side = { readonly child: ChildProcess; readonly ready: Ready };

async function start(variant: Variant): Promise<Side> {
  const child = fork(join(import.meta.dirname, 'variant.ts'), [variant], { execArgv: ['--max-semi-space-size=4'] });
  const [ready] = (await once(child, 'message')) as [Ready];
  return { child, ready };
}

async function cpu({ child }: Side): Promise<number> {
  const answer = once(child, 'message') as Promise<[NodeJS.CpuUsage]>;
  child.send('cpu');
  const [{ user, system }] = await answer;
  return user + system;
}

async function round(side: Side, { method, body }: Load, seconds: number): Promise<Sample> {
  const before = await cpu(side);
  const result = await autocannon({
    url: `${side.ready.url}/api/mcp-servers/${side.ready.serverId}`,
    method,
    headers: { 'X-API-KEY': API_KEY, 'X-API-SECRET': API_SECRET, 'Content-Type': 'application/json' },
    connections: CONNECTIONS,
    duration: seconds,
    ...(body !== undefined && { body }),
  });
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(`${method}: ${result.non2xx} answers were no success, ${result.errors} connections failed`);
  }
  const requests = result.requests.total;
  return { perSecond: requests / result.duration, cpuMicroseconds: ((await cpu(side)) - before) / requests };
}

/** Both sides on this machine in turn, five rounds after a warm-up; medians of the rates, and of the ratios pair by pair. */
export async function compare(subject: Variant, reference: Variant, load: Load) {
  const sides = [await start(subject), await start(reference)] as const;
  for (const side of sides) {
    await round(side, load, 2);
  }
  const pairs: (readonly [Sample, Sample])[] = [];
  for (let turn = 0; turn < 5; turn++) {
    pairs.push([await round(sides[0], load, 2), await round(sides[1], load, 2)]);
  }
  for (const { child } of sides) {
    child.disconnect();
    await once(child, 'exit');
  }
  const of = (side: 0 | 1): Sample => ({
    perSecond: median(pairs.map((pair) => pair[side].perSecond)),
    cpuMicroseconds: median(pairs.map((pair) => pair[side].cpuMicroseconds)),
  });
  return { subject: of(0), reference: of(1), ratio: median(pairs.map(([a, b]) => a.perSecond / b.perSecond)) };
}
