import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { compiledOnce } from '../../support/process.ts';
import { KEY, type Location } from './harness.ts';

const CHILD = compiledOnce('test/store/support/child.ts');

/** A real process with a store open. */
export type StoreProcess = {
  pid: number;
  /** The lines it has printed whole. */
  lines(): string[];
  /** Resolves when it has printed that many lines; rejects when it ends before. */
  printed(count: number): Promise<void>;
  /** Kills it without warning and resolves when it is gone. */
  kill(): Promise<void>;
};

/** Starts a process that opens a store and holds it, writes to it without end, or claims all work that is due. */
export async function startProcess(task: 'hold' | 'write' | 'claim', location: Location): Promise<StoreProcess> {
  const child = spawn(process.execPath, [...CHILD, task, JSON.stringify(location), KEY.toString('base64')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  let output = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  const lines = (): string[] => output.split('\n').slice(0, -1);
  const started: StoreProcess = {
    pid: child.pid ?? 0,
    lines,
    printed: (count) => untilPrinted(child, () => lines().length >= count),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
  await started.printed(1);
  return started;
}

function untilPrinted(child: ChildProcess, enough: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (enough()) {
        resolve();
      }
    };
    child.stdout?.on('data', look);
    child.once('exit', () => reject(new Error('The process ended early.')));
    look();
  });
}
