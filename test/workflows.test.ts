import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startMock } from './support/mock.ts';
import { ROOT } from './support/process.ts';
import { API_KEY, API_SECRET, API_TOKEN, OPERATOR_TOKEN, startTestServer, type TestServer } from './support/server.ts';

const run = promisify(execFile);
const INPUT = { apiToken: API_TOKEN, apiKey: API_KEY, apiSecret: API_SECRET, operatorToken: OPERATOR_TOKEN };

let server: TestServer;
let mock: Awaited<ReturnType<typeof startMock>>;
beforeAll(async () => {
  [server, mock] = [await startTestServer(), await startMock()];
});
afterAll(() => Promise.all([server.stop(), mock.stop()]));

/** Runs a workflow of the document; throws with its report when a step fails. */
async function respect(file: string, workflow: string, url: string): Promise<string> {
  const args = ['respect', `openapi/workflows/${file}.arazzo.yaml`, '--workflow', workflow];
  const { stdout, stderr } = await run(
    'node_modules/.bin/redocly',
    [...args, '--input', JSON.stringify(INPUT), '--server', `gatehouse=${url}`],
    { cwd: ROOT },
  );
  return stdout + stderr;
}

test.each([
  ['accounts', 'document-to-endpoint'],
  ['accounts', 'server-to-endpoint'],
  ['servers', 'register-and-approve'],
  ['operator', 'onboard-an-organization'],
])('%s: %s, on the server and on the mock', async (file, workflow) => {
  expect(await respect(file, workflow, server.url)).toContain('1 passed');
  expect(await respect(file, workflow, mock.url)).toContain('1 passed');
});

test('servers: gone-is-gone, on the server; the mock does not remember', async () => {
  expect(await respect('servers', 'gone-is-gone', server.url)).toContain('passed');
  await expect(respect('servers', 'gone-is-gone', mock.url)).rejects.toThrow();
});
