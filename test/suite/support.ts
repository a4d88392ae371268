import { randomBytes } from 'node:crypto';
import pino from 'pino';
import { runGatehouse } from '../../src/cli/cli.ts';
import { parseConfig } from '../../src/config.ts';
import { readDocument } from '../../src/contract/bundle.ts';
import { builtDocs } from '../../src/docs/built.ts';
import { type RunningServer, startServer } from '../../src/server.ts';
import { askOnce } from '../support/ask-once.ts';

export const document = await readDocument();

export const OPERATOR_TOKEN = `operator-${randomBytes(24).toString('hex')}`;
export const API_KEY = `sk_${randomBytes(24).toString('hex')}`;
export const API_SECRET = `s3cr3t_${randomBytes(24).toString('hex')}`;

export const API_TOKEN = `gat_${randomBytes(24).toString('hex')}`;

/** What an operator has who checks their own server. */
export const OPERATOR_ENV = { GATEHOUSE_ADMIN_TOKEN: OPERATOR_TOKEN };
/** What a team has. */
export const TEAM_ENV = { GATEHOUSE_API_KEY: API_KEY, GATEHOUSE_API_SECRET: API_SECRET };
/** What somebody has who connects accounts. */
export const HOLDER_ENV = { GATEHOUSE_API_TOKEN: API_TOKEN };

/** The real server, in memory, on a free port, with further settings. */
export const startGoodServer = (settings: Readonly<Record<string, string>> = {}): Promise<RunningServer> =>
  startServer({
    config: parseConfig({
      GATEHOUSE_PORT: '0',
      GATEHOUSE_SECRET_KEY: randomBytes(32).toString('base64'),
      ...OPERATOR_ENV,
      ...TEAM_ENV,
      ...HOLDER_ENV,
      ...settings,
    }),
    document,
    docs: builtDocs,
    log: pino({ level: 'silent' }),
    violations: 'throw',
    location: { kind: 'memory' },
  });

/** Makes an organization, and credentials of it. */
export async function createOrganization(url: string) {
  const headers = { Authorization: `Bearer ${OPERATOR_TOKEN}` };
  const post = async (path: string, more: object = {}): Promise<Record<string, string>> =>
    (await askOnce(url, 'post', `/admin/api/v1/organizations${path}`, { headers, body: { name: 'Made', ...more } }))
      .body;
  const { id = '' } = await post('');
  const { apiKey = '', apiSecret = '' } = await post(`/${id}/api-keys`, { permissions: ['servers', 'approvals'] });
  const { token: apiToken = '' } = await post(`/${id}/api-tokens`, { permissions: ['accounts', 'approvals'] });
  return { apiKey, apiSecret, apiToken };
}

export type Run = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** Runs the program in this process. `onOutput` sees the output as it comes. */
export async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  signal = new AbortController().signal,
  onOutput: (text: string) => void = () => {},
): Promise<Run> {
  const output = { stdout: '', stderr: '' };
  const code = await runGatehouse({
    args: ['contract', ...args],
    env,
    hasColors: false,
    interruption: () => signal,
    now: Date.now,
    stdout: (text) => {
      output.stdout += text;
      onOutput(text);
    },
    stderr: (text) => {
      output.stderr += text;
    },
  });
  return { code, ...output };
}

/** Runs the program until its first failure. */
export async function runToFailure(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Run> {
  const failure = new AbortController();
  return run(args, env, failure.signal, (text) => {
    if (text.startsWith('FAIL')) {
      failure.abort();
    }
  });
}

/** Names of the checks that failed. */
export const failures = ({ stdout }: Run): string[] =>
  [...stdout.matchAll(/^FAIL {2}\w+ +(.+)$/gm)].map(([, name = '']) => name);
