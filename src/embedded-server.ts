import pino from 'pino';
import type { NewCredentials } from './auth/first-credentials.ts';
import { createLogDestination } from './base/log-destination.ts';
import { parseConfig, SECRET_VARIABLES } from './config.ts';
import { readDocument } from './contract/bundle.ts';
import { builtDocs } from './docs/built.ts';
import { startServer as start } from './server.ts';

/** The configuration has mistakes; the message names all of them. */
export { ConfigError } from './config.ts';

export type EmbeddedServerOptions = {
  /**
   * The variables that configure the server, and that configurations of shared servers may name: `process.env`, or a part
   * of it. Shared servers never see those that hold secrets of Gatehouse.
   */
  readonly env: Readonly<Record<string, string | undefined>>;
};

export type EmbeddedServer = {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The credentials that this start has made: they are not shown again. Null if there was nothing to make. */
  readonly newCredentials: NewCredentials | null;
  /** Stops accepting, lets calls in progress finish, and closes the database. */
  readonly stop: () => Promise<void>;
};

/**
 * Starts the server in this process: what `mcp-gatehouse serve` runs, without its handling of signals and faults. It writes
 * its log to standard output, as lines of JSON. Throws ConfigError, and errors of the database and of the port.
 *
 * @example
 * ```ts
 * import { startServer } from 'mcp-gatehouse/server';
 *
 * const server = await startServer({ env: { GATEHOUSE_PORT: '0', GATEHOUSE_DATA: './data' } });
 * console.log(server.url, server.newCredentials?.first?.apiToken);
 * await server.stop();
 * ```
 */
export async function startServer({ env }: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const config = parseConfig(env);
  const isSecret = (name: string): boolean => SECRET_VARIABLES.some((secret) => secret === name);
  const { url, newCredentials, stop } = await start({
    config,
    document: await readDocument(),
    docs: builtDocs,
    log: pino({ level: config.logLevel }, createLogDestination()),
    violations: 'report',
    environment: Object.fromEntries(Object.entries(env).filter(([name]) => !isSecret(name))),
  });
  return { url, newCredentials, stop };
}
