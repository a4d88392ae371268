import { randomBytes } from 'node:crypto';
import pino, { type DestinationStream } from 'pino';
import { parseConfig } from '../../src/config.ts';
import { readDocument } from '../../src/contract/bundle.ts';
import { builtDocs } from '../../src/docs/built.ts';
import { type RunningServer, type ServerOptions, startServer } from '../../src/server.ts';

export const OPERATOR_TOKEN = `test-operator-${'o'.repeat(32)}`;
export const API_TOKEN = `gat_test_${'t'.repeat(32)}`;
export const API_KEY = `sk_test_${'k'.repeat(32)}`;
export const API_SECRET = `s3cr3t_test_${'s'.repeat(32)}`;
export const document = await readDocument();

/** Where servers of ours are: only their answers count as seen. */
export const ourUrls = new Set<string>();

export type TestServer = RunningServer & {
  readonly organizationId: string;
  /** The clock of the server; move it to let time pass. */
  readonly clock: { now: number };
};

export type TestServerOptions = Partial<
  Pick<ServerOptions, 'location' | 'violations' | 'ids' | 'docs' | 'environment' | 'limits' | 'disturb'>
> & {
  readonly env?: Readonly<Record<string, string>>;
  readonly log?: DestinationStream;
};

/** The real server on a free port: in memory unless told otherwise, answers that break the document are failures. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const {
    env = {},
    location = { kind: 'memory' },
    violations = 'throw',
    docs = builtDocs,
    log,
    ids,
    environment,
    limits,
    disturb,
  } = options;
  const clock = { now: Date.UTC(2026, 10, 20, 9) };
  const config = parseConfig({
    GATEHOUSE_PORT: '0',
    GATEHOUSE_ADMIN_TOKEN: OPERATOR_TOKEN,
    GATEHOUSE_API_TOKEN: API_TOKEN,
    GATEHOUSE_API_KEY: API_KEY,
    GATEHOUSE_API_SECRET: API_SECRET,
    // Clients of calls that wait for a person are answered at once, unless a test is about holding them.
    GATEHOUSE_APPROVAL_HOLD: '0',
    GATEHOUSE_SECRET_KEY: randomBytes(32).toString('base64'),
    ...env,
  });
  const server = await startServer({
    config,
    document,
    docs,
    log: log === undefined ? pino({ level: 'silent' }) : pino({ level: config.logLevel }, log),
    violations,
    location,
    now: () => clock.now,
    ...(ids && { ids }),
    ...(disturb && { disturb }),
    ...(environment && { environment }),
    ...(limits && { limits }),
  });
  ourUrls.add(server.url);
  return { ...server, clock, organizationId: server.newCredentials?.first?.organizationId ?? '' };
}
