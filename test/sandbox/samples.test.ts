import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { samplesOf } from '../../src/docs/samples.ts';
import { SANDBOX_CREDENTIALS, startSandbox } from '../../src/sandbox/sandbox.ts';
import { operations } from '../docs/support.ts';
import { askOnce } from '../support/ask-once.ts';
import { call, operation } from '../support/client.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-samples-'));
const env = { ...process.env, ...SANDBOX_CREDENTIALS };

/** How a printed sample is run as it is: what fails must fail its program. */
const RUNNERS = {
  curl: (source: string) => ['sh', '-c', source.replace(/^curl /, 'exec curl --silent --show-error --fail-with-body ')],
  javascript: (source: string) => [process.execPath, '--input-type=module', '--eval', source],
};

/** What a sample prints; of one that reads a stream, which does not end, the first that it prints. */
async function outputOf([command = '', ...args]: readonly string[], isStream: boolean, session: object) {
  const running = run(command, args, { cwd: folder, env: { ...env, ...session }, maxBuffer: 64 * 1024 * 1024 });
  if (!isStream) {
    return (await running).stdout;
  }
  running.catch(() => undefined);
  const { stdout } = running.child;
  const first = await Promise.race([stdout && once(stdout, 'data'), running.then(({ stdout: all }) => [all])]);
  running.child.kill();
  return String(first?.[0] ?? '');
}

/** A session of the endpoint, for the samples that go on with one. */
async function newSession(url: string): Promise<{ MCP_SESSION_ID: string }> {
  const { body } = operation('sendWithBearer');
  const answer = await askOnce(url, 'post', '/mcp', {
    headers: { Authorization: `Bearer ${SANDBOX_CREDENTIALS.MCP_ENDPOINT_TOKEN}` },
    body: body?.content['application/json']?.examples?.initialize?.value,
  });
  return { MCP_SESSION_ID: answer.headers.get('Mcp-Session-Id') ?? '' };
}

/** The session of a person, for the samples of a browser. */
async function signedIn(url: string): Promise<{ GATEHOUSE_SESSION: string }> {
  const body = { operator_token: SANDBOX_CREDENTIALS.GATEHOUSE_ADMIN_TOKEN };
  const { headers } = await call(url, 'createSession', { as: 'nobody', body });
  const [, token = ''] = /gatehouse_session=([^;]+)/.exec(headers.get('Set-Cookie') ?? '') ?? [];
  return { GATEHOUSE_SESSION: token };
}

/** For samples that take nothing away from others: no thing that is there, and no name that only one thing may have. */
let shared: Awaited<ReturnType<typeof startSandbox>>;
beforeAll(async () => {
  shared = await startSandbox({ GATEHOUSE_PORT: '0' });
});
afterAll(async () => {
  await shared.stop();
  rmSync(folder, { recursive: true });
});

describe.each(operations)('$id', (operation) => {
  test.concurrent.each(Object.entries(RUNNERS))('its %s sample runs against a sandbox', async (language, runSample) => {
    const takes =
      operation.method === 'DELETE' ||
      ['createSharedServer', 'createMember', 'decideApprovalRequest'].includes(operation.id);
    const sandbox = takes ? await startSandbox({ GATEHOUSE_PORT: '0' }) : shared;
    const sample = samplesOf(operation, sandbox.url).find(({ lang }) => lang === language);
    const source = sample?.source ?? 'exit 1';
    const session = {
      ...(source.includes('MCP_SESSION_ID') && (await newSession(sandbox.url))),
      ...(source.includes('GATEHOUSE_SESSION') && (await signedIn(sandbox.url))),
    };
    const [, { content = {} } = {}] = operation.responses.find(([status]) => status.startsWith('2')) ?? [];
    const ran = outputOf(runSample(source), Object.keys(content)[0] === 'text/event-stream', session);
    // Nobody answers at the URL of the sandbox's server: the sample fails, and shows the answer.
    const asksServer = operation.responses.some(([status]) => status === '502');
    if (operation.id.endsWith('SignIn')) {
      // The sandbox has no OpenID provider.
      await expect(ran).rejects.toSatisfy(({ stdout, stderr }) => `${stdout}${stderr}`.includes('no OpenID provider'));
    } else if (asksServer) {
      await expect(ran).rejects.toSatisfy(({ stdout, stderr }) => `${stdout}${stderr}`.includes('Server failed'));
    } else {
      expect((await ran).trim() === '').toBe(Object.keys(content).length === 0);
    }
    if (sandbox !== shared) {
      await sandbox.stop();
    }
  });
});

test('the sandbox holds what the examples of the document show', async () => {
  const sandbox = await startSandbox({ GATEHOUSE_PORT: '0' });
  const as = { apiKey: SANDBOX_CREDENTIALS.GATEHOUSE_API_KEY, apiSecret: SANDBOX_CREDENTIALS.GATEHOUSE_API_SECRET };
  const path = { mcpServerId: 'mcp_8c180796-e6d7-4343-88b5-5df0846fef69' };
  const { data } = (await call(sandbox.url, 'getMcpServer', { path, as })).body;
  const { examples } = operation('getMcpServer').object.responses['200']?.content?.['application/json'] ?? {};
  const shown = { ...(examples?.websocket?.value as { data: object } | undefined)?.data };
  expect({ ...data, ...moments(shown) }).toEqual(shown);
  await sandbox.stop();
});

/** When things happened, which is all that differs. */
const moments = ({ created_at, updated_at }: { created_at?: number; updated_at?: number }) => ({
  created_at,
  updated_at,
});
