import { randomBytes } from 'node:crypto';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import pino, { type DestinationStream } from 'pino';
import { isLoopback, parseConfig, SECRET_VARIABLES } from '../config.ts';
import { readDocument } from '../contract/bundle.ts';
import { builtDocs } from '../docs/built.ts';
import { startContacts } from '../mock/contacts.ts';
import { type RunningServer, startServer } from '../server.ts';
import { createDisturb, type DisturbOptions } from './disturb.ts';
import { fill } from './fill.ts';
import { readData } from './read-data.ts';
import { createSeedIds } from './seed-ids.ts';
import { CONTACTS_TOKEN, examples } from './seeds.ts';

/** The sandbox's credentials, publicly known: the sandbox contains nothing to protect. */
export const SANDBOX_CREDENTIALS = {
  GATEHOUSE_ADMIN_TOKEN: 'sandbox-operator-token-for-everybody',
  GATEHOUSE_API_TOKEN: 'gat_sandbox_token_for_everybody_000',
  GATEHOUSE_API_KEY: 'sk_sandbox_key_for_everybody_000000',
  GATEHOUSE_API_SECRET: 's3cr3t_sandbox_secret_for_everybody',
  MCP_ENDPOINT_TOKEN: CONTACTS_TOKEN,
} as const;

/** Any page of this machine: what it could do, programs of this machine can do as well. */
const LOOPBACK_ORIGIN = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/;

/** The local processes that the operator may configure, by command: the MCP server of contacts, over stdio. */
const PROGRAMS = {
  'sandbox-contacts': {
    file: process.execPath,
    args: [fileURLToPath(new URL(`contacts-stdio${extname(import.meta.filename)}`, import.meta.url))],
  },
};

export type SandboxOptions = {
  /** Where the log goes once the sandbox is full; nowhere unless given. */
  readonly destination?: DestinationStream;
  /** JSON of the objects that it holds, as `readData` reads it; those of the document's examples unless given. */
  readonly data?: string;
  /** Milliseconds that every answer waits, and the errors that it answers on purpose; none unless given. */
  readonly disturbances?: Omit<DisturbOptions, 'document' | 'random'>;
};

/**
 * Starts the real server in memory with the objects and ids of the document's examples, so that printed samples find
 * them. A small MCP server runs beside it, behind the endpoint with the fixed token. Host, port and limits come from
 * the environment; database and credentials do not. Throws ConfigError, DataRefused and CannotListen.
 */
export async function startSandbox(
  env: Readonly<Record<string, string | undefined>>,
  { destination, data, disturbances }: SandboxOptions = {},
): Promise<RunningServer> {
  const own = new Set(SECRET_VARIABLES.flatMap((name) => [name, `${name}_FILE`]));
  const config = parseConfig({
    // Samples find the call that waits for as long as a sandbox usually runs.
    GATEHOUSE_APPROVAL_TIMEOUT: '86400',
    ...Object.fromEntries(Object.entries(env).filter(([name]) => !own.has(name))),
    ...SANDBOX_CREDENTIALS,
    GATEHOUSE_SECRET_KEY: randomBytes(32).toString('base64'),
  });
  const { GATEHOUSE_ADMIN_TOKEN, GATEHOUSE_API_TOKEN, GATEHOUSE_API_KEY, GATEHOUSE_API_SECRET } = SANDBOX_CREDENTIALS;
  const credentials = {
    operatorToken: GATEHOUSE_ADMIN_TOKEN,
    apiToken: GATEHOUSE_API_TOKEN,
    apiKey: GATEHOUSE_API_KEY,
    apiSecret: GATEHOUSE_API_SECRET,
  };
  const { ids, choose } = createSeedIds();
  const log = pino({ level: 'silent' }, destination);
  const document = await readDocument();
  const disturb = disturbances && createDisturb({ ...disturbances, document, random: Math.random });
  let isFull = false;
  const contacts = await startContacts();
  const server = await startServer({
    config: {
      ...config,
      // Its credentials are public: where others reach it, they must not reach what listens on this machine.
      egressAllow: [...config.egressAllow, ...(isLoopback(config.host) ? ['127.0.0.1'] : [])],
      corsOrigins: [...config.corsOrigins, LOOPBACK_ORIGIN],
    },
    document,
    docs: builtDocs,
    log,
    violations: 'report',
    location: { kind: 'memory' },
    ids,
    // Whoever reaches it could otherwise run what they like.
    programs: PROGRAMS,
    prepare: async (app) => {
      await fill(app, data === undefined ? examples(contacts.url) : readData(data, contacts.url), credentials, choose);
      isFull = true;
    },
    disturb: async (operation) => {
      if (isFull) {
        await disturb?.(operation);
      }
    },
  }).catch(async (error: unknown) => {
    await contacts.stop();
    throw error;
  });
  if (destination !== undefined) {
    log.level = config.logLevel;
  }
  const stop = async () => {
    await server.stop();
    await contacts.stop();
  };
  return { ...server, stop };
}
