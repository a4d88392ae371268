import { readArguments } from './arguments.ts';
import { type Command, EXIT } from './command.ts';

const USAGE = `Runs the server until SIGTERM or SIGINT, which let the calls under way finish.

  gatehouse [serve]

It takes no arguments: environment variables configure it, all of them checked at the start. The first start makes an
organization and credentials, and shows them once. For example:

  GATEHOUSE_DATA=/var/lib/gatehouse GATEHOUSE_PORT=8080 gatehouse serve

Exit status: 0 stopped, 1 could not start, or stopped after a fault of its own, which the log describes.
`;

/** `gatehouse serve`. */
export const serve: Command = {
  synopsis: 'serve',
  summary: 'runs the server; so does gatehouse without a command',
  usage: async () => USAGE,
  run: async ({ args }) => {
    readArguments(args, {});
    await import('../main.ts');
    return EXIT.done;
  },
};
