import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '../../src/client/client.ts';
import { type Defer, withClosers } from '../closers.ts';
import { callOf, TOOLS } from '../gateway/calls.ts';
import { mint, runGatehouse, startProgram } from '../gateway/sides.ts';
import { print } from '../print.ts';
import { residentMebibytes } from '../usage.ts';
import { ATTACKS } from './attacks.ts';

/** Milliseconds between two calls of the neighbour, and for which each attack and the time at rest are measured. */
const PERIOD_MS = 20;
const MEASURED_MS = 10_000;
/** Milliseconds after the start of an attack, and after its end, that do not count. */
const SETTLING_MS = 2000;
/** A machine of 512 MiB, as the gateway sees it. */
const MEMORY_BUDGET = '140MiB';
const LIMIT_MIB = 512;

type Neighbour = { readonly calls: number; readonly failures: number; readonly p99: number };

/**
 * One organization does its worst while another calls a tool 50 times a second: the other's failures, and its p99 against
 * the p99 at rest. With `minutes`, every attack in turn for so long, and a table that shows whether anything stays.
 */
export async function benchNeighbour(minutes: number | null): Promise<void> {
  await withClosers(async (defer) => {
    const upstream = await startProgram('upstream', '../gateway/mcp-server.ts', defer);
    const { client, url, pid } = await runGatehouse(defer, { GATEHOUSE_MEMORY_BUDGET: MEMORY_BUDGET });
    const call = callerOf(await endpointOfNeighbour(client, url, upstream.urls[0] as string));
    const attacker = await startAttacker(url, defer);
    await measure(call, MEASURED_MS);
    if (minutes === null) {
      await attackRows(attacker, call);
    } else {
      await soak(attacker, call, pid, minutes);
    }
  });
}

async function attackRows(attacker: ChildProcess, call: Call): Promise<void> {
  for (const name of Object.keys(ATTACKS)) {
    const rest = await measure(call, MEASURED_MS);
    attacker.send(name);
    await delay(SETTLING_MS);
    const attacked = await measure(call, MEASURED_MS);
    await stop(attacker);
    await delay(SETTLING_MS);
    const ratio = attacked.p99 / rest.p99;
    const isMet = attacked.failures === 0 && ratio <= 2;
    print(
      `${name}: ${attacked.failures} of ${attacked.calls} calls of the neighbour failed, p99 ${rest.p99.toFixed(1)} ms ` +
        `at rest, ${attacked.p99.toFixed(1)} ms attacked: ${ratio.toFixed(2)}× (bar 0 failures, ≤ 2×) ${isMet ? 'met' : 'MISSED'}`,
    );
  }
}

/** A row a minute. What counts is that nothing grows after the fifth. */
async function soak(attacker: ChildProcess, call: Call, pid: number | undefined, minutes: number): Promise<void> {
  const names = Object.keys(ATTACKS);
  const rows: { mebibytes: number; descriptors: number; failures: number }[] = [];
  for (let minute = 1, turn = 0; minute <= minutes; minute += 1) {
    const ended: string[] = [];
    const samples: Neighbour[] = [];
    for (const until = performance.now() + 60_000; performance.now() < until; turn += 1) {
      const name = names[turn % names.length] as string;
      attacker.send(name);
      samples.push(await measure(call, MEASURED_MS));
      await stop(attacker);
      ended.push(name);
    }
    await delay(SETTLING_MS);
    const sum = (what: 'calls' | 'failures') => samples.reduce((all, sample) => all + sample[what], 0);
    const row = {
      mebibytes: Math.round(residentMebibytes(pid)),
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
      failures: sum('failures'),
    };
    rows.push(row);
    const p99 = Math.max(...samples.map((sample) => sample.p99)).toFixed(0);
    print(
      `minute ${minute}: ${row.mebibytes} MiB, ${row.descriptors} descriptors, ${row.failures} of ${sum('calls')} calls ` +
        `failed, p99 at most ${p99} ms; ${ended.join(', ')}`,
    );
  }
  const [warm = [], late = []] = [rows.slice(4, 10), rows.slice(10)];
  const highest = (some: typeof rows, what: 'mebibytes' | 'descriptors') => Math.max(...some.map((row) => row[what]));
  const peak = Math.round(residentMebibytes(pid, 'VmHWM'));
  print(
    `minutes 5 to 10: at most ${highest(warm, 'mebibytes')} MiB and ${highest(warm, 'descriptors')} descriptors; ` +
      `later: at most ${highest(late, 'mebibytes')} MiB and ${highest(late, 'descriptors')}; ` +
      `peak ${peak} MiB (bar ≤ ${LIMIT_MIB} MiB) ${peak <= LIMIT_MIB ? 'met' : 'MISSED'}`,
  );
}

type Call = () => Promise<boolean>;

function callerOf(url: string): Call {
  const text = TOOLS.echo.answer;
  const { headers, body } = callOf('2025-11-25', 'echo');
  return async () => {
    const answer = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(30_000) });
    return (await answer.text()).includes(text) && answer.status === 200;
  };
}

/** Calls at their times, however long the ones before take: who waits for an answer would not see what is slow. */
async function measure(call: Call, milliseconds: number): Promise<Neighbour> {
  const times: number[] = [];
  let failures = 0;
  const calls: Promise<void>[] = [];
  const start = performance.now();
  for (let due = 0; due < milliseconds; due += PERIOD_MS) {
    await delay(Math.max(0, start + due - performance.now()));
    const began = performance.now();
    calls.push(
      call()
        .catch(() => false)
        .then((isRight) => {
          times.push(performance.now() - began);
          failures += isRight ? 0 : 1;
        }),
    );
  }
  await Promise.all(calls);
  const sorted = times.toSorted((a, b) => a - b);
  return { calls: times.length, failures, p99: sorted[Math.floor(sorted.length * 0.99)] as number };
}

async function stop(attacker: ChildProcess): Promise<void> {
  attacker.send('stop');
  await once(attacker, 'message');
}

async function startAttacker(gateway: string, defer: Defer): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, 'attacker.ts'), [gateway], { execArgv: [] });
  defer(async () => {
    child.kill();
  });
  await once(child, 'message');
  return child;
}

/** A second organization with a server and an endpoint over it. */
async function endpointOfNeighbour(
  operator: ReturnType<typeof createClient>,
  baseUrl: string,
  upstream: string,
): Promise<string> {
  const { data: organization } = await operator.POST('/admin/api/v1/organizations', { body: { name: 'Neighbour' } });
  const params = { path: { org_id: organization?.id ?? '' } };
  const { data: pair } = await operator.POST('/admin/api/v1/organizations/{org_id}/api-keys', {
    params,
    body: { name: 'Neighbour', permissions: ['servers', 'approvals'] },
  });
  const { data: token } = await operator.POST('/admin/api/v1/organizations/{org_id}/api-tokens', {
    params,
    body: { name: 'Neighbour' },
  });
  if (pair === undefined || token === undefined) {
    throw new Error('the neighbour got no credentials');
  }
  const client = createClient({ baseUrl, apiToken: token.token, apiKey: pair.apiKey, apiSecret: pair.apiSecret });
  const [url] = await mint(client, 1, upstream);
  return url as string;
}
