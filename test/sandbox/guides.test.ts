import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askServer, GUIDES } from '../../src/docs/guides.ts';
import { SANDBOX_CREDENTIALS, startSandbox } from '../../src/sandbox/sandbox.ts';
import { askOnce } from '../support/ask-once.ts';
import { ROOT } from '../support/process.ts';

const run = promisify(execFile);
/** Where commands run that write files, such as the cookies of a session. */
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-guides-'));

let sandbox: Awaited<ReturnType<typeof startSandbox>>;
let variables: Readonly<Record<string, string>>;
beforeAll(async () => {
  sandbox = await startSandbox({ GATEHOUSE_PORT: '0' });
  const { body } = await askOnce(sandbox.url, 'get', '/admin/api/v1/organizations', {
    headers: { Authorization: `Bearer ${SANDBOX_CREDENTIALS.GATEHOUSE_ADMIN_TOKEN}` },
  });
  variables = {
    ...SANDBOX_CREDENTIALS,
    ACCOUNT_ID: '1ba1f401-7183-47c5-9e39-e8e257e3c795',
    ORGANIZATION_ID: body[0].id,
  };
});
afterAll(async () => {
  await sandbox.stop();
  rmSync(folder, { recursive: true });
});

/** The blocks of code of a guide in a language. */
const blocksOf = async (name: string, language: string): Promise<string[]> => {
  const text = (await GUIDES.find((guide) => guide.name === name)?.markdown()) ?? '';
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, block = '']) => block);
};

test.each([
  ['getting-started', 4],
  ['authentication', 4],
])('every command of the guide %s works', async (name, count) => {
  const commands = (await blocksOf(name, 'sh')).filter((block) => block.startsWith('curl '));
  expect(commands).toHaveLength(count);
  for (const command of commands) {
    const script = askServer(command, sandbox.url).replace('curl ', 'curl --silent --show-error --fail-with-body ');
    const { stdout } = await run('sh', ['-c', script], { cwd: folder, env: { ...process.env, ...variables } });
    expect(JSON.parse(stdout), command).toBeTypeOf('object');
  }
});

test('the program of the guide to pagination reads every account', async () => {
  const [program = ''] = await blocksOf('pagination', 'js');
  const flags = ['--input-type=module', '--eval', askServer(program, sandbox.url)];
  const { stdout } = await run(process.execPath, flags, { cwd: folder, env: { ...process.env, ...variables } });
  const { body } = await askOnce(sandbox.url, 'get', '/integrated-account?limit=1000', {
    headers: { Authorization: `Bearer ${SANDBOX_CREDENTIALS.GATEHOUSE_API_TOKEN}` },
  });
  expect(body.result.length).toBeGreaterThan(0);
  expect(stdout.trim().split('\n')).toEqual(body.result.map(({ id }: { readonly id: string }) => id));
});

test('the guide to approving calls leads from the call to its result', async () => {
  const blocks = await blocksOf('approve-calls', 'sh');
  const [call = ''] = blocks.filter((block) => block.startsWith('curl '));
  const commands = blocks
    .join('')
    .split('\n')
    .filter((command) => command.startsWith('npx mcp-gatehouse approvals '));
  expect(commands).toHaveLength(3);
  const env = { PATH: process.env.PATH, ...variables };
  const calling = run('sh', ['-c', askServer(call, sandbox.url)], { cwd: folder, env });
  const approvals = async (command = '', id = ''): Promise<string> => {
    const flags = `-r ./bin/preload.cjs src/cli/main.ts`;
    const script = command.replace('npx mcp-gatehouse', `"${process.execPath}" ${flags}`);
    return (await run('sh', ['-c', `${script} --url ${sandbox.url}`], { env: { ...env, ID: id }, cwd: ROOT })).stdout;
  };
  let id: string | undefined;
  while (id === undefined) {
    [id] = /apr_\S+/.exec(await approvals(commands[0])) ?? [];
  }
  expect(await approvals(commands[1], id)).toContain('"name": "Grace Hopper"');
  expect(await approvals(commands[2], id)).toContain('Approved: ');
  expect(JSON.parse((await calling).stdout).result.content[0].text).toContain('grace@example.com');
});
