import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** A program of Gatehouse in a process of its own. */
export type Program = {
  readonly child: ChildProcess;
  /** Everything it has printed so far. */
  readonly output: () => string;
  /** Resolves with its address when it says that it is ready; rejects with its output when it ends before. */
  readonly ready: Promise<string>;
  readonly exited: Promise<number | null>;
};

/** Starts a program from its sources; the server, on a free port, unless told. */
export function startProgram(env: Record<string, string>, args: readonly string[] = ['src/main.ts']): Program {
  const child = spawn(process.execPath, ['-r', './bin/preload.cjs', ...args], {
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
