import { readFileSync } from 'node:fs';
import { packageFile } from '../base/package-file.ts';
import { suggestSimilar } from '../base/suggest-similar.ts';
import { ConfigError } from '../config.ts';
import { CannotListen } from '../http/listen.ts';
import { StoreRefused, StoreUnavailable } from '../store/errors.ts';
import { approvals } from './approvals.ts';
import { UsageError } from './arguments.ts';
import { backup } from './backup.ts';
import { type Command, type Context, EXIT } from './command.ts';
import { contract } from './contract.ts';
import { docs } from './docs.ts';
import { exportServers } from './export.ts';
import { importServers } from './import.ts';
import { mock } from './mock.ts';
import { rekey } from './rekey.ts';
import { restore } from './restore.ts';
import { sandbox } from './sandbox.ts';
import { serve } from './serve.ts';

/** Every command, by name, in the order in which `--help` lists them. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  serve,
  import: importServers,
  export: exportServers,
  approvals,
  backup,
  restore,
  rekey,
  contract,
  mock,
  sandbox,
  docs,
};

/** Runs `gatehouse` with all its arguments: prints the result, and resolves with the exit status. */
export async function runGatehouse(context: Context): Promise<number> {
  const [name = 'serve', ...args] = withHelpLast(context.args);
  if (name === '--version') {
    context.stdout(`${version()}\n`);
    return EXIT.done;
  }
  if (name === '--help') {
    context.stdout(overview());
    return EXIT.done;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    context.stderr(`${name}: ${unknown(name)}\nSee gatehouse --help.\n`);
    return EXIT.usage;
  }
  if (args.includes('--help')) {
    context.stdout(await command.usage());
    return EXIT.done;
  }
  try {
    return await command.run({ ...context, args });
  } catch (error) {
    return failed(context, name, error);
  }
}

/** The arguments with the other ways to ask for help, and for the version, as the one that is looked for. */
function withHelpLast([first, ...rest]: readonly string[]): readonly string[] {
  if (first === 'help') {
    return [...rest.slice(0, 1), '--help'];
  }
  const given = first === '-v' ? ['--version'] : first === undefined ? [] : [first];
  return [...given, ...rest].map((argument) => (argument === '-h' ? '--help' : argument));
}

const version = (): string => JSON.parse(readFileSync(packageFile('package.json'), 'utf8')).version;

function overview(): string {
  const commands = Object.values(COMMANDS);
  const width = Math.max(...commands.map(({ synopsis }) => synopsis.length));
  const lines = commands.map(({ synopsis, summary }) => `  ${synopsis.padEnd(width)}  ${summary}`);
  return `Gatehouse, a control plane and gateway for MCP servers.

  gatehouse [COMMAND] [ARGUMENT …]

${lines.join('\n')}

gatehouse help COMMAND describes one command, with an example. gatehouse --version prints the version.
Where the program is not on the path, npx mcp-gatehouse runs it; the package called gatehouse is another project.

Environment variables configure the server and all other commands:

  GATEHOUSE_DATA        the data folder: SQLite database, key file, first credentials (./data)
  DATABASE_URL          postgres://…, to use PostgreSQL instead of SQLite
  GATEHOUSE_SECRET_KEY  the keys: the first encrypts, all decrypt (the file secret.key in the data folder)

docs/operating.md lists the other variables.

Exit status: 0 done, 1 failed (the message gives the reason), 2 wrong usage, 130 interrupted.
`;
}

function unknown(name: string): string {
  return name.startsWith('-')
    ? `unknown option${suggestSimilar(name, ['--help', '--version'])}`
    : `unknown command${suggestSimilar(name, Object.keys(COMMANDS))}`;
}

/** Prints one line for an expected error, and the stack for an unexpected one. Returns the exit status. */
function failed({ stderr }: Context, name: string, error: unknown): number {
  if (error instanceof UsageError) {
    stderr(`${error.message}\nSee gatehouse ${name} --help.\n`);
    return EXIT.usage;
  }
  if (error instanceof ConfigError) {
    stderr(`${error.message}\n`);
    return EXIT.usage;
  }
  const { message, stack, syscall } = error as NodeJS.ErrnoException;
  const isExpected =
    [CannotListen, StoreRefused, StoreUnavailable].some((kind) => error instanceof kind) || syscall !== undefined;
  stderr(`${isExpected ? message : (stack ?? error)}\n`);
  return EXIT.failed;
}
