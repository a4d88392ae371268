import { readArguments } from './arguments.ts';
import { type Command, type Context, EXIT } from './command.ts';

const USAGE = `Runs the sandbox until you interrupt it: the real server in memory, with objects and public credentials.

  gatehouse sandbox

It holds the objects of the document's examples, under the ids that the samples use, and an endpoint over a small MCP
server of its own. All data is lost when it stops. Pages of http://localhost, on any port, may call it. The operator's
servers may be local processes only with the command sandbox-contacts.

GATEHOUSE_PORT is the port (8080); docs/operating.md lists the other variables. The sandbox has its own credentials and
database. For example:

  GATEHOUSE_PORT=8081 gatehouse sandbox
`;

/** `gatehouse sandbox`. */
export const sandbox: Command = {
  synopsis: 'sandbox',
  summary: 'runs the real server in memory, with objects and public credentials',
  usage: async () => USAGE,
  run,
};

async function run({ args, env, stdout, interruption }: Context): Promise<number> {
  readArguments(args, {});
  const [{ SANDBOX_CREDENTIALS, startSandbox }, { terminalLog }] = await Promise.all([
    import('../sandbox/sandbox.ts'),
    import('../telemetry/terminal-log.ts'),
  ]);
  const interrupted = interruption();
  const running = await startSandbox(env, { destination: terminalLog() });
  const { url } = running;
  stdout(
    [
      `Listening on ${url} with all data in memory, which is lost when the sandbox stops.`,
      '',
      ...Object.entries(SANDBOX_CREDENTIALS).map(([name, value]) => `export ${name}=${value}`),
      '',
      `curl ${url}/api/mcp-servers -H "X-API-KEY: $GATEHOUSE_API_KEY" -H "X-API-SECRET: $GATEHOUSE_API_SECRET"`,
      '',
      `Docs: ${url}/docs`,
      '',
      '',
    ].join('\n'),
  );
  await new Promise((resolve) => {
    interrupted.addEventListener('abort', resolve, { once: true });
    if (interrupted.aborted) {
      resolve(undefined);
    }
  });
  await running.stop();
  return EXIT.done;
}
