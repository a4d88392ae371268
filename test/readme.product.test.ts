import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../src/config.ts';
import { SANDBOX_CREDENTIALS } from '../src/sandbox/sandbox.ts';
import { freePort } from './support/mock.ts';
import { type Program, ROOT, startProgram } from './support/process.ts';

const run = promisify(execFile);
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const section = (title: string) => readme.split(/^## /m).find((part) => part.startsWith(title)) ?? '';
const blocks = (text: string) => [...text.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block]) => (block ?? '').trim());

let sandbox: Program;
let port: number;
beforeAll(async () => {
  port = await freePort();
  sandbox = startProgram({ GATEHOUSE_PORT: String(port) }, ['src/sandbox/main.ts']);
  await sandbox.ready;
});
afterAll(async () => {
  sandbox.child.kill('SIGTERM');
  await sandbox.exited;
});

describe('A first session', () => {
  const [start, exported = '', ...commands] = blocks(section('A first session'));

  test('starts the sandbox with a script that there is, and exports its credentials', () => {
    expect(start).toBe('npm run sandbox');
    for (const line of exported.split('\n')) {
      const [name = '', value] = line.replace('export ', '').split('=');
      expect(SANDBOX_CREDENTIALS).toHaveProperty(name, value);
    }
  });

  test.each(commands)('%s', async (command) => {
    const script = `${exported}\n${command.replace('curl ', 'curl --silent --show-error --fail-with-body ')}`;
    const { stdout } = await run('sh', ['-c', script.replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`)]);
    expect(JSON.parse(stdout)).toBeTypeOf('object');
  });
});

describe('Use it from', () => {
  const text = section('Use it from');
  const local = (source: string) => source.replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`);
  const env = { ...process.env, ...SANDBOX_CREDENTIALS };
  const ofKind = (kind: string) =>
    [...text.matchAll(new RegExp(`^\`\`\`${kind}\\n(.*?)^\`\`\``, 'gms'))].map(([, block = '']) => block);
  const inspector = ofKind('sh').flatMap((block) => block.split('\n').filter((line) => line.startsWith('npx ')));

  test.each(inspector)('%s', async (command) => {
    const installed = command.replace('npx @modelcontextprotocol/inspector', 'node_modules/.bin/mcp-inspector');
    const { stdout } = await run('sh', ['-c', local(installed)], { cwd: ROOT, env });
    expect(stdout).toContain('list_contacts');
  });

  test.each(ofKind('ts'))('%s', async (source) => {
    const flags = ['--input-type=module', '--eval', local(source)];
    expect((await run(process.execPath, flags, { cwd: ROOT, env })).stdout).toContain('Ada Lovelace');
  });

  test('the configuration of each editor is JSON that names the endpoint of the sandbox in both forms', () => {
    for (const block of ofKind('json')) {
      expect(JSON.stringify(JSON.parse(block))).toContain(`/mcp/${SANDBOX_CREDENTIALS.MCP_ENDPOINT_TOKEN}`);
      expect(JSON.stringify(JSON.parse(block))).toContain('/mcp","headers":{"Authorization":"Bearer ');
    }
    expect([inspector.length, ofKind('ts').length, ofKind('json').length]).toEqual([2, 2, 2]);
  });
});

test('every npm script that the README names is there', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const named = [...readme.matchAll(/npm run (\w+)/g)].map(([, name]) => name ?? '');
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
});

test('the table of variables names all of them, and only those', () => {
  const named = [...section('Configuration').matchAll(/`((?:GATEHOUSE_|DATABASE_)[A-Z_]+)`/g)].map(
    ([, name]) => name ?? '',
  );
  const unknown = named.filter((name) => {
    try {
      parseConfig({ [name]: '' });
      return false;
    } catch {
      return true;
    }
  });
  expect(unknown).toEqual([]);
  const source = readFileSync(join(ROOT, 'src/config.ts'), 'utf8');
  const read = new Set([...source.matchAll(/'((?:GATEHOUSE|DATABASE)_[A-Z_]+)'/g)].map(([, name]) => name ?? ''));
  expect([...read].filter((name) => !named.includes(name))).toEqual([]);
});

test('every file that the README and the pages under docs/ point to is there', () => {
  const paths = [...readme.matchAll(/\]\((?!http)([^)#]+)\)|`((?:src|test|bench|openapi)\/[\w./-]*)`/g)];
  for (const [, link, code] of paths) {
    expect(() => readFileSync(join(ROOT, link ?? code ?? ''), { flag: 'r' })).not.toThrow(/ENOENT/);
  }
});
