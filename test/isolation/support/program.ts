import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type Program, startProgram } from '../../support/process.ts';
import { API_KEY, API_SECRET, API_TOKEN, OPERATOR_TOKEN } from '../../support/server.ts';

/** The gateway in a process of its own, whose faults are seen. */
export type WatchedProgram = {
  readonly url: string;
  readonly program: Program;
  /** File descriptors that it has open. */
  readonly descriptors: () => number;
  /** Bytes that it holds, after a collection. */
  readonly heldBytes: () => Promise<number>;
  /** What it has logged as fatal, or as an internal error. */
  readonly faults: () => string[];
};

/** Starts the program as operators do, with what the tests need to look into it. */
export async function startWatchedProgram(
  directory: string,
  more: Record<string, string> = {},
): Promise<WatchedProgram> {
  const program = startProgram(
    {
      GATEHOUSE_DATA: directory,
      GATEHOUSE_ADMIN_TOKEN: OPERATOR_TOKEN,
      GATEHOUSE_API_TOKEN: API_TOKEN,
      GATEHOUSE_API_KEY: API_KEY,
      GATEHOUSE_API_SECRET: API_SECRET,
      GATEHOUSE_EGRESS_ALLOW: '127.0.0.0/8',
      ...more,
    },
    ['--expose-gc', '-r', './test/isolation/support/report.cjs', 'src/main.ts'],
  );
  const url = await program.ready;
  return {
    url,
    program,
    descriptors: () => readdirSync(`/proc/${program.child.pid}/fd`).length,
    heldBytes: async () => {
      const from = program.output().length;
      program.child.kill('SIGUSR2');
      for (;;) {
        const [, bytes] = /held bytes: (\d+)/.exec(program.output().slice(from)) ?? [];
        if (bytes !== undefined) {
          return Number(bytes);
        }
        await Promise.race([
          once(program.child.stdout as NonNullable<typeof program.child.stdout>, 'data'),
          delay(200),
        ]);
      }
    },
    faults: () =>
      program
        .output()
        .split('\n')
        .filter((line) => line.startsWith('{"level":60') || line.startsWith('{"level":50')),
  };
}
