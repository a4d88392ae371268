import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, expect, inject, test } from 'vitest';
import { createDatabase } from './store/support/postgres.ts';
import { askOnce } from './support/ask-once.ts';
import { ROOT, startProgram } from './support/process.ts';

const folders: string[] = [];
const folder = () => {
  const path = mkdtempSync(join(tmpdir(), 'gatehouse-'));
  folders.push(path);
  return path;
};
afterAll(() => {
  for (const path of folders) {
    rmSync(path, { recursive: true });
  }
});

const statusOf = async (url: string, path: string, headers: Record<string, string>) =>
  (await askOnce(url, 'get', path, { headers })).status;

const credentialsOf = (path: string) => {
  const lines = readFileSync(join(path, 'credentials'), 'utf8').split('\n');
  return (name: string) => lines.find((line) => line.startsWith(name))?.split(/ {2,}/)[1] ?? '';
};

test('the first start writes working credentials to a file and logs only its path, and the second start keeps them', async () => {
  const data = folder();
  const first = startProgram({ GATEHOUSE_DATA: data, GATEHOUSE_LOG_LEVEL: 'trace' });
  const url = await first.ready;
  const of = credentialsOf(data);
  const keyPair = { 'X-API-KEY': of('API key'), 'X-API-SECRET': of('API secret') };
  const operator = { Authorization: `Bearer ${of('Operator token')}` };
  expect(await statusOf(url, '/api/mcp-servers', keyPair)).toBe(200);
  expect(await statusOf(url, '/admin/api/v1/organizations', operator)).toBe(200);
  await askOnce(url, 'get', `/api/mcp-servers?search=${of('API token')}`, { headers: keyPair });
  await askOnce(url, 'post', '/api/mcp-servers', {
    headers: keyPair,
    body: `{"name": "x", "url": "https://x.example.com", "request_headers": {"Authorization": "Bearer hush-hush"}`,
  });
  first.child.kill('SIGTERM');
  expect(await first.exited).toBe(0);
  for (const secret of [...['Operator token', 'API token', 'API key', 'API secret'].map(of), 'hush-hush']) {
    expect(secret.length).toBeGreaterThan(5);
    expect(first.output()).not.toContain(secret);
  }
  for (const name of ['credentials', 'secret.key']) {
    expect(statSync(join(data, name)).mode & 0o777).toBe(0o600);
  }
  const stored = readdirSync(data).filter((name) => name.startsWith('gatehouse.db'));
  const bytes = stored.map((name) => readFileSync(join(data, name), 'latin1')).join();
  expect(bytes).toContain(createHash('sha256').update(of('API key')).digest('hex'));
  expect(bytes).not.toContain(of('API key'));

  const second = startProgram({ GATEHOUSE_DATA: data });
  expect(await statusOf(await second.ready, '/api/mcp-servers', keyPair)).toBe(200);
  expect(second.output()).not.toContain('credentials written');
  second.child.kill('SIGINT');
  expect(await second.exited).toBe(0);
});

test('given credentials are used once, on an empty database; the operator token at every start', async () => {
  const data = folder();
  const env = {
    GATEHOUSE_DATA: data,
    GATEHOUSE_ADMIN_TOKEN: 'operator-'.padEnd(32, 'a'),
    GATEHOUSE_API_KEY: 'sk_given'.padEnd(40, 'k'),
    GATEHOUSE_API_SECRET: 's3cr3t_given'.padEnd(40, 's'),
  };
  const list = (url: string, key: string) =>
    statusOf(url, '/api/mcp-servers', { 'X-API-KEY': key, 'X-API-SECRET': env.GATEHOUSE_API_SECRET });
  const admin = (url: string, token: string) =>
    statusOf(url, '/admin/api/v1/organizations', { Authorization: `Bearer ${token}` });
  const first = startProgram(env);
  expect(await list(await first.ready, env.GATEHOUSE_API_KEY)).toBe(200);
  expect(await admin(await first.ready, env.GATEHOUSE_ADMIN_TOKEN)).toBe(200);
  first.child.kill('SIGTERM');
  await first.exited;
  const newToken = 'operator-'.padEnd(32, 'b');
  const otherKey = 'sk_other'.padEnd(40, 'k');
  const second = startProgram({ ...env, GATEHOUSE_ADMIN_TOKEN: newToken, GATEHOUSE_API_KEY: otherKey });
  const url = await second.ready;
  expect([await list(url, env.GATEHOUSE_API_KEY), await list(url, otherKey)]).toEqual([200, 401]);
  expect([await admin(url, newToken), await admin(url, env.GATEHOUSE_ADMIN_TOKEN)]).toEqual([200, 401]);
  second.child.kill('SIGTERM');
  await second.exited;
});

test('a wrong environment ends the start with one line per mistake', async () => {
  const program = startProgram({ GATEHOUSE_DATA: folder(), GATEHOUSE_PROT: '1', GATEHOUSE_LOG_LEVEL: 'loud' });
  expect(await program.exited).toBe(1);
  expect(program.output().trim().split('\n')).toEqual([
    'GATEHOUSE_PROT: unknown variable: did you mean `GATEHOUSE_PORT`?',
    'GATEHOUSE_LOG_LEVEL: must be one of fatal, error, warn, info, debug, trace, silent',
  ]);
});

test('a failed first start shows no credentials, and the next start is the first again', async () => {
  const busy = startProgram({ GATEHOUSE_DATA: folder() });
  const { port } = new URL(await busy.ready);
  const data = folder();
  const failed = startProgram({ GATEHOUSE_DATA: data, GATEHOUSE_PORT: port });
  expect(await failed.exited).toBe(1);
  expect(readdirSync(data)).not.toContain('credentials');
  busy.child.kill('SIGTERM');
  const next = startProgram({ GATEHOUSE_DATA: data });
  const url = await next.ready;
  const headers = { 'X-API-KEY': credentialsOf(data)('API key'), 'X-API-SECRET': credentialsOf(data)('API secret') };
  expect(await statusOf(url, '/api/mcp-servers', headers)).toBe(200);
  next.child.kill('SIGTERM');
  await Promise.all([busy.exited, next.exited]);
});

test('the first start on PostgreSQL without a data folder shows credentials', async () => {
  const data = join(folder(), 'not', 'there');
  const program = startProgram({
    GATEHOUSE_DATA: data,
    GATEHOUSE_SECRET_KEY: Buffer.alloc(32, 1).toString('base64'),
    DATABASE_URL: await createDatabase(inject('postgresUrl') ?? ''),
  });
  const url = await program.ready;
  const headers = { Authorization: `Bearer ${credentialsOf(data)('Operator token')}` };
  expect(await statusOf(url, '/admin/api/v1/organizations', headers)).toBe(200);
  program.child.kill('SIGTERM');
  expect(await program.exited).toBe(0);
});

test('an operator who needed no token gets one when they do, and the other credentials stay in the file', async () => {
  const data = folder();
  const open = startProgram({ GATEHOUSE_DATA: data, GATEHOUSE_ADMIN_AUTH: 'none' });
  await open.ready;
  expect(credentialsOf(data)('Operator token')).toBe('');
  const apiKey = credentialsOf(data)('API key');
  open.child.kill('SIGTERM');
  await open.exited;
  const closed = startProgram({ GATEHOUSE_DATA: data });
  const url = await closed.ready;
  const headers = { Authorization: `Bearer ${credentialsOf(data)('Operator token')}` };
  expect(await statusOf(url, '/admin/api/v1/organizations', headers)).toBe(200);
  expect(credentialsOf(data)('API key')).toBe(apiKey);
  closed.child.kill('SIGTERM');
  await closed.exited;
});

test('an unusable port, address, folder or key ends the start with one sentence and status 1', async () => {
  const data = folder();
  const first = startProgram({ GATEHOUSE_DATA: data });
  const { port } = new URL(await first.ready);
  const refused = async (env: Record<string, string>) => {
    const program = startProgram(env);
    expect(await program.exited).toBe(1);
    return program.output();
  };
  expect(await refused({ GATEHOUSE_DATA: folder(), GATEHOUSE_PORT: port })).toContain(
    'Set GATEHOUSE_PORT to a free port.',
  );
  expect(await refused({ GATEHOUSE_DATA: data })).toContain(`${first.child.pid}`);
  expect(await refused({ GATEHOUSE_DATA: '/dev/null/data' })).toBe(
    '/dev/null/data cannot be used as the data folder (ENOTDIR). Make it writable for this user, or give another folder with GATEHOUSE_DATA.\n',
  );
  expect(
    await refused({ GATEHOUSE_DATA: folder(), GATEHOUSE_HOST: '192.0.2.1', GATEHOUSE_PUBLIC_URL: 'http://192.0.2.1' }),
  ).toContain('this machine has no such address. Set GATEHOUSE_HOST to one that it has.\n');
  first.child.kill('SIGTERM');
  await first.exited;
});

test('a key that does not fit is named with the place that it comes from', async () => {
  const data = folder();
  const first = startProgram({ GATEHOUSE_DATA: data });
  await first.ready;
  first.child.kill('SIGTERM');
  await first.exited;
  const refused = async (env: Record<string, string>) => {
    const program = startProgram({ GATEHOUSE_DATA: data, ...env });
    expect(await program.exited).toBe(1);
    return program.output();
  };
  const lacks = (source: string) =>
    new RegExp(
      `^${source} lacks key [\\da-f]{8}, which sealed .* \\(given: [\\da-f]{8}\\)\\. Restore that key\\..*\\n$`,
    );
  const key = Buffer.alloc(32, 1).toString('base64');
  expect(await refused({ GATEHOUSE_SECRET_KEY: key })).toMatch(lacks('GATEHOUSE_SECRET_KEY'));
  const other = join(folder(), 'other.key');
  writeFileSync(other, key, { mode: 0o600 });
  expect(await refused({ GATEHOUSE_SECRET_KEY_FILE: other })).toMatch(lacks(`The file ${other}`));
  copyFileSync(other, join(data, 'secret.key'));
  expect(await refused({})).toMatch(lacks(`The file ${data}/secret.key`));
});

test('a key file that others can read is a warning, until they cannot', async () => {
  const data = folder();
  const path = join(data, 'secret.key');
  writeFileSync(path, randomBytes(32).toString('base64'));
  const warned = async (mode: number) => {
    chmodSync(path, mode);
    const program = startProgram({ GATEHOUSE_DATA: data });
    await program.ready;
    program.child.kill('SIGTERM');
    await program.exited;
    return program.output().includes(`other users of this machine can read the key file: run chmod 600 ${path}`);
  };
  expect([await warned(0o644), await warned(0o640), await warned(0o600)]).toEqual([true, true, false]);
});

test('credentials that cannot be kept end the start, and the next one is the first', async () => {
  const data = folder();
  mkdirSync(join(data, 'credentials'));
  const failed = startProgram({ GATEHOUSE_DATA: data });
  expect(await failed.exited).toBe(1);
  expect(failed.output()).toContain(`${data} cannot be used as the data folder (EISDIR). Make it writable`);
  rmSync(join(data, 'credentials'), { recursive: true });
  const next = startProgram({ GATEHOUSE_DATA: data });
  const url = await next.ready;
  const headers = { 'X-API-KEY': credentialsOf(data)('API key'), 'X-API-SECRET': credentialsOf(data)('API secret') };
  expect(await statusOf(url, '/api/mcp-servers', headers)).toBe(200);
  next.child.kill('SIGTERM');
  await next.exited;
});

const hasScript = spawnSync('script', ['--version']).status === 0;

test.skipIf(!hasScript)(
  'on a terminal the credentials and the docs come last, then each request is one line',
  async () => {
    const data = folder();
    const command = `${process.execPath} -r ./bin/preload.cjs src/main.ts`;
    const terminal = spawn(
      'script',
      ['--quiet', '--flush', '--return', '--command', command, join(folder(), 'typescript')],
      {
        cwd: ROOT,
        env: { PATH: process.env.PATH, GATEHOUSE_DATA: data, GATEHOUSE_PORT: '0' } as NodeJS.ProcessEnv,
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    let shown = '';
    terminal.stdout.on('data', (chunk: Buffer) => {
      // Without colours.
      shown += stripVTControlCharacters(String(chunk)).replaceAll('\r', '');
    });
    await expect.poll(() => shown).toMatch(/-H 'X-API-SECRET: .*'\n/);
    const [log = '', welcome = ''] = shown.split(/^(?=Console)/m);
    expect(log.trim().split('\n')).toEqual(log.match(/^\[\d\d:\d\d:\d\d\] INFO: .+$/gm));
    const url = /"url":"([^"]+)"/.exec(log)?.[1] ?? '';
    const of = credentialsOf(data);
    expect(welcome.trimEnd().split('\n')).toEqual([
      `Console         ${url}/console`,
      `Docs            ${url}/docs`,
      ...['Operator token', 'Organization', 'API token', 'API key', 'API secret'].map(
        (name) => name.padEnd(16) + of(name),
      ),
      '',
      `The credentials are in ${data}/credentials.`,
      '',
      'Try it:',
      `curl ${url}/api/mcp-servers \\`,
      `  -H 'X-API-KEY: ${of('API key')}' \\`,
      `  -H 'X-API-SECRET: ${of('API secret')}'`,
    ]);
    shown = '';
    await askOnce(url, 'get', '/docs', {});
    await expect.poll(() => shown).toMatch(/^\[\d\d:\d\d:\d\d\] INFO: GET \/docs 200 \d+ ms [\da-f]{8}\n$/);
    terminal.kill('SIGTERM');
    await once(terminal, 'exit');
  },
);

test('a call in flight is finished before the program ends', async () => {
  const program = startProgram({ GATEHOUSE_DATA: folder(), GATEHOUSE_ADMIN_TOKEN: 'x'.repeat(32) });
  const url = await program.ready;
  let send: (chunk: string | null) => void = () => undefined;
  const body = new ReadableStream<string>({
    start: (controller) => {
      send = (chunk) => (chunk === null ? controller.close() : controller.enqueue(chunk));
    },
  }).pipeThrough(new TextEncoderStream());
  const answer = fetch(`${url}/admin/api/v1/organizations`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${'x'.repeat(32)}`, 'Content-Type': 'application/json' },
    body,
    duplex: 'half',
  } as RequestInit);
  send('{"name": ');
  await new Promise((resolve) => setTimeout(resolve, 300));
  program.child.kill('SIGTERM');
  await expect.poll(() => program.output()).toContain('"stopping"');
  send('"Late"}');
  send(null);
  expect((await answer).status).toBe(201);
  expect(await program.exited).toBe(0);
});

const olderNode = () =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .map((path) => join(path, 'node'))
    .find((path) => /^v(1\d|2[0-3])\./.test(spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout ?? ''));

test.skipIf(olderNode() === undefined)('an older Node ends the start with the required version', () => {
  const run = spawnSync(olderNode() ?? '', ['bin/gatehouse.cjs'], { cwd: ROOT, encoding: 'utf8' });
  expect([run.status, run.stderr]).toEqual([
    1,
    expect.stringMatching(/^Gatehouse needs Node 24\.18 or newer; this is \d/),
  ]);
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(scripts.start).toBe('node bin/gatehouse.cjs');
  expect(scripts.sandbox).toContain('-r ./bin/preload.cjs');
  expect(execFileSync(process.execPath, ['-r', './bin/preload.cjs', '-e', '1'], { cwd: ROOT, encoding: 'utf8' })).toBe(
    '',
  );
});
