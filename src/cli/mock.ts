import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installedPackage, packageFile } from '../base/package-file.ts';
import { readArguments, UsageError } from './arguments.ts';
import { type Command, type Context, EXIT } from './command.ts';

const PACKAGE = '@stoplight/prism-cli';
const DEFAULT_PORT = 4010;

const USAGE = `Serves the examples of the OpenAPI document with Prism, until you interrupt it.

  gatehouse mock [--port N]

  --port N  the port on this machine (${DEFAULT_PORT})

A clone of the project includes Prism. Without Prism, the command prints another command that downloads and runs it.
For example:

  gatehouse mock --port 4011
`;

/** `gatehouse mock`. */
export const mock: Command = {
  synopsis: 'mock [--port N]',
  summary: "serves the document's examples, to develop clients against",
  usage: async () => USAGE,
  run,
};

async function run({ args, env, stderr, interruption }: Context): Promise<number> {
  const port = portOf(readArguments(args, { port: { type: 'string' } }).values.port);
  const mocked = ['mock', fileURLToPath(packageFile('generated/openapi.json')), '--port', port];
  const prism = installedPackage(PACKAGE);
  if (prism === null) {
    stderr(`The mock needs Prism, which is not installed here. Run:\n\n  npx ${PACKAGE} ${mocked.join(' ')}\n\n`);
    return EXIT.failed;
  }
  const interrupted = interruption();
  const child = spawn(process.execPath, [join(prism, 'dist/index.js'), ...mocked], { env, stdio: 'inherit' });
  interrupted.addEventListener('abort', () => child.kill('SIGTERM'));
  const [code] = await once(child, 'exit');
  return interrupted.aborted ? EXIT.done : ((code as number | null) ?? EXIT.failed);
}

function portOf(text = String(DEFAULT_PORT)): string {
  const isPort = /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
  if (!isPort) {
    throw new UsageError('--port: must be a whole number from 1 to 65535');
  }
  return text;
}
