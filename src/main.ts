import querystring from 'node:querystring';
import pino from 'pino';
import { keepCredentials, linesOf } from './auth/credentials-file.ts';
import type { NewCredentials } from './auth/first-credentials.ts';
import { endWithNpm } from './base/end-with-npm.ts';
import { exitOnFault } from './base/exit-on-fault.ts';
import { LIMITS } from './base/limits.ts';
import { createLogDestination } from './base/log-destination.ts';
import { type Config, ConfigError, parseConfig, SECRET_VARIABLES } from './config.ts';
import { readDocument } from './contract/bundle.ts';
import { builtDocs } from './docs/built.ts';
import { CannotListen } from './http/listen.ts';
import { secretForms } from './redaction/secret-forms.ts';
import { closeInherited } from './runtime/close-inherited.ts';
import { type RunningServer, startServer } from './server.ts';
import { StoreRefused, StoreUnavailable } from './store/store.ts';

/** Characters that a secret must have to be taken out of a text: shorter ones are part of other words. */
const MIN_SECRET_CHARS = 4;

/** The program: reads the environment, starts the server, stops it on SIGTERM and SIGINT. */
async function main(): Promise<void> {
  const config = parseConfig(process.env);
  for (const name of SECRET_VARIABLES) {
    delete process.env[name];
  }
  // After the files of secrets were read, which may be descriptors.
  closeInherited();
  const log = pino({ level: config.logLevel }, await destination());
  let server: RunningServer | undefined;
  const stopAfterFault = async () => {
    process.off('SIGTERM', stop).off('SIGINT', stop);
    await server?.stopAfterFault();
  };
  exitOnFault({ log, mask: maskOf(config), stop: stopAfterFault, stopMs: LIMITS.faultStopMs });
  const stop = async (signal: string) => {
    process.off('SIGTERM', stop).off('SIGINT', stop);
    log.info({ signal }, 'stopping');
    await server?.stop();
    process.exit(0);
  };
  let path = '';
  const keep = async (made: NewCredentials) => {
    path = await keepCredentials(config.dataDirectory, made);
    log.info({ path }, 'first credentials written');
  };
  const environment = process.env;
  const options = {
    config,
    environment,
    document: await readDocument(),
    docs: builtDocs,
    log,
    violations: 'report',
    keep,
  } as const;
  server = await startServer(options);
  const { publicUrl, store } = server.deps;
  log.info({ url: server.url, publicUrl, docs: `${publicUrl}/docs`, engine: store.engine }, 'ready');
  if (process.stdout.isTTY) {
    process.stdout.write(welcome(server, path));
  }
  process.on('SIGTERM', stop).on('SIGINT', stop);
  endWithNpm();
}

/** Takes what this process was given as secrets, and the tokens in paths of endpoints, out of a text. */
function maskOf({ adminToken, databaseUrl, firstCredentials, secretKeys }: Config): (text: string) => string {
  const given = [adminToken, databaseUrl, ...Object.values(firstCredentials)].filter((secret) => secret !== null);
  const password = databaseUrl === null ? '' : new URL(databaseUrl).password;
  const keys = (secretKeys ?? []).flatMap((key) => [key.toString('base64'), key.toString('hex')]);
  const forms = secretForms([...given, password, querystring.unescape(password), ...keys], MIN_SECRET_CHARS);
  return (text) =>
    forms.reduce((left, form) => left.replaceAll(form, '***'), text.replaceAll(/\/mcp\/[^\s/?#"']+/g, '/mcp/***'));
}

/** People get colours, machines get JSON lines. */
async function destination(): Promise<pino.DestinationStream> {
  if (!process.stdout.isTTY) {
    return createLogDestination();
  }
  return (await import('./telemetry/terminal-log.ts')).terminalLog();
}

/** The last lines of a start on a terminal: the pages, and the credentials that this start has made. */
function welcome({ url, newCredentials: made }: RunningServer, path: string): string {
  const lines = ['', `Console         ${url}/console`, `Docs            ${url}/docs`];
  if (made !== null) {
    lines.push(...linesOf(made), '', `The credentials are in ${path}.`);
  }
  if (made?.first) {
    const { apiKey, apiSecret } = made.first;
    const headers = [`  -H 'X-API-KEY: ${apiKey}'`, `  -H 'X-API-SECRET: ${apiSecret}'`];
    lines.push('', 'Try it:', [`curl ${url}/api/mcp-servers`, ...headers].join(' \\\n'));
  }
  return `${lines.join('\n')}\n\n`;
}

main().catch((error: unknown) => {
  process.stderr.write(`${reasonOf(error)}\n`);
  process.exit(1);
});

/** Why the start failed: a sentence that says what to do, or the stack of an error that nothing foresees. */
function reasonOf(error: unknown): string {
  const isExpected = [ConfigError, CannotListen, StoreRefused, StoreUnavailable].some((kind) => error instanceof kind);
  const { message, stack } = error as Error;
  return isExpected ? message : String(stack ?? error);
}
