import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startContacts } from '../src/mock/contacts.ts';
import { startMock } from './support/mock.ts';
import { ROOT } from './support/process.ts';
import { API_KEY, API_SECRET, API_TOKEN, OPERATOR_TOKEN, startTestServer, type TestServer } from './support/server.ts';

const run = promisify(execFile);
const CREDENTIALS = { apiToken: API_TOKEN, apiKey: API_KEY, apiSecret: API_SECRET, operatorToken: OPERATOR_TOKEN };
const FILES = readdirSync(join(ROOT, 'openapi/workflows')).map((name) => join('openapi/workflows', name));

let server: TestServer;
let mock: Awaited<ReturnType<typeof startMock>>;
/** A server to connect to, whose first tool reads. */
let contacts: Awaited<ReturnType<typeof startContacts>>;
beforeAll(async () => {
  contacts = await startContacts();
  server = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  mock = await startMock();
});
afterAll(async () => {
  await Promise.all([server.stop(), mock.stop()]);
  await contacts.stop();
});

type Outcome = {
  /** The workflows of all files that were run, and whether each passed. */
  readonly passed: ReadonlyMap<string, boolean>;
  readonly report: string;
};

/** Runs workflows, those of all files in one process: it takes longer to start than they do. */
async function respect(url: string, files: readonly string[], ...selection: readonly string[]): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-workflows-'));
  const json = join(folder, 'outcome.json');
  const inputs = JSON.stringify({ ...CREDENTIALS, serverUrl: contacts.url });
  const args = ['respect', ...files, '--json-output', json, ...selection];
  try {
    // It exits with 1 when a step fails.
    const { stdout, stderr } = await run(
      'node_modules/.bin/redocly',
      [...args, '--input', inputs, '--server', `gatehouse=${url}`],
      { cwd: ROOT },
    ).catch((error: { stdout: string; stderr: string }) => error);
    const report = `${stdout}${stderr}`;
    const { files } = JSON.parse(
      await readFile(json, 'utf8').catch(() => Promise.reject(new Error(report))),
    ) as Written;
    const executed = Object.values(files).flatMap(({ executedWorkflows }) => executedWorkflows);
    return { passed: new Map(executed.map(({ workflowId, status }) => [workflowId, status === 'success'])), report };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The part that counts of what `--json-output` writes. */
type Written = {
  readonly files: Readonly<
    Record<string, { readonly executedWorkflows: readonly { readonly workflowId: string; readonly status: string }[] }>
  >;
};

const WORKFLOWS = [
  'document-to-endpoint',
  'server-to-endpoint',
  'register-and-approve',
  'tell-a-receiver',
  'onboard-an-organization',
  'share-a-server',
  'through-all-the-doors',
];
/** The mock does not remember. */
const REMEMBERS = 'gone-is-gone';

let onServer: Outcome;
let onMock: Outcome;
beforeAll(async () => {
  [onServer, onMock] = await Promise.all([respect(server.url, FILES), respect(mock.url, FILES, '--skip', REMEMBERS)]);
});

test.each(WORKFLOWS)('%s, on the server and on the mock', (workflow) => {
  expect(onServer.passed.get(workflow), onServer.report).toBe(true);
  expect(onMock.passed.get(workflow), onMock.report).toBe(true);
});

test('gone-is-gone, on the server; the mock does not remember', async () => {
  expect(onServer.passed.get(REMEMBERS), onServer.report).toBe(true);
  const alone = await respect(mock.url, ['openapi/workflows/servers.arazzo.yaml'], '--workflow', REMEMBERS);
  expect(alone.passed.get(REMEMBERS), alone.report).toBe(false);
});

test('there are no other workflows', () => {
  expect([...onServer.passed.keys()].toSorted()).toEqual([...WORKFLOWS, REMEMBERS].toSorted());
});
