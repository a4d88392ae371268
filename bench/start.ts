import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');

/** `npm start` in a process of its own, with these variables and no others. */
export function npmStart(env: Readonly<Record<string, string>>, stdout: 'ignore' | 'pipe' = 'ignore'): ChildProcess {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: { start: string } };
  const [, ...args] = scripts.start.split(' ');
  return spawn(process.execPath, args, {
    cwd: ROOT,
    env: { PATH: process.env.PATH, ...env } as NodeJS.ProcessEnv,
    stdio: ['ignore', stdout, stdout === 'ignore' ? 'ignore' : 'inherit'],
  });
}
