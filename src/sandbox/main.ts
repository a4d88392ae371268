import { ConfigError } from '../config.ts';
import { SANDBOX_CREDENTIALS, startSandbox } from './sandbox.ts';

/** `npm run sandbox`: starts the sandbox and prints commands to paste. */
async function main(): Promise<void> {
  const sandbox = await startSandbox(process.env);
  const exports = Object.entries(SANDBOX_CREDENTIALS).map(([name, value]) => `export ${name}=${value}`);
  process.stdout.write(
    [
      `Listening on ${sandbox.url}. All data is in memory, and is lost when the sandbox stops.`,
      '',
      ...exports,
      '',
      `curl ${sandbox.url}/api/mcp-servers -H "X-API-KEY: $GATEHOUSE_API_KEY" -H "X-API-SECRET: $GATEHOUSE_API_SECRET"`,
      '',
    ].join('\n'),
  );
  const stop = async () => {
    await sandbox.stop();
    process.exit(0);
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
}

main().catch((error: unknown) => {
  const { message, stack, code } = error as NodeJS.ErrnoException;
  const expected = error instanceof ConfigError || code === 'EADDRINUSE';
  process.stderr.write(`${expected ? message : stack}\n`);
  process.exitCode = 1;
});
