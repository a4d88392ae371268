import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { askOnce } from './support/ask-once.ts';
import { freePort } from './support/mock.ts';
import { ROOT } from './support/process.ts';

const data = mkdtempSync(join(tmpdir(), 'gatehouse-'));
afterAll(() => rmSync(data, { recursive: true }));

const answers = (url: string): Promise<boolean> =>
  askOnce(url, 'get', '/healthz', {}).then(
    ({ status }) => status === 200,
    () => false,
  );

/** Runs a script of the package with npm, whose shell does not become the program. */
async function runScript(script: string): Promise<{ npm: ChildProcess; url: string }> {
  const port = await freePort();
  const npm = spawn('npm', ['run', script, ...(script === 'mock' ? ['--', '--port', String(port)] : [])], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, GATEHOUSE_PORT: String(port), GATEHOUSE_DATA: data },
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${port}`;
  await expect.poll(() => answers(url), { timeout: 120_000 }).toBe(true);
  return { npm, url };
}

test.each(['sandbox', 'start', 'mock'])('SIGTERM to `npm run %s` ends the program too', async (script) => {
  const { npm, url } = await runScript(script);
  npm.kill('SIGTERM');
  await once(npm, 'exit');
  await expect.poll(() => answers(url)).toBe(false);
});
