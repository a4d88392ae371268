import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askOnce } from '../support/ask-once.ts';
import { failures, HOLDER_ENV, OPERATOR_ENV, run, TEAM_ENV } from './support.ts';

const root = new URL('../..', import.meta.url).pathname;
let mock: ChildProcess;
let url: string;

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

beforeAll(async () => {
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const prism = `${root}node_modules/@stoplight/prism-cli/dist/index.js`;
  mock = spawn(process.execPath, [prism, 'mock', 'generated/openapi.json', '-p', `${port}`, '-h', '127.0.0.1'], {
    cwd: root,
    stdio: 'ignore',
  });
  for (let tries = 0; tries < 300; tries++) {
    if (await askOnce(url, 'get', '/').catch(() => null)) {
      return;
    }
    await setTimeout(100);
  }
});
afterAll(() => {
  mock.kill();
});

test('--read-only passes on the mock that front-ends develop against', async () => {
  const names = Object.keys({ ...OPERATOR_ENV, ...TEAM_ENV, ...HOLDER_ENV });
  const env = Object.fromEntries(names.map((name) => [name, 'any']));
  const result = await run(['--base-url', url, '--read-only'], env);
  expect(failures(result)).toEqual([]);
  expect(result.code).toBe(0);
  expect(result.stdout).toMatch(/^9 checks: 9 ok, 0 failed, 0 skipped$/m);
});
