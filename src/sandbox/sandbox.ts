import { randomBytes } from 'node:crypto';
import pino from 'pino';
import { isLoopback, parseConfig } from '../config.ts';
import { readDocument } from '../contract/bundle.ts';
import { builtDocs } from '../docs/built.ts';
import { type RunningServer, startServer } from '../server.ts';
import { startContacts } from './contacts.ts';
import { fill } from './fill.ts';
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

/**
 * Starts the real server in memory with the objects and ids of the document's examples, so that printed samples find
 * them. A small MCP server runs beside it, behind the endpoint with the fixed token. Host, port and limits come from
 * the environment; database and credentials do not.
 */
export async function startSandbox(env: Readonly<Record<string, string | undefined>>): Promise<RunningServer> {
  const { DATABASE_URL, GATEHOUSE_SECRET_KEY, ...given } = env;
  const config = parseConfig({
    ...given,
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
  const contacts = await startContacts();
  const server = await startServer({
    // Its credentials are public: where others reach it, they must not reach what listens on this machine.
    config: isLoopback(config.host) ? { ...config, egressAllow: [...config.egressAllow, '127.0.0.1'] } : config,
    document: await readDocument(),
    docs: builtDocs,
    log: pino({ level: 'silent' }),
    violations: 'report',
    location: { kind: 'memory' },
    ids,
    // Whoever reaches it could otherwise run what they like.
    environment: null,
    prepare: (app) => fill(app, examples(contacts.url), credentials, choose),
  }).catch(async (error: unknown) => {
    await contacts.stop();
    throw error;
  });
  const stop = async () => {
    await server.stop();
    await contacts.stop();
  };
  return { ...server, stop };
}
