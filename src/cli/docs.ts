import type { Command } from './command.ts';

/** `gatehouse docs`. */
export const docs: Command = {
  synopsis: 'docs',
  summary: 'builds the documentation as a folder to publish; needs a clone of the project',
  usage: async () => {
    const [{ docsUsage }, { readDocument }] = await Promise.all([
      import('./run-docs.ts'),
      import('../contract/bundle.ts'),
    ]);
    return docsUsage(await readDocument());
  },
  run: async (context) => (await import('./run-docs.ts')).runDocs(context),
};
