import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { beforeAll, expect, test } from 'vitest';
import { askOnce } from '../support/ask-once.ts';
import { type Packed, packAndInstall } from './pack-and-install.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
/** Bytes of the packed package, so that nothing gets in by mistake; the documentation is more than half of it. */
const LARGEST = 3_200_000;

const run = promisify(execFile);

let packed: Packed;
let tarball: string;
/** Where the package is installed. */
let consumer: string;
/** A Node that is older than the server needs, and new enough for the client. */
let olderNode: string | undefined;

beforeAll(async () => {
  const made = await packAndInstall();
  ({ packed, tarball, consumer } = made);
  for (const place of (process.env.PATH ?? '').split(delimiter)) {
    const node = join(place, 'node');
    const version = existsSync(node) ? (await run(node, ['-v'])).stdout : '';
    olderNode ??= /^v2[012]\./.test(version) ? node : undefined;
  }
  return made.remove;
}, 300_000);

/** Runs a module in the consumer's folder. */
const script = async (node: string, text: string): Promise<string> =>
  (await run(node, ['--input-type=module', '--eval', text], { cwd: consumer })).stdout.trim();

const NO_OLDER_NODE = 'there is no Node 20 to 22 on the PATH';

test('the package has no script that npm warns of when it is installed', async () => {
  const { scripts } = JSON.parse(await readFile(join(consumer, 'node_modules/mcp-gatehouse/package.json'), 'utf8'));
  const names = ['preinstall', 'install', 'postinstall', 'prepare'];
  expect(names.filter((name) => name in scripts)).toEqual([]);
});

test('the package holds the program, the client, the document and the pages, and nothing else', () => {
  const paths = packed.files.map(({ path }) => path);
  for (const path of [
    'bin/gatehouse.cjs',
    'bin/preload.cjs',
    'dist/src/main.js',
    'dist/src/client/client.d.ts',
    'dist/generated/api.d.ts',
    'dist/docs/index.html',
    'dist/console/index.html',
    'generated/openapi.json',
    'docs/operating.md',
  ]) {
    expect(paths).toContain(path);
  }
  const expected =
    /^(?:package\.json|(?:docs\/)?[\w-]+\.md|LICENSE|generated\/openapi\.json|(?:bin|dist\/docs|dist\/console)\/.*|dist\/(?:src|generated)\/.*\.(?:js|d\.ts))$/;
  expect(paths.filter((path) => !expected.test(path))).toEqual([]);
  expect(paths.filter((path) => /(?:^|[/.])(?:test|data|bench)(?:[/.]|$)/.test(path))).toEqual([]);
  expect(packed.size).toBeLessThan(LARGEST);
});

test('the client is imported by an older Node', async ({ skip }) => {
  skip(olderNode === undefined, NO_OLDER_NODE);
  const text = `import { createClient } from 'mcp-gatehouse';
    console.log(typeof createClient({ baseUrl: 'http://localhost:1' }).GET);`;
  expect(await script(olderNode as string, text)).toBe('function');
});

test('the client types a strict consumer, libraries checked too', async () => {
  await writeFile(
    join(consumer, 'consumer.ts'),
    `import { type components, createClient, type operations, type paths } from 'mcp-gatehouse';

export const path: keyof paths = '/api/mcp-servers';
export type Create = operations['createMcpServer'];
export const client = createClient({ baseUrl: 'http://localhost:8080', apiKey: 'sk_…', apiSecret: 's3cr3t_…' });
const { data, error } = await client.GET('/api/mcp-servers/{mcpServerId}', {
  params: { path: { mcpServerId: 'mcp_8c180796-e6d7-4343-88b5-5df0846fef69' } },
});
export const server: components['schemas']['McpServer'] | undefined = data?.data;
export const message: string | undefined = error?.message;
// @ts-expect-error a name is required
await client.POST('/api/mcp-servers', { body: { url: 'https://files.example.com/mcp' } });
// @ts-expect-error there is no such path
await client.GET('/api/mcp-server');
// @ts-expect-error a client is of one server
createClient({});
`,
  );
  const tsc = join(PROJECT, 'node_modules/typescript/bin/tsc');
  const flags = ['--strict', '--skipLibCheck', 'false', '--noEmit', '--module', 'nodenext', '--target', 'es2022'];
  const { stdout } = await run(process.execPath, [tsc, ...flags, 'consumer.ts'], { cwd: consumer }).catch(
    (error: { stdout: string }) => error,
  );
  expect(stdout).toBe('');
});

test('every example of the exports runs as it stands', async () => {
  // An optional peer of the package.
  await symlink(join(PROJECT, 'node_modules/supertest'), join(consumer, 'node_modules/supertest'));
  const sources = ['client/client', 'client/paginate', 'embedded-server', 'testing/api-of'].map((name) =>
    readFileSync(join(PROJECT, `src/${name}.ts`), 'utf8'),
  );
  const examples = sources.flatMap((source) => [...source.matchAll(/@example\n \* ```ts\n(.*?) \* ```/gs)]);
  expect(examples).toHaveLength(4);
  for (const [, block = ''] of examples) {
    const text = block
      .replaceAll(/^ \* ?/gm, '')
      // Both packages export the same client.
      .replace('mcp-gatehouse-client', 'mcp-gatehouse')
      .replace('https://gatehouse.example.com', 'http://127.0.0.1:1');
    const outcome = script(process.execPath, text);
    const unanswered = /createClient|apiOf/.test(block);
    await (unanswered ? expect(outcome).rejects.toThrow(/fetch failed|ECONNREFUSED/) : outcome);
  }
});

test('the document is imported', async () => {
  const text = `import document from 'mcp-gatehouse/openapi.json' with { type: 'json' };
    console.log(JSON.stringify(document));`;
  const bundle: unknown = JSON.parse(await readFile(join(PROJECT, 'generated/openapi.json'), 'utf8'));
  expect(JSON.parse(await script(process.execPath, text))).toEqual(bundle);
});

test('the server is started in another program, with what is exported and typed', async () => {
  await writeFile(
    join(consumer, 'embedding.ts'),
    `import { type EmbeddedServer, startServer } from 'mcp-gatehouse/server';

const server: EmbeddedServer = await startServer({
  env: { GATEHOUSE_PORT: '0', GATEHOUSE_DATA: './embedded', GATEHOUSE_LOG_LEVEL: 'silent' },
});
const docs = await fetch(server.url + '/docs');
const token = server.newCredentials?.first?.apiToken;
const list = await fetch(server.url + '/integration', { headers: { Authorization: 'Bearer ' + token } });
console.log(docs.status, list.status);
await server.stop();
`,
  );
  const tsc = join(PROJECT, 'node_modules/typescript/bin/tsc');
  const flags = ['--strict', '--skipLibCheck', 'false', '--noEmit', '--module', 'nodenext', '--target', 'es2022'];
  const check = run(process.execPath, [tsc, ...flags, 'embedding.ts'], { cwd: consumer });
  expect((await check.catch((error: { stdout: string }) => error)).stdout).toBe('');
  const { stdout } = await run(process.execPath, ['embedding.ts'], { cwd: consumer, env: ownEnv() });
  expect(stdout).toBe('200 200\n');
  const wrong = `import { startServer, ConfigError } from 'mcp-gatehouse/server';
    await startServer({ env: { GATEHOUSE_PROT: '1' } }).catch((error) => console.log(error instanceof ConfigError));`;
  expect(await script(process.execPath, wrong)).toBe('true');
});

test('both names of the program run it', async () => {
  const { bin } = JSON.parse(readFileSync(join(consumer, 'node_modules/mcp-gatehouse/package.json'), 'utf8'));
  expect(bin).toEqual({ 'mcp-gatehouse': 'bin/gatehouse.cjs', gatehouse: 'bin/gatehouse.cjs' });
  const { version } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'));
  expect(await program(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
});

test('publint and "are the types wrong" find nothing', async () => {
  const bytes = new Uint8Array(await readFile(tarball));
  expect((await publint({ pack: { tarball: bytes.buffer } })).messages).toEqual([]);
  const checked = await checkPackage(createPackageFromTarballData(bytes));
  // The package is of modules only: Node before 12 and `require` are not meant to resolve it.
  const isMeant = (problem: object) => !/^node10$|^node16-cjs$/.test(String(Reflect.get(problem, 'resolutionKind')));
  expect(checked.types && checked.problems.filter(isMeant)).toEqual([]);
});

/** Nobody's settings: neither those of who runs the tests, nor those of the tests themselves. */
const ownEnv = () =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^GATEHOUSE_|^DATABASE_URL$/.test(name)));

const PROGRAM = 'node_modules/mcp-gatehouse/bin/gatehouse.cjs';

test('an older Node is told which one is needed', async ({ skip }) => {
  skip(olderNode === undefined, NO_OLDER_NODE);
  const failed = await run(olderNode as string, [PROGRAM], { cwd: consumer }).catch((error: unknown) => error);
  expect(failed).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/needs Node 24\.18 or newer.*`npm install node@24`/s),
  });
});

test('the installed contract suite says what it is', async () => {
  const { stdout } = await run(process.execPath, [PROGRAM, 'contract', '--help'], { cwd: consumer });
  expect(stdout).toContain('--base-url');
});

/** Runs the installed program in the consumer's folder, with nobody's settings. */
async function program(args: string[], env: Record<string, string> = {}) {
  const options = { cwd: consumer, env: { ...ownEnv(), ...env } };
  try {
    return { code: 0, ...(await run(process.execPath, [PROGRAM, ...args], options)) };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
}

test('the installed program lists its commands, and each says how it is used', async () => {
  const { code, stdout } = await program(['--help']);
  expect(code).toBe(0);
  const names = [...stdout.matchAll(/^ {2}([a-z]+) .* {2}/gm)].map(([, name]) => name as string);
  expect(names).toEqual(expect.arrayContaining(['serve', 'backup', 'restore', 'rekey', 'contract', 'mock', 'docs']));
  for (const name of names) {
    expect(await program([name, '--help'])).toMatchObject({ code: 0, stdout: expect.stringContaining(`gatehouse`) });
  }
  expect(await program(['bakup'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('did you mean `backup`?'),
  });
});

test('the installed program says what to run where it lacks a development dependency', async () => {
  const bundle = join(consumer, 'node_modules/mcp-gatehouse/generated/openapi.json');
  const mock = await program(['mock', '--port', '4011']);
  expect(mock).toMatchObject({ code: 1, stdout: '' });
  expect(mock.stderr).toContain(`npx @stoplight/prism-cli mock ${bundle} --port 4011 --host 127.0.0.1\n`);
  const docs = await program(['docs', '--out', join(consumer, 'docs')]);
  expect(docs).toMatchObject({ code: 1, stdout: '' });
  expect(docs.stderr).toMatch(/^The page is built with @redocly\/cli, .*`npm run docs` in a clone\. [^\n]+\n$/);
  const [page = ''] = /\S+index\.html/.exec(docs.stderr) ?? [];
  expect(existsSync(page)).toBe(true);
});

test('commands of the installed program run with the heap that Node has, the server with its own', async ({ skip }) => {
  skip(process.platform === 'win32', 'Windows cannot replace a process by another');
  const hook = join(consumer, 'flags.cjs');
  await writeFile(hook, 'process.on("exit", () => process.stderr.write("flags: " + process.execArgv + "\\n"));');
  const env = { NODE_OPTIONS: `--require=${hook}`, GATEHOUSE_DATA: join(consumer, 'nothing'), GATEHOUSE_PROT: '1' };
  for (const args of [[], ['serve']]) {
    expect((await program(args, env)).stderr).toMatch(/^flags: --max-semi-space-size=4,/m);
  }
  for (const args of [['serve', '--help'], ['backup', 'file'], ['--help']]) {
    expect((await program(args, env)).stderr).toMatch(/^flags: $/m);
  }
});

test('the installed program serves the API and the page, and stops when it is told', async () => {
  const env = { ...ownEnv(), GATEHOUSE_PORT: '0', GATEHOUSE_DATA: join(consumer, 'data') };
  const server = spawn(process.execPath, [PROGRAM], { cwd: consumer, env, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const url = await readyUrl(server);
    expect((await askOnce(url, 'get', '/healthz')).body).toEqual({ status: 'ok' });
    if (process.platform === 'linux') {
      expect(await readFile(`/proc/${server.pid}/cmdline`, 'utf8')).toContain('--max-semi-space-size=4');
    }
    const page = await askOnce(url, 'get', '/docs');
    expect(page.status).toBe(200);
    expect(page.text).toContain('x-codeSamples');
    expect((await askOnce(url, 'get', '/openapi.json')).status).toBe(200);
    const backup = await program(['backup', 'backup.db'], { GATEHOUSE_DATA: join(consumer, 'data') });
    expect(backup).toMatchObject({ code: 0, stdout: expect.stringContaining(join(consumer, 'data/secret.key')) });
  } finally {
    server.kill('SIGTERM');
  }
  const [code, signal] = await once(server, 'exit');
  expect({ code, signal }).toEqual({ code: 0, signal: null });
});

/** Where the program listens, once its log says that it is ready. */
async function readyUrl(program: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: program.stdout as NodeJS.ReadableStream })) {
    const { msg, url } = JSON.parse(line) as { msg: string; url: string };
    if (msg === 'ready') {
      program.stdout?.resume();
      return url;
    }
  }
  throw new Error('the program ended before it was ready');
}
