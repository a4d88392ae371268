import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GatewayProgram, startGatewayProgram } from '../support/gateway-program.ts';
import type { Json } from '../support/json.ts';
import { CLIENTS } from '../support/table/clients.ts';
import { KILLABLE, type Killable } from '../support/table/killable.ts';
import { measureProgram } from './support/measure-program.ts';
import { type Deed, startTraffic } from './support/traffic.ts';

/** Minutes of traffic: 30 in `npm run soak`, and a few seconds in the gate. */
const MINUTES = Number(process.env.TRAFFIC_MINUTES ?? 0.1);
const ROW_MS = Math.min(60_000, MINUTES * 60_000);
/** One server is killed and started again at a time, and then left alone. */
const KILL_INTERVAL_MS = 5000;
/** Milliseconds after the start of a server within which its clients may still hear of its end. */
const GRACE_MS = 5000;
/** From this minute on, the memory may not grow. */
const WARM_MINUTES = 5;
const MAX_GROWTH = 1.1;
/** The operator and the organization each have a process of the local server. */
const LOCAL_PROCESSES = 2;

let directory: string;
let gateway: GatewayProgram;
const servers = new Map<string, Killable>();
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gatehouse-traffic-'));
  gateway = await startGatewayProgram(directory, { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' });
  for (const [name, start] of Object.entries(KILLABLE)) {
    servers.set(name, await start(gateway));
  }
});
afterAll(async () => {
  gateway.program.child.kill();
  await gateway.program.exited;
  await Promise.all([...servers.values()].map(({ stop }) => stop()));
  await rm(directory, { recursive: true });
});

/** An error in short: its status, and the words of the gateway, which clients may have put into theirs. */
const kindOf = ({ status, code, message }: Json): string => {
  const [, said = message] = /"message":"([^"]*)"/.exec(message) ?? [];
  const words = String(said)
    .replaceAll(/\d+|'[^']*'/g, '…')
    .slice(0, 80);
  return `${status ?? (typeof code === 'number' ? code : '')} ${words}`.trim();
};

const percentile = (sorted: readonly number[], part: number): number =>
  Math.round(sorted[Math.floor(sorted.length * part)] ?? 0);

test('mixed traffic over all transports and both eras, whose servers restart, meets no error without a cause', {
  timeout: (MINUTES + 5) * 60_000,
}, async () => {
  const pid = gateway.program.child.pid as number;
  /** When each server may last have been away. */
  const away = new Map<string, number>();
  const unexplained: string[] = [];
  let deeds: Deed[] = [];
  const note = (server: string, deed: Deed): void => {
    deeds.push(deed);
    const since = performance.now() - deed.ms;
    if (deed.error !== undefined && since > (away.get(server) ?? Number.NEGATIVE_INFINITY)) {
      unexplained.push(`${server}: ${kindOf(deed.error)}`);
    }
  };
  const row = (minute: string, open: number): number => {
    const done = deeds.splice(0);
    deeds = [];
    const times = done.map(({ ms }) => ms).toSorted((a, b) => a - b);
    const kinds = Map.groupBy(
      done.filter(({ error }) => error !== undefined),
      ({ error }) => kindOf(error),
    );
    const { rssMebibytes, sockets, children } = measureProgram(pid);
    const cells = [
      minute,
      done.length,
      percentile(times, 0.5),
      percentile(times, 0.99),
      Math.round(rssMebibytes),
      sockets,
      children,
      open,
    ];
    process.stdout.write(
      `traffic | ${cells.join(' | ')} | ${[...kinds].map(([kind, all]) => `${all.length} × ${kind}`).join('; ')}\n`,
    );
    return rssMebibytes;
  };

  process.stdout.write(
    'traffic | minute | calls | p50 ms | p99 ms | RSS MiB | sockets | children | clients | errors\n',
  );
  const served = [...servers].map(([name, { mintUrl }]) => ({ name, mintUrl }));
  const traffic = startTraffic(CLIENTS, served, note);
  const end = performance.now() + MINUTES * 60_000;
  const restarting = (async () => {
    for (let at = 0; performance.now() < end - 2 * GRACE_MS; at++) {
      const { name } = served[at % served.length] as { name: string };
      away.set(name, Number.POSITIVE_INFINITY);
      await servers.get(name)?.killAndStart();
      away.set(name, performance.now() + GRACE_MS);
      await delay(KILL_INTERVAL_MS);
    }
  })();
  const memory: number[] = [];
  while (performance.now() < end) {
    await delay(Math.min(ROW_MS, end - performance.now()));
    memory.push(row(String(memory.length + 1), traffic.open()));
  }
  await restarting;
  await traffic.stop();
  row('end', traffic.open());

  expect(unexplained).toEqual([]);
  const warm = memory.slice(WARM_MINUTES);
  expect(Math.max(...warm, 0)).toBeLessThanOrEqual(MAX_GROWTH * (memory[WARM_MINUTES - 1] ?? Number.POSITIVE_INFINITY));
  // What is left are the gateway's own connections to its servers, and what it keeps for the next request.
  await expect.poll(() => measureProgram(pid).children, { timeout: 20_000 }).toBe(LOCAL_PROCESSES);
  await expect.poll(() => measureProgram(pid).sockets, { timeout: 60_000 }).toBeLessThanOrEqual(3 * servers.size + 10);
});
