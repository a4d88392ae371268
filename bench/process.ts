import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from './median.ts';

const ROOT = join(import.meta.dirname, '..');
/** Milliseconds after which a server that nobody asks counts as idle. */
const IDLE = 3000;

/** `npm start` in a process of its own: seconds to the first 200 of `/readyz`, and MiB resident when idle after it. */
export async function startAndIdle(): Promise<{ readonly seconds: number; readonly mebibytes: number }> {
  const seconds: number[] = [];
  const mebibytes: number[] = [];
  const data = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: { start: string } };
  const [, ...args] = scripts.start.split(' ');
  for (let turn = 0; turn < 5; turn++) {
    const port = 20_000 + Math.floor(Math.random() * 20_000);
    const start = performance.now();
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      env: { PATH: process.env.PATH, GATEHOUSE_DATA: data, GATEHOUSE_PORT: String(port) } as NodeJS.ProcessEnv,
      stdio: 'ignore',
    });
    while (!(await ready(port))) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    seconds.push((performance.now() - start) / 1000);
    await new Promise((resolve) => setTimeout(resolve, IDLE));
    const kibibytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
    mebibytes.push(Number(kibibytes) / 1024);
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
