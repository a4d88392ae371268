import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { samplesOf } from '../../src/docs/samples.ts';
import { SANDBOX_CREDENTIALS, startSandbox } from '../../src/sandbox/sandbox.ts';
import { operations } from '../docs/support.ts';
import { call, operation } from '../support/client.ts';

const run = promisify(execFile);
const env = { ...process.env, ...SANDBOX_CREDENTIALS };

/** How a printed sample is run as it is: what fails must fail its program. */
const RUNNERS = {
  curl: (source: string) =>
    run('sh', ['-c', source.replace(/^curl /, 'curl --silent --show-error --fail-with-body ')], {
      env,
      maxBuffer: 64 * 1024 * 1024,
    }),
  javascript: (source: string) =>
    run(process.execPath, ['--input-type=module', '--eval', source], { env, maxBuffer: 64 * 1024 * 1024 }),
};

describe.each(operations)('$id', (operation) => {
  test.each(Object.entries(RUNNERS))('its %s sample runs against a new sandbox', async (language, runSample) => {
    const sandbox = await startSandbox({ GATEHOUSE_PORT: '0' });
    const sample = samplesOf(operation, sandbox.url).find(({ lang }) => lang === language);
    const { stdout } = await runSample(sample?.source ?? 'exit 1');
    expect(stdout.trim()).not.toBe('');
    await sandbox.stop();
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
