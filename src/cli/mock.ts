import { installedPackage } from '../base/package-file.ts';
import { type Command, EXIT } from './command.ts';

const PRISM = '@stoplight/prism-http';

/** `gatehouse mock`. */
export const mock: Command = {
  synopsis: 'mock',
  summary: "serves the document's examples, to develop clients against",
  usage: async () => {
    const [{ mockUsage }, { readDocument }] = await Promise.all([
      import('./mock-arguments.ts'),
      import('../contract/bundle.ts'),
    ]);
    return mockUsage(await readDocument());
  },
  run: async (context) => {
    const { readMockArguments, npxLine } = await import('./mock-arguments.ts');
    const settings = await readMockArguments(context.args);
    if (installedPackage(PRISM) === null) {
      context.stderr(`The mock needs Prism, which is not installed here. Run:\n\n  ${npxLine(settings)}\n\n`);
      return EXIT.failed;
    }
    return (await import('./run-mock.ts')).runMock(context, settings);
  },
};
