import { readArguments } from './arguments.ts';
import { type Command, EXIT } from './command.ts';

const USAGE = `Runs the server until SIGTERM or SIGINT. Calls in progress then finish first.

  gatehouse [serve]

The command takes no arguments. Environment variables configure it, and it checks all of them at the start. The first
start creates an organization and credentials, and keeps them in the file credentials of the data folder. For example:

  GATEHOUSE_DATA=/var/lib/gatehouse GATEHOUSE_PORT=8080 gatehouse serve

Exit status: 0 stopped, 1 could not start, or stopped after an internal fault (the log describes it).
`;

/** `gatehouse serve`. */
export const serve: Command = {
  synopsis: 'serve',
  summary: 'runs the server; the default command',
  usage: async () => USAGE,
  run: async ({ args }) => {
    readArguments(args, {});
    await import('../main.ts');
    return EXIT.done;
  },
};
