import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { createDriver, type Driver } from './support/drive.ts';
import { type HostileServer, startHostileServer } from './support/hostile-server.ts';
import { type Combination, MATRIX, nameOf, randomOf, shuffled } from './support/matrix.ts';
import { startWatchedProgram, type WatchedProgram } from './support/program.ts';
import { startVictim, type Victim } from './support/victim.ts';

/** The whole matrix with `HOSTILE=all` (`npm run soak`), or those whose name holds a text; else what 10 s hold. */
const { HOSTILE = '', HOSTILE_SEED } = process.env;
const SAMPLE_MS = 10_000;
/** Another sample each day, the same for everybody on that day: a failure can be had again. */
const SEED = Number(HOSTILE_SEED ?? new Date().toISOString().slice(0, 10).replaceAll('-', ''));
const AT_ONCE = Number(process.env.HOSTILE_AT_ONCE ?? 4);
/** Milliseconds that a call of another tenant may take; on a machine that is busy, ten times what it takes in quiet. */
const VICTIM_MS = 2500;
const QUIET_MS = 1000;
/** Combinations after which a long run says how far it is. */
const PROGRESS = 100;
const MIB = 1024 * 1024;

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-hostile-'));
let gateway: WatchedProgram;
let hostile: HostileServer;
let victim: Victim;
let driver: Driver;
beforeAll(async () => {
  gateway = await startWatchedProgram(directory);
  hostile = await startHostileServer();
  const { id } = (await call(gateway.url, 'listOrganizations')).body[0];
  driver = createDriver(gateway.url, id, hostile, directory);
  victim = await startVictim(gateway.url);
});
afterAll(async () => {
  victim.stop();
  gateway.program.child.kill('SIGTERM');
  expect(await gateway.program.exited).toBe(0);
  await hostile.stop();
  rmSync(directory, { recursive: true });
});

/** Runs combinations, several at once, until there are no more or the time is over. Returns how many, and what was wrong. */
async function runAll(
  combinations: readonly Combination[],
  forMs: number,
): Promise<{ count: number; wrong: string[] }> {
  const wrong: string[] = [];
  const until = performance.now() + forMs;
  let count = 0;
  const next = async (): Promise<void> => {
    while (count < combinations.length && performance.now() < until && gateway.program.child.exitCode === null) {
      const combination = combinations[count++] as Combination;
      const name = nameOf(combination);
      const found = await driver.run(combination).catch((error: unknown) => [`${name}: ${error}`]);
      for (const one of found) {
        process.stdout.write(`${new Date().toISOString()} wrong: ${one}\n`);
      }
      wrong.push(...found);
      if (count % PROGRESS === 0) {
        process.stdout.write(`${new Date().toISOString()} ${count} of ${combinations.length}\n`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  return { count, wrong };
}

describe('any answer of a server at any moment', () => {
  test('the matrix contains at least 40 answers for each moment', () => {
    const counts = new Map<string, number>();
    for (const { transport, way, moment } of MATRIX) {
      const place = `${transport} ${way} ${moment}`;
      counts.set(place, (counts.get(place) ?? 0) + 1);
    }
    expect([...counts].filter(([, count]) => count < 40)).toEqual([]);
    expect(new Set(MATRIX.map(nameOf)).size).toBeGreaterThan(MATRIX.length * 0.95);
  });

  test('only its own calls fail, as documented, and it leaves nothing behind', { timeout: 3_600_000 }, async () => {
    const order = shuffled(MATRIX, randomOf(SEED));
    const isWhole = HOSTILE !== '';
    const chosen = HOSTILE === 'all' ? order : order.filter((one) => nameOf(one).includes(HOSTILE));
    await delay(QUIET_MS);
    const ceilingMs = Math.max(VICTIM_MS, 10 * (await victim.fared()).slowestMs);
    await runAll(order.slice(0, 16), SAMPLE_MS / 4);
    const [descriptors, held] = [gateway.descriptors(), await gateway.heldBytes()];
    const { count, wrong } = await runAll(chosen, isWhole ? Number.POSITIVE_INFINITY : SAMPLE_MS);
    const { answered, failures, slowestMs } = await victim.fared();
    process.stdout.write(
      `hostile servers: ${count} of ${MATRIX.length} combinations, HOSTILE_SEED=${SEED}; the other tenant: ${answered} calls, the slowest ${Math.round(slowestMs)} ms\n`,
    );
    expect(gateway.program.child.exitCode, gateway.program.output().slice(-4000)).toBe(null);
    expect(wrong).toEqual([]);
    expect(gateway.faults()).toEqual([]);
    expect(failures).toEqual([]);
    expect(slowestMs).toBeLessThan(ceilingMs);
    await expect
      .poll(() => gateway.descriptors(), { timeout: 20_000, interval: 500 })
      .toBeLessThanOrEqual(descriptors + 8);
    await expect
      .poll(async () => (await gateway.heldBytes()) / MIB, { timeout: 20_000, interval: 1000 })
      .toBeLessThan(held / MIB + 24);
  });
});
