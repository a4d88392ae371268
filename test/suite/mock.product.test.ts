import { afterAll, beforeAll, expect, test } from 'vitest';
import { startMock } from '../support/mock.ts';
import { failures, HOLDER_ENV, OPERATOR_ENV, run, TEAM_ENV } from './support.ts';

let mock: Awaited<ReturnType<typeof startMock>>;
beforeAll(async () => {
  mock = await startMock();
});
afterAll(() => mock.stop());

test('--read-only passes on the mock that front-ends develop against', async () => {
  const names = Object.keys({ ...OPERATOR_ENV, ...TEAM_ENV, ...HOLDER_ENV });
  const env = Object.fromEntries(names.map((name) => [name, 'any']));
  const result = await run(['--base-url', mock.url, '--read-only'], env);
  expect(failures(result)).toEqual([]);
  expect(result.code).toBe(0);
  expect(result.stdout).toMatch(/^9 checks: 9 ok, 0 failed, 0 skipped$/m);
});
