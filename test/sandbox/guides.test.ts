import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askServer, GUIDES } from '../../src/docs/guides.ts';
import { SANDBOX_CREDENTIALS, startSandbox } from '../../src/sandbox/sandbox.ts';
import { askOnce } from '../support/ask-once.ts';

const run = promisify(execFile);

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
afterAll(() => sandbox.stop());

/** The blocks of code of a guide in a language. */
const blocksOf = async (name: string, language: string): Promise<string[]> => {
  const text = (await GUIDES.find((guide) => guide.name === name)?.markdown()) ?? '';
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, block = '']) => block);
};

test.each([
  ['getting-started', 4],
  ['authentication', 2],
])('every command of the guide %s works', async (name, count) => {
  const commands = (await blocksOf(name, 'sh')).filter((block) => block.startsWith('curl '));
  expect(commands).toHaveLength(count);
  for (const command of commands) {
    const script = askServer(command, sandbox.url).replace('curl ', 'curl --silent --show-error --fail-with-body ');
    const { stdout } = await run('sh', ['-c', script], { env: { ...process.env, ...variables } });
    expect(JSON.parse(stdout), command).toBeTypeOf('object');
  }
});

test('the program of the guide to pagination reads every account', async () => {
  const [program = ''] = await blocksOf('pagination', 'js');
  const flags = ['--input-type=module', '--eval', askServer(program, sandbox.url)];
  const { stdout } = await run(process.execPath, flags, { env: { ...process.env, ...variables } });
  const { body } = await askOnce(sandbox.url, 'get', '/integrated-account?limit=1000', {
    headers: { Authorization: `Bearer ${SANDBOX_CREDENTIALS.GATEHOUSE_API_TOKEN}` },
  });
  expect(body.result.length).toBeGreaterThan(0);
  expect(stdout.trim().split('\n')).toEqual(body.result.map(({ id }: { readonly id: string }) => id));
});
