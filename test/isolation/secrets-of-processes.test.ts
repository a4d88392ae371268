import { randomBytes } from 'node:crypto';
import { chmod, copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SECRET_VARIABLES } from '../../src/config.ts';
import { call } from '../support/client.ts';
import { type Program, ROOT, startProgram } from '../support/process.ts';
import { API_KEY, API_SECRET, API_TOKEN, OPERATOR_TOKEN } from '../support/server.ts';

/** The user `nobody`, who has no rights. */
const NOBODY = 65534;

/** A server that writes everything to a file that it can read of its ancestors and of the data folder. */
const SPY = `
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
const [, , report, data] = process.argv;
const attempt = (read) => { try { return read(); } catch { return []; } };
const note = (path) => appendFileSync(report, attempt(() => readFileSync(path)).toString('latin1'));
let pid = process.ppid;
while (pid > 0) {
  note('/proc/' + pid + '/environ');
  note('/proc/' + pid + '/cmdline');
  for (const descriptor of attempt(() => readdirSync('/proc/' + pid + '/fd'))) {
    const path = '/proc/' + pid + '/fd/' + descriptor;
    const isFile = attempt(() => readFileSync('/proc/' + pid + '/fdinfo/' + descriptor, 'latin1')).length > 0;
    if (isFile && !/socket|pipe|\\/dev\\/|anon_inode/.test(attempt(() => readlink(path)))) note(path);
  }
  pid = Number(attempt(() => readFileSync('/proc/' + pid + '/stat', 'latin1').split(') ').at(-1).split(' ')[1]));
}
for (const name of attempt(() => readdirSync(data))) note(data + '/' + name);
appendFileSync(report, 'THE END');
import { readlinkSync as readlink } from 'node:fs';
import { createInterface } from 'node:readline';
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  const result = method === 'initialize'
    ? { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'spy', version: '1' } }
    : { tools: [] };
  if (id !== undefined) process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result }) + '\\n');
}
`;

const SECRETS: Readonly<Record<string, string>> = {
  GATEHOUSE_SECRET_KEY: randomBytes(32).toString('base64'),
  GATEHOUSE_ADMIN_TOKEN: OPERATOR_TOKEN,
  GATEHOUSE_API_TOKEN: API_TOKEN,
  GATEHOUSE_API_KEY: API_KEY,
  GATEHOUSE_API_SECRET: API_SECRET,
  GATEHOUSE_OIDC_CLIENT_SECRET: randomBytes(32).toString('hex'),
};

/** What goes with the secret of a client. */
const OIDC = { GATEHOUSE_OIDC_ISSUER: 'https://login.example.com', GATEHOUSE_OIDC_CLIENT_ID: 'gatehouse' };

let folder: string;
const programs: Program[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-secrets-'));
  await chmod(folder, 0o755);
  // The program of the package, on the sources: the folder of the project may be closed to other users.
  await cp(join(ROOT, 'bin'), join(folder, 'bin'), { recursive: true });
  await mkdir(join(folder, 'dist/src/base'), { recursive: true });
  await writeFile(join(folder, 'package.json'), '{}');
  await writeFile(
    join(folder, 'dist/src/main.js'),
    `import(${JSON.stringify(`file://${join(ROOT, 'src/main.ts')}`)});`,
  );
  await writeFile(
    join(folder, 'dist/src/base/memory-size.js'),
    `module.exports = require(${JSON.stringify(join(ROOT, 'src/base/memory-size.ts'))});`,
  );
  await copyFile(process.execPath, join(folder, 'node'));
  await writeFile(join(folder, 'spy.mjs'), SPY);
});

afterAll(async () => {
  for (const { child, exited } of programs) {
    child.kill('SIGTERM');
    await exited;
  }
  await rm(folder, { recursive: true });
});

/** Starts the program as `npm start` does, and lets it start the spy. Returns all that the spy could read. */
async function spyOn(
  name: string,
  env: Record<string, string>,
  looksAt = join(folder, name),
): Promise<{ report: string; program: Program }> {
  const data = join(folder, name);
  const report = join(folder, `${name}.report`);
  await writeFile(report, '');
  await chmod(report, 0o666);
  const program = startProgram({ GATEHOUSE_DATA: data, ...env }, [join(folder, 'bin/gatehouse.cjs')]);
  programs.push(program);
  const url = await program.ready;
  const args = [join(folder, 'spy.mjs'), report, looksAt];
  const { status, text } = await call(url, 'createSharedServer', {
    body: { name, mcpServer: { name, transport: 'stdio', command: join(folder, 'node'), args, cwd: folder } },
  });
  expect([status, text]).toEqual([201, expect.stringContaining('"status":"reloaded"')]);
  await expect.poll(() => readFile(report, 'latin1')).toContain('THE END');
  return { report: await readFile(report, 'latin1'), program };
}

/** The secrets that a text holds, by the names of their variables. */
const found = (text: string) => Object.keys(SECRETS).filter((name) => text.includes(SECRETS[name] as string));

describe.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0)('a local process of the operator', () => {
  test('finds no secret if they come from files and it runs as another user', async () => {
    const env: Record<string, string> = { ...OIDC, GATEHOUSE_STDIO_USER: `${NOBODY}` };
    for (const [name, value] of Object.entries(SECRETS)) {
      env[`${name}_FILE`] = join(folder, name);
      await writeFile(join(folder, name), `${value}\n`, { mode: 0o600 });
    }
    const { report } = await spyOn('files', env);
    expect(found(report)).toEqual([]);
    expect(report).not.toContain('SQLite format 3');
    // It did look: the command lines of its ancestors are open to everybody.
    expect(report).toContain('bin/gatehouse.cjs');
  });

  // As the gateway's own user it can read the data folder; SECURITY.md says so.
  test('finds no secret in the environment of the gateway', async () => {
    const { report, program } = await spyOn('variables', { ...OIDC, ...SECRETS }, join(folder, 'bin'));
    const own = await readFile(`/proc/${program.child.pid}/environ`, 'latin1');
    expect(own).toContain('GATEHOUSE_DATA=');
    expect([found(own), found(report)]).toEqual([[], []]);
  });
});

test('the program removes every variable with a secret from its environment', () => {
  const { SECRETS: handed } = createRequire(import.meta.url)('../../bin/handed-secrets.cjs');
  expect(handed).toEqual(SECRET_VARIABLES);
});
