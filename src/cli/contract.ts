import type { Command } from './command.ts';

/** `gatehouse contract`. */
export const contract: Command = {
  synopsis: 'contract --base-url URL',
  summary: 'checks any server against the document, over HTTP',
  usage: async () => (await import('./contract-arguments.ts')).CONTRACT_USAGE,
  run: async (context) => (await import('./run-contract.ts')).runContract(context),
};
