import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rekey } from '../../src/cli/rekey.ts';
import { keyIdOf } from '../../src/store/secrets.ts';
import { ROOT, startProgram } from '../support/process.ts';
import { temporaryFolder } from './support.ts';

const page = readFileSync(join(ROOT, 'docs/operating.md'), 'utf8');
const blocks = [...page.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block = '']) => block);
const recipes = [
  ['docs/operating.md', blocks.find((block) => block.includes(' rekey')) ?? ''],
  ['--help', (await rekey.usage()).split('For example:\n')[1] ?? ''],
] as const;

test.each(recipes)(
  'the commands of %s rotate the key file, which nobody else can read at any time',
  async (_, recipe) => {
    const folder = await temporaryFolder();
    const data = join(folder, 'data');
    const serve = async () => {
      const program = startProgram({ GATEHOUSE_DATA: data });
      await program.ready;
      program.child.kill('SIGTERM');
      expect(await program.exited).toBe(0);
    };
    await serve();
    const before = readFileSync(join(data, 'secret.key'), 'utf8');
    for (const name of ['gatehouse', 'mcp-gatehouse']) {
      const program = `exec ${process.execPath} -r ${ROOT}/bin/preload.cjs ${ROOT}/src/cli/main.ts "$@"`;
      writeFileSync(join(folder, name), `#!/bin/sh\n${program}\n`, { mode: 0o755 });
    }
    writeFileSync(join(folder, 'npx'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
    const env = { PATH: `${folder}:${process.env.PATH}` };
    const ran = spawnSync('sh', ['-ec', `umask 022\n${recipe}`], { cwd: folder, env, encoding: 'utf8' });
    expect([ran.status, ran.stderr]).toEqual([0, '']);
    const keys = readdirSync(data).filter((name) => name.endsWith('.key'));
    expect(keys.toSorted()).toEqual(['old.key', 'secret.key']);
    expect(keys.map((name) => statSync(join(data, name)).mode & 0o777)).toEqual([0o600, 0o600]);
    expect(readFileSync(join(data, 'old.key'), 'utf8')).toBe(before);
    const after = Buffer.from(readFileSync(join(data, 'secret.key'), 'utf8'), 'base64');
    expect(ran.stdout).toContain(`Put key ${keyIdOf(after)} there, or set GATEHOUSE_SECRET_KEY at the next start.\n`);
    await serve();
  },
);

test('git takes no key file, wherever it is made', () => {
  const paths = ['new.key', 'old.key', 'data/secret.key', 'somewhere/new.key'];
  expect(
    execFileSync('git', ['check-ignore', ...paths], { cwd: ROOT, encoding: 'utf8' })
      .trim()
      .split('\n'),
  ).toEqual(paths);
});
