import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startContacts } from '../src/sandbox/contacts.ts';
import { startMock } from './support/mock.ts';
import { ROOT } from './support/process.ts';
import { API_KEY, API_SECRET, API_TOKEN, OPERATOR_TOKEN, startTestServer, type TestServer } from './support/server.ts';

const run = promisify(execFile);
const CREDENTIALS = { apiToken: API_TOKEN, apiKey: API_KEY, apiSecret: API_SECRET, operatorToken: OPERATOR_TOKEN };

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

/** Runs a workflow of the document; throws with its report when a step fails. */
async function respect(file: string, workflow: string, url: string): Promise<string> {
  const args = ['respect', `openapi/workflows/${file}.arazzo.yaml`, '--workflow', workflow];
  const { stdout, stderr } = await run(
    'node_modules/.bin/redocly',
    [...args, '--input', JSON.stringify({ ...CREDENTIALS, serverUrl: contacts.url }), '--server', `gatehouse=${url}`],
    { cwd: ROOT },
  );
  return stdout + stderr;
}

test.each([
  ['accounts', 'document-to-endpoint'],
  ['accounts', 'server-to-endpoint'],
  ['servers', 'register-and-approve'],
  ['operator', 'onboard-an-organization'],
  ['operator', 'share-a-server'],
  ['doors', 'through-all-the-doors'],
])('%s: %s, on the server and on the mock', async (file, workflow) => {
  expect(await respect(file, workflow, server.url)).toContain('1 passed');
  expect(await respect(file, workflow, mock.url)).toContain('1 passed');
});

test('servers: gone-is-gone, on the server; the mock does not remember', async () => {
  expect(await respect('servers', 'gone-is-gone', server.url)).toContain('passed');
  await expect(respect('servers', 'gone-is-gone', mock.url)).rejects.toThrow();
});
