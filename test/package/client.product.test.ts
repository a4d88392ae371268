import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { chromium } from 'playwright-core';
import { publint } from 'publint';
import { rolldown } from 'rolldown';
import { beforeAll, expect, test } from 'vitest';
import { CHROMIUM, FLAGS, requireChromium } from '../support/chromium.ts';
import { ROOT } from '../support/process.ts';

/** Bytes of the unpacked package, and of what a browser loads. */
const MAX_UNPACKED_BYTES = 1_000_000;
const MAX_BUNDLE_BYTES = 10_000;
const MAX_PACKAGES = 5;

const NAME = 'mcp-gatehouse-client';
const SOURCE = join(ROOT, 'packages/client');

const run = promisify(execFile);
const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

let folder: string;
let packed: { filename: string; unpackedSize: number; files: { path: string }[] };
let tarball: string;
/** A project that has installed the package. */
let consumer: string;
let installed: ReadonlySet<string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-client-'));
  const { stdout } = await run('npm', ['pack', SOURCE, '--json', '--pack-destination', folder], { cwd: ROOT });
  [packed] = JSON.parse(stdout.slice(stdout.search(/^\[/m)));
  tarball = join(folder, packed.filename);
  consumer = join(folder, 'consumer');
  await mkdir(consumer);
  await writeFile(join(consumer, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  installed = await install();
  return () => rm(folder, { recursive: true });
}, 300_000);

/** Does what `npm install` does, with the packages of this project: tests must not need a registry. Returns their names. */
async function install(): Promise<Set<string>> {
  const modules = join(consumer, 'node_modules');
  await mkdir(join(modules, NAME), { recursive: true });
  await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', join(modules, NAME)]);
  const names = new Set([NAME]);
  for (const name of names) {
    const target = join(modules, name);
    if (name !== NAME) {
      await mkdir(dirname(target), { recursive: true });
      await cp(join(ROOT, 'node_modules', name), target, { recursive: true });
    }
    for (const dependency of Object.keys(readJson(join(target, 'package.json')).dependencies ?? {})) {
      names.add(dependency);
    }
  }
  return names;
}

/** The first Node on the path that is as old as the package allows. */
async function node20(): Promise<string | undefined> {
  const places = (process.env.PATH ?? '').split(delimiter).map((place) => join(place, 'node'));
  for (const node of places.filter(existsSync)) {
    if ((await run(node, ['-v'])).stdout.startsWith('v20.')) {
      return node;
    }
  }
  return undefined;
}

test('it is small, and brings few packages', async () => {
  expect(packed.unpackedSize).toBeLessThanOrEqual(MAX_UNPACKED_BYTES);
  expect([...installed]).toEqual([NAME, 'openapi-fetch', 'openapi-typescript-helpers']);
  expect(installed.size).toBeLessThanOrEqual(MAX_PACKAGES);
});

test('it holds the client, its types, the document and the licence, and nothing else', async () => {
  const paths = packed.files.map(({ path }) => path);
  expect(paths).toEqual(
    expect.arrayContaining(['LICENSE', 'README.md', 'dist/openapi.json', 'dist/generated/api.d.ts']),
  );
  const expected =
    /^(?:package\.json|README\.md|LICENSE|dist\/openapi\.json|dist\/(?:src\/client|generated)\/.*\.(?:js|d\.ts))$/;
  expect(paths.filter((path) => !expected.test(path))).toEqual([]);
  const document = join(consumer, 'node_modules', NAME, 'dist/openapi.json');
  expect(readJson(document)).toEqual(readJson(join(ROOT, 'generated/openapi.json')));
});

test('it has the version, the licence and the openapi-fetch of the server, which exports the same client', () => {
  const own = readJson(join(SOURCE, 'package.json'));
  const server = readJson(join(ROOT, 'package.json'));
  expect([own.version, own.license]).toEqual([server.version, server.license]);
  expect(own.dependencies).toEqual({ 'openapi-fetch': server.dependencies['openapi-fetch'] });
  expect(own.exports['.']).toEqual(server.exports['.']);
});

test('publint and "are the types wrong" find nothing', async () => {
  const bytes = await readFile(tarball);
  const { messages } = await publint({ pack: { tarball: new Uint8Array(bytes).buffer } });
  expect(messages).toEqual([]);
  const checked = await checkPackage(createPackageFromTarballData(new Uint8Array(bytes)));
  // The package is of modules only: Node before 12 and `require` are not meant to resolve it.
  const isMeant = (problem: object) => !/^node10$|^node16-cjs$/.test(String(Reflect.get(problem, 'resolutionKind')));
  expect(checked.types && checked.problems.filter(isMeant)).toEqual([]);
});

const PAGE = { message: '', status: 'success', error: null };
/** Asks a server that is made of a function, and tells what came. */
const PROGRAM = `import { createClient, paginate } from '${NAME}';
const page = (page) => ({ servers: [{ name: 'one' }, { name: 'two' }], page, has_next: page === 0 });
let refused = 0;
const client = createClient({
  baseUrl: 'http://127.0.0.1:8080',
  apiKey: 'sk_key',
  fetch: async (request) => {
    const at = Number(new URL(request.url).searchParams.get('page') ?? 0);
    return refused++ === 0
      ? new Response('{}', { status: 429, headers: { 'Retry-After': '0' } })
      : Response.json({ ...${JSON.stringify(PAGE)}, data: page(at), key: request.headers.get('x-api-key') });
  },
});
const names = [];
for await (const { name } of paginate(client, '/api/mcp-servers')) {
  names.push(name);
}
const { status, data } = await client.GET('/api/mcp-servers');
export const told = JSON.stringify({ names, status, key: data.key });
`;
const TOLD = JSON.stringify({ names: ['one', 'two', 'one', 'two'], status: 200, key: 'sk_key' });

test('it runs on Node 20', async ({ skip }) => {
  const node = await node20();
  skip(node === undefined, 'there is no Node 20 on the PATH');
  const text = PROGRAM.replace('export const told =', 'process.stdout.write(').replace(/;\n$/, ');\n');
  const { stdout } = await run(node as string, ['--input-type=module', '--eval', text], { cwd: consumer });
  expect(stdout).toBe(TOLD);
});

test('it runs in a browser, as a small bundle without anything of Node', async ({ skip }) => {
  requireChromium(skip);
  const input = join(consumer, 'entry.js');
  await writeFile(input, PROGRAM);
  const build = await rolldown({ input, cwd: consumer, platform: 'browser' });
  const { output } = await build.generate({ format: 'es', minify: true });
  await build.close();
  const [{ code, imports }] = output;
  expect(imports).toEqual([]);
  expect(gzipSync(code).length).toBeLessThanOrEqual(MAX_BUNDLE_BYTES);
  const browser = await chromium.launch({ executablePath: CHROMIUM as string, args: FLAGS });
  try {
    const page = await browser.newPage();
    const url = `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`;
    expect(await page.evaluate(`import('${url}').then(({ told }) => told)`)).toBe(TOLD);
  } finally {
    await browser.close();
  }
});

const CONSUMER = `import { type components, createClient, type GatehouseClient, paginate, type paths } from '${NAME}';

export const path: keyof paths = '/api/mcp-servers';
export const client: GatehouseClient = createClient({ baseUrl: 'http://localhost:8080', apiKey: 'sk_…' });
const answer = await client.POST('/api/mcp-servers', { body: { name: 'Files', url: 'https://files.example.com/mcp' } });
if (answer.status === 201) {
  const server: components['schemas']['McpServer'] = answer.data.data;
  console.log(server.id);
} else {
  const message: string = answer.error.message;
  console.log(message);
}
for await (const { id } of paginate(client, '/integrated-account', { params: { query: { limit: 10 } } })) {
  console.log(id.length);
}
// @ts-expect-error the body does not have this key
await client.POST('/api/mcp-servers', { body: { name: 'Files', url: 'https://files.example.com/mcp', nope: 1 } });
`;

test.each([
  ['a browser', { lib: ['es2022', 'dom'], types: [], module: 'esnext', moduleResolution: 'bundler' }],
  ['Node', { lib: ['es2022'], types: ['node'], module: 'nodenext' }],
])('it types a strict consumer for %s under TypeScript 5.9, libraries checked too', async (_, settings) => {
  await writeFile(join(consumer, 'consumer.ts'), CONSUMER);
  for (const name of ['@types/node', 'undici-types']) {
    await cp(join(ROOT, 'node_modules', name), join(consumer, 'node_modules', name), { recursive: true });
  }
  const strict = {
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    target: 'es2022',
  };
  const project = { compilerOptions: { ...strict, ...settings }, files: ['consumer.ts'] };
  await writeFile(join(consumer, 'tsconfig.json'), JSON.stringify(project));
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const outcome = run(process.execPath, [tsc, '-p', '.'], { cwd: consumer });
  const { stdout } = await outcome.catch((error: { stdout: string }) => error);
  expect(stdout).toBe('');
});
