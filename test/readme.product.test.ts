import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../src/config.ts';
import { SANDBOX_CREDENTIALS } from '../src/sandbox/sandbox.ts';
import { freePort } from './support/mock.ts';
import { type Program, ROOT, startProgram } from './support/process.ts';

const run = promisify(execFile);
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const readme = read('README.md');
const clients = read('docs/clients.md');
/** Every page that people read, by its path. */
const pages = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];
const section = (page: string, title: string) => page.split(/^## /m).find((part) => part.startsWith(title)) ?? '';
const blocks = (text: string) => [...text.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block]) => (block ?? '').trim());

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-readme-'));
let sandbox: Program;
let port: number;
beforeAll(async () => {
  port = await freePort();
  sandbox = startProgram({ GATEHOUSE_PORT: String(port) }, ['src/cli/main.ts', 'sandbox']);
  await sandbox.ready;
});
afterAll(async () => {
  sandbox.child.kill('SIGTERM');
  await sandbox.exited;
  rmSync(folder, { recursive: true });
});

describe('A first session', () => {
  const [start, exported = '', ...commands] = blocks(section(readme, 'A first session'));

  test('starts the sandbox with a script that there is, and exports its credentials', () => {
    expect(start).toBe('npm run sandbox');
    for (const line of exported.split('\n')) {
      const [name = '', value] = line.replace('export ', '').split('=');
      expect(SANDBOX_CREDENTIALS).toHaveProperty(name, value);
    }
  });

  test.each(commands)('%s', async (command) => {
    const script = `${exported}\n${command.replace('curl ', 'curl --silent --show-error --fail-with-body ')}`;
    const { stdout } = await run('sh', ['-c', script.replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`)], {
      cwd: folder,
    });
    expect(JSON.parse(stdout)).toBeTypeOf('object');
  });
});

describe('docs/clients.md', () => {
  const local = (source: string) => source.replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`);
  const env = { ...process.env, ...SANDBOX_CREDENTIALS };
  const ofKind = (kind: string) =>
    [...clients.matchAll(new RegExp(`^\`\`\`${kind}\\n(.*?)^\`\`\``, 'gms'))].map(([, block = '']) => block);
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

test.each(pages)('every npm script and every file that %s names is there', (page) => {
  const text = read(page).replaceAll(/^```.*?^```/gms, (block) => block.replaceAll(/\]\(/g, ''));
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = [...text.matchAll(/npm run ([a-z]+(?::[a-z]+)?)/g)].map(([, name = '']) => name);
  expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, link = '']) => join(dirname(page), link));
  const paths = [...text.matchAll(/`((?:src|test|bench|openapi|docs)\/[\w./-]*)`/g)].map(([, path = '']) => path);
  expect([...links, ...paths].filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

test('the table of variables names all of them, and only those', () => {
  const named = [
    ...section(read('docs/operating.md'), 'Configuration').matchAll(/`((?:GATEHOUSE_|DATABASE_)[A-Z_]+)`/g),
  ].map(([, name]) => name ?? '');
  const unknown = named.filter((name) => {
    try {
      parseConfig({ [name]: '' });
      return false;
    } catch {
      return true;
    }
  });
  expect(unknown).toEqual([]);
  const source = read('src/config.ts');
  const variables = new Set([...source.matchAll(/'((?:GATEHOUSE|DATABASE)_[A-Z_]+)'/g)].map(([, name]) => name ?? ''));
  expect([...variables].filter((name) => !named.includes(name))).toEqual([]);
});

test('README.md has less than 200 lines', () => {
  expect(readme.split('\n').length).toBeLessThan(200);
});
