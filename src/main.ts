import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pino from 'pino';
import type { FirstCredentials } from './bootstrap.ts';
import { type Config, ConfigError, parseConfig } from './config.ts';
import { readDocument } from './contract/bundle.ts';
import { builtDocs } from './docs/built.ts';
import { startServer } from './server.ts';
import { StoreRefused, StoreUnavailable } from './store/store.ts';

/** The program: reads the environment, starts the server, stops it on SIGTERM and SIGINT. */
async function main(): Promise<void> {
  const config = parseConfig(process.env);
  const log = pino({ level: config.logLevel }, await destination());
  const server = await startServer({
    config,
    document: await readDocument(),
    docs: builtDocs,
    log,
    violations: 'report',
  });
  if (server.firstCredentials !== null) {
    await showOnce(server.firstCredentials, config, server.url, (path) =>
      log.info({ path }, 'first credentials written'),
    );
  }
  log.info({ url: server.url, publicUrl: server.deps.publicUrl, engine: server.deps.store.engine }, 'ready');
  const stop = async (signal: string) => {
    log.info({ signal }, 'stopping');
    await server.stop();
    process.exit(0);
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
}

/** People get colours, machines get JSON lines. */
async function destination(): Promise<pino.DestinationStream> {
  if (!process.stdout.isTTY) {
    return pino.destination({ sync: false });
  }
  const { default: pretty } = await import('pino-pretty');
  return pretty({ ignore: 'pid,hostname', translateTime: 'HH:MM:ss' });
}

/** On a terminal the secrets of the first start are printed; elsewhere, where output is kept, only a file's path is. */
async function showOnce(
  made: FirstCredentials,
  config: Config,
  url: string,
  wrote: (path: string) => void,
): Promise<void> {
  const lines = [
    `Organization    ${made.organizationId}`,
    ...(made.operatorToken === null ? [] : [`Operator token  ${made.operatorToken}`]),
    `API token       ${made.apiToken}`,
    `API key         ${made.apiKey}`,
    `API secret      ${made.apiSecret}`,
    '',
    'Try it:',
    `curl ${url}/api/mcp-servers -H 'X-API-KEY: ${made.apiKey}' -H 'X-API-SECRET: ${made.apiSecret}'`,
    '',
  ];
  if (process.stdout.isTTY) {
    process.stdout.write(`\nFirst start. These are shown once; keep them.\n\n${lines.join('\n')}\n`);
    return;
  }
  const path = join(config.dataDirectory, 'credentials');
  await writeFile(path, lines.join('\n'), { mode: 0o600, flush: true });
  wrote(path);
}

main().catch((error: unknown) => {
  const expected = error instanceof ConfigError || error instanceof StoreRefused || error instanceof StoreUnavailable;
  const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  process.stderr.write(
    `${expected || taken ? (error as Error).message : ((error as Error).stack ?? error)}\n${taken ? 'Set GATEHOUSE_PORT to a free port.\n' : ''}`,
  );
  process.exitCode = 1;
});
