import { expect, test } from 'vitest';
import { SANDBOX_CREDENTIALS, startSandbox } from '../../src/sandbox/sandbox.ts';
import { failures, run } from '../suite/support.ts';

test('the whole contract suite is green on the sandbox, and leaves out only what takes too long', async () => {
  const sandbox = await startSandbox({ GATEHOUSE_PORT: '0' });
  const result = await run(['--base-url', sandbox.url], SANDBOX_CREDENTIALS);
  expect({ code: result.code, failed: failures(result) }).toEqual({ code: 0, failed: [] });
  expect(result.stdout).toMatch(/, 0 failed, 1 skipped$/m);
  expect(result.stdout).toContain('Skipped, 1: requests of this server wait ');
  await sandbox.stop();
});
