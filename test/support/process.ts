import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** Arguments with which Node runs a module of ours, its path below the root, as the first process to run it compiled it. */
export const compiledOnce = (module: string): readonly string[] => [
  '-r',
  join(ROOT, 'bin/preload.cjs'),
  join(ROOT, module),
];

/** Whether a process still runs; one that has ended, and that nobody has asked how, does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    // Field 3, behind the name in brackets (proc_pid_stat(5)); only Linux says so.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.startsWith('Z') !== true;
  } catch {
    return process.platform !== 'linux';
  }
}

/** A program of Gatehouse in a process of its own. */
export type Program = {
  readonly child: ChildProcess;
  /** Everything it has printed so far. */
  readonly output: () => string;
  /** Resolves with its address when it says that it is ready; rejects with its output when it ends before. */
  readonly ready: Promise<string>;
  readonly exited: Promise<number | null>;
};

/** Starts a program from its sources; the server, on a free port, unless told. It may have `descriptors` open. */
export function startProgram(
  env: Record<string, string>,
  args: readonly string[] = ['src/main.ts'],
  descriptors?: number,
): Program {
  const command = [process.execPath, '-r', './bin/preload.cjs', ...args];
  const limited = ['sh', '-c', `ulimit -n ${descriptors} && exec "$@"`, 'sh', ...command];
  const [file = '', ...rest] = descriptors === undefined ? command : limited;
  const child = spawn(file, rest, {
    cwd: ROOT,
    env: { PATH: process.env.PATH, GATEHOUSE_PORT: '0', ...env } as NodeJS.ProcessEnv,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const ready = new Promise<string>((resolve, reject) => {
    const read = (data: Buffer) => {
      printed += data;
      const url = /"url":"(http:[^"]+)"|Listening on (http:\S+)/.exec(printed);
      if (url !== null) {
        resolve((url[1] ?? url[2]) as string);
      }
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('close', () => reject(new Error(printed)));
  });
  ready.catch(() => undefined);
  return { child, output: () => printed, ready, exited };
}
