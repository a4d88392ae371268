import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { SANDBOX_CREDENTIALS, startSandbox } from '../../src/sandbox/sandbox.ts';
import { ROOT } from '../support/process.ts';

const run = promisify(execFile);
const NAME = 'mcp-gatehouse-client';

/** The example, in a folder that has installed the package of the client. */
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-example-'));
  const { stdout } = await run('npm', ['pack', join(ROOT, 'packages/client'), '--json', '--pack-destination', folder], {
    cwd: ROOT,
  });
  const [{ filename }] = JSON.parse(stdout.slice(stdout.search(/^\[/m)));
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, NAME), { recursive: true });
  await run('tar', ['-xzf', join(folder, filename), '--strip-components=1', '-C', join(modules, NAME)]);
  for (const name of ['openapi-fetch', 'openapi-typescript-helpers']) {
    await cp(join(ROOT, 'node_modules', name), join(modules, name), { recursive: true });
  }
  await cp(join(ROOT, 'examples/typed-client/main.mts'), join(folder, 'main.mts'));
  // As the README of the example does; npm 11 makes it a package of CommonJS.
  await run('npm', ['init', '-y'], { cwd: folder });
  return () => rm(folder, { recursive: true });
}, 300_000);

test('the compiler accepts the example', async () => {
  const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')];
  const flags = ['--noEmit', '--strict', '--target', 'es2024', '--module', 'nodenext', '--skipLibCheck', ...types];
  await run(join(ROOT, 'node_modules/.bin/tsc'), [...flags, 'main.mts'], { cwd: folder });
});

test('it registers a server, creates an endpoint, and lists the accounts of the sandbox', async () => {
  const sandbox = await startSandbox({ GATEHOUSE_PORT: '0' });
  const env = { ...process.env, ...SANDBOX_CREDENTIALS, GATEHOUSE_URL: sandbox.url };
  const { stdout } = await run(process.execPath, ['main.mts'], { cwd: folder, env });
  const lines = stdout.trim().split('\n');
  expect(lines[0]).toMatch(new RegExp(`^Endpoint: ${sandbox.url}/mcp/[\\da-f]{32}$`));
  const names = lines.slice(1).map((line) => line.split(' ').slice(3).join(' '));
  expect(names).toEqual(expect.arrayContaining(['Files', 'Contacts', 'petstore']));
  await sandbox.stop();
});

test('without credentials it says so, and fails', async () => {
  const sandbox = await startSandbox({ GATEHOUSE_PORT: '0' });
  const env = { PATH: process.env.PATH, GATEHOUSE_URL: sandbox.url };
  await expect(run(process.execPath, ['main.mts'], { cwd: folder, env })).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('The server is not registered (401): '),
  });
  await sandbox.stop();
});
