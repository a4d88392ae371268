import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/cli.ts';
import { askOnce } from '../support/ask-once.ts';
import { ROOT, startProgram } from '../support/process.ts';
import { run, temporaryFolder } from './support.ts';

const names = Object.keys(COMMANDS);

describe('help', () => {
  test('--help lists every command in a line, where configuration comes from, and the exit status', async () => {
    const { code, stdout, stderr } = await run(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.split('\n');
    for (const { synopsis, summary } of Object.values(COMMANDS)) {
      expect(lines.filter((line) => line.startsWith(`  ${synopsis} `) && line.endsWith(`  ${summary}`))).toHaveLength(
        1,
      );
    }
    for (const word of [
      'GATEHOUSE_DATA',
      'DATABASE_URL',
      'GATEHOUSE_SECRET_KEY',
      'docs/operating.md',
      'Exit status: 0 done',
    ]) {
      expect(stdout).toContain(word);
    }
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
  });

  test.each(names)('%s --help says how it is used, with an example', async (name) => {
    const { code, stdout, stderr } = await run([name, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^  gatehouse \\[?${name}`, 'm'));
    const [, example = ''] = stdout.split(/\bexample:\n/);
    expect(example).toMatch(new RegExp(`^  .*gatehouse ${name}`, 'm'));
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
  });

  test.each([[['-h']], [['help']]])('%j is --help', async (args) => {
    expect(await run(args)).toEqual(await run(['--help']));
  });

  test.each(names)('help %s and %s -h are its --help', async (name) => {
    const usage = await run([name, '--help']);
    expect(await run(['help', name])).toEqual(usage);
    expect(await run([name, '-h'])).toEqual(usage);
  });

  test.each(['--version', '-v'])('%s prints the version of the package', async (flag) => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(await run([flag])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('--help wins over what is wrong', async () => {
    expect(await run(['backup', '--help', '--bogus'], { GATEHOUSE_PROT: '1' })).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('2: wrong usage says what is wrong, and what was meant', () => {
  test.each<[string[], string, string]>([
    [['bakup'], 'bakup: unknown command: did you mean `backup`?', 'gatehouse --help'],
    [['frobnicate'], 'frobnicate: unknown command', 'gatehouse --help'],
    [['help', 'bakup'], 'bakup: unknown command: did you mean `backup`?', 'gatehouse --help'],
    [['--verion'], '--verion: unknown option: did you mean `--version`?', 'gatehouse --help'],
    [['toString'], 'toString: unknown command', 'gatehouse --help'],
    [['--hlep'], '--hlep: unknown option: did you mean `--help`?', 'gatehouse --help'],
    [['serve', 'now'], 'now: unknown argument', 'gatehouse serve --help'],
    [['serve', '--port', '1'], '--port: unknown option', 'gatehouse serve --help'],
    [['backup'], 'FILE: missing', 'gatehouse backup --help'],
    [['backup', 'a', 'b'], 'b: unknown argument', 'gatehouse backup --help'],
    [['backup', 'a', '--hepl'], '--hepl: unknown option: did you mean `--help`?', 'gatehouse backup --help'],
    [['restore'], 'FILE: missing', 'gatehouse restore --help'],
    [['rekey', 'all'], 'all: unknown argument', 'gatehouse rekey --help'],
    [['mock', '--prot', '4011'], '--prot: unknown option: did you mean `--port`?', 'gatehouse mock --help'],
    [['mock', '--port', 'x'], '--port: must be a whole number from 0 to 65535', 'gatehouse mock --help'],
    [['mock', '-p', '65536'], '--port: must be a whole number from 0 to 65535', 'gatehouse mock --help'],
    [['mock', '--port'], "Option '-p, --port <value>' argument missing", 'gatehouse mock --help'],
    [['mock', '--latency', '-1'], "Option '--latency' argument is ambiguous", 'gatehouse mock --help'],
    [['mock', '--latency', '1s'], '--latency: must be a whole number from 0 to 600000', 'gatehouse mock --help'],
    [['mock', '--api', 'server'], '--api server: no such API; use one of gateway, accounts', 'gatehouse mock --help'],
    [['mock', '--fail', 'x'], '--fail x: must be <operation|*>=<status>[:rate]', 'gatehouse mock --help'],
    [
      ['contract', '--base-uri', 'http://127.0.0.1:9'],
      '--base-uri: unknown option: did you mean `--base-url`?',
      'gatehouse contract --help',
    ],
    [['docs', '--serve', 'x'], '--serve: unknown option: did you mean `--server`?', 'gatehouse docs --help'],
  ])('%j', async (args, message, where) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toContain(`See ${where}`);
  });

  test.each(['backup', 'restore'])('%s with DATABASE_URL names what PostgreSQL has for it', async (name) => {
    const env = { DATABASE_URL: 'postgres://gatehouse:hush-hush@127.0.0.1:1/gatehouse' };
    const { code, stderr } = await run([name, 'file'], env);
    expect(code).toBe(2);
    expect(stderr).toContain(name === 'backup' ? 'pg_dump --format' : 'pg_restore --clean');
    expect(stderr).not.toContain('hush-hush');
  });

  test.each([['backup', 'file'], ['restore', 'file'], ['rekey']])(
    '%s in a wrong environment names every mistake',
    async (...args) => {
      const { code, stderr } = await run(args, { GATEHOUSE_DATE: 'data', GATEHOUSE_SECRET_KEY: 'short' });
      expect(code).toBe(2);
      expect(stderr).toContain('GATEHOUSE_DATE: unknown variable: did you mean `GATEHOUSE_DATA`?');
      expect(stderr).toContain('GATEHOUSE_SECRET_KEY: each key must be 32 bytes');
      expect(stderr).not.toContain('short');
    },
  );
});

test.each([[[]], [['serve']]])('%j runs the server until it is told to stop', async (args) => {
  const program = startProgram({ GATEHOUSE_DATA: await temporaryFolder() }, ['src/cli/main.ts', ...args]);
  expect((await askOnce(await program.ready, 'get', '/healthz')).status).toBe(200);
  program.child.kill('SIGTERM');
  expect(await program.exited).toBe(0);
});

test('as a program: the exit status of the command', async () => {
  const wrong = startProgram({}, ['src/cli/main.ts', 'bakup']);
  expect(await wrong.exited).toBe(2);
  const failed = startProgram({ GATEHOUSE_DATA: await temporaryFolder() }, ['src/cli/main.ts', 'backup', 'file']);
  expect(await failed.exited).toBe(1);
  expect(failed.output()).toMatch(/^There is no database \S+gatehouse\.db\. [^\n]+\n$/);
});
