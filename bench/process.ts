import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from './median.ts';
import { npmStart } from './start.ts';
import { residentMebibytes } from './usage.ts';

/** Milliseconds after which a server that nobody asks counts as idle. */
const IDLE = 3000;

/** `npm start` in a process of its own: seconds to the first 200 of `/readyz`, and MiB resident when idle after it. */
export async function startAndIdle(): Promise<{ readonly seconds: number; readonly mebibytes: number }> {
  const seconds: number[] = [];
  const mebibytes: number[] = [];
  const data = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  for (let turn = 0; turn < 5; turn++) {
    const port = 20_000 + Math.floor(Math.random() * 20_000);
    const start = performance.now();
    const child = npmStart({ GATEHOUSE_DATA: data, GATEHOUSE_PORT: String(port) });
    while (!(await ready(port))) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    seconds.push((performance.now() - start) / 1000);
    await new Promise((resolve) => setTimeout(resolve, IDLE));
    mebibytes.push(residentMebibytes(child.pid));
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  rmSync(data, { recursive: true });
  return { seconds: median(seconds), mebibytes: median(mebibytes) };
}

async function ready(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`)).status === 200;
  } catch {
    return false;
  }
}
