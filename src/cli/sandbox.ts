import type { Command } from './command.ts';

/** `gatehouse sandbox`. */
export const sandbox: Command = {
  synopsis: 'sandbox',
  summary: 'runs the real server in memory, with objects and public credentials',
  usage: async () => (await import('./run-sandbox.ts')).SANDBOX_USAGE,
  run: async (context) => (await import('./run-sandbox.ts')).runSandbox(context),
};
