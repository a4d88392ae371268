import type { Command } from './command.ts';

/** `gatehouse contract`. */
export const contract: Command = {
  synopsis: 'contract --base-url URL',
  summary: 'checks any server against the document, over HTTP',
  usage: async () => (await import('../suite/cli.ts')).USAGE,
  run: async ({ args, env, stdout, stderr, interruption }) => {
    const [{ runCli }, { readDocument }] = await Promise.all([
      import('../suite/cli.ts'),
      import('../contract/bundle.ts'),
    ]);
    return runCli({ document: await readDocument(), args, env, stdout, stderr, signal: interruption() });
  },
};
