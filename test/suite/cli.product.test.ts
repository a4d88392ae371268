import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningServer } from '../../src/server.ts';
import { ALL_CHECKS } from '../../src/suite/checks/all.ts';
import { askOnce } from '../support/ask-once.ts';
import { startProxy } from './proxy.ts';
import {
  API_KEY,
  API_SECRET,
  API_TOKEN,
  HOLDER_ENV,
  OPERATOR_ENV,
  OPERATOR_TOKEN,
  run,
  startGoodServer,
  TEAM_ENV,
} from './support.ts';
import { wellFormed } from './xml.ts';

const root = new URL('../..', import.meta.url).pathname;
const ENV = { ...OPERATOR_ENV, ...TEAM_ENV, ...HOLDER_ENV };
const OPERATOR = { Authorization: `Bearer ${OPERATOR_TOKEN}` };
let server: RunningServer;
beforeAll(async () => {
  server = await startGoodServer();
});
afterAll(() => server.stop());

/** Starts the program as `npm run contract` does. */
const start = (args: readonly string[], env: Record<string, string>) =>
  spawn(process.execPath, ['-r', './bin/preload.cjs', 'src/cli/main.ts', 'contract', ...args], { cwd: root, env });

async function runChild(args: readonly string[], env: Record<string, string>) {
  const child = start(args, env);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code, stdout, stderr };
}

describe('2: wrong usage says what is wrong', () => {
  const url = ['--base-url', 'http://127.0.0.1:9'];
  test.each([
    ['no URL', [], ENV, '--base-url'],
    ['no URL at all', ['--base-url', 'localhost:8080'], ENV, '--base-url'],
    ['a URL with a query', ['--base-url', 'http://localhost:8080?x=1'], ENV, '--base-url'],
    ['an unknown flag', [...url, '--fast'], ENV, '--fast'],
    ['an argument', [...url, 'servers'], ENV, 'servers'],
    ['an unknown API', [...url, '--api', 'billing'], ENV, 'servers, operator, accounts'],
    ['an unknown reporter', [...url, '--reporter', 'tap'], ENV, 'pretty, junit, json'],
    ['a pattern that is none', [...url, '--include', '('], ENV, '--include: Invalid regular expression'],
    ['a pattern that no name matches', [...url, '--include', 'createMcpSever'], ENV, 'leave no check to run; --list'],
    ['patterns that leave none', [...url, '--include', 'createMcpServer', '--exclude', '.'], ENV, 'leave no check'],
    ['no check of that API', [...url, '--api', 'servers', '--include', 'createIntegration:'], ENV, 'leave no check'],
    ['no check of that kind', [...url, '--read-only', '--include', 'createMcpServer:'], ENV, 'leave no check'],
    ['a list of none', ['--list', '--include', 'createMcpSever'], ENV, 'leave no check'],
    ['a header without a value', [...url, '--header', 'X-Key'], ENV, "--header: give it as 'Name: value'"],
    ['no credentials', url, {}, 'GATEHOUSE_ADMIN_TOKEN'],
    ['no operator token', url, TEAM_ENV, 'GATEHOUSE_ADMIN_TOKEN'],
    ['no key pair', [...url, '--api', 'servers'], OPERATOR_ENV, 'GATEHOUSE_API_KEY, GATEHOUSE_API_SECRET'],
    ['no API token', [...url, '--api', 'accounts'], { ...OPERATOR_ENV, ...TEAM_ENV }, 'GATEHOUSE_API_TOKEN: not set'],
    ['no key pair to read with', [...url, '--read-only'], { ...OPERATOR_ENV, ...HOLDER_ENV }, 'GATEHOUSE_API_KEY'],
    ['no token to read with', [...url, '--read-only'], { ...OPERATOR_ENV, ...TEAM_ENV }, 'GATEHOUSE_API_TOKEN'],
    ['half a key pair', url, { ...OPERATOR_ENV, GATEHOUSE_API_KEY: API_KEY }, 'GATEHOUSE_API_SECRET: not set'],
    ['half of another', url, { ...ENV, GATEHOUSE_OTHER_API_SECRET: API_SECRET }, 'GATEHOUSE_OTHER_API_KEY: not set'],
  ])('%s', async (_, args, env, names) => {
    const { code, stdout, stderr } = await run(args, env);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(names);
  });
});

test('3: nobody answers', async () => {
  const stopped = await startProxy(server.url, (sent, forward) => forward(sent));
  await stopped.stop();
  const { code, stdout, stderr } = await run(['--base-url', stopped.url], ENV);
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  const reason = 'connection refused (ECONNREFUSED)';
  expect(stderr).toBe(`${stopped.url} does not answer: ${reason}. Is it running?\n`);
  const junit = await run(['--base-url', stopped.url, '--reporter', 'junit'], ENV);
  expect(wellFormed(junit.stdout)).toEqual(['testsuites', 'testsuite', 'testcase', 'error']);
  expect(junit.stdout).toContain(reason);
});

test('3: somebody else answers', async () => {
  const page = { status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Welcome</h1>' };
  const other = await startProxy(server.url, async () => page);
  const { code, stdout, stderr } = await run(['--base-url', other.url], ENV);
  await other.stop();
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  expect(stderr).toMatch(/^\S+ answers 200 with text\/html, not JSON: [^\n]+ Check the URL\.\n$/);
});

test.each([
  ['GATEHOUSE_API_KEY', '$GATEHOUSE_API_KEY with $GATEHOUSE_API_SECRET'],
  ['GATEHOUSE_API_SECRET', '$GATEHOUSE_API_KEY with $GATEHOUSE_API_SECRET'],
  ['GATEHOUSE_API_TOKEN', '$GATEHOUSE_API_TOKEN'],
  ['GATEHOUSE_ADMIN_TOKEN', '$GATEHOUSE_ADMIN_TOKEN'],
])('2: a wrong %s is one line, and nothing is checked', async (name, shown) => {
  const wrong = `${ENV[name as keyof typeof ENV]}-wrong`;
  const { code, stdout, stderr } = await run(['--base-url', server.url], { ...ENV, [name]: wrong });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^\S+ refuses \S+(?: with \S+)?: 401 from GET \S+\.\n$/);
  expect(stderr).toContain(shown);
  expect(stderr).not.toContain(wrong);
});

describe('the checks of a run', () => {
  const namesIn = (stdout: string) =>
    [...stdout.matchAll(/^(?:ok {2}|servers|all|operator|accounts) .*$/gm)].map(([line]) => line);
  const listed = async (...args: string[]) => namesIn((await run(['--list', ...args], {})).stdout);

  test('--list prints them, without credentials and without a server', async () => {
    expect(await listed()).toHaveLength(ALL_CHECKS.length);
    expect(await listed('--api', 'servers')).toHaveLength(ALL_CHECKS.filter(({ api }) => api === 'servers').length);
    expect(await listed('--read-only')).toHaveLength(9);
  });

  test('--include and --exclude select them by name', async () => {
    const created = await listed('--include', '^createMcpServer:');
    expect(created.length).toBeGreaterThan(5);
    expect(await listed('--include', '^createMcpServer:', '--include', '^createIntegration:')).not.toEqual(created);
    const args = [
      '--base-url',
      server.url,
      '--api',
      'servers',
      '--include',
      '^createMcpServer:',
      '--exclude',
      'longest',
    ];
    const { code, stdout } = await run(args, TEAM_ENV);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^${created.length} checks: ${created.length} ok`, 'm'));
    expect(stdout).not.toContain('longest');
  });

  test('--bail ends after the first failure, and what was made is deleted', async () => {
    const proxy = await startProxy(server.url, async (sent, forward) => {
      const { headers, ...came } = await forward(sent);
      const { 'x-request-id': _, ...kept } = headers;
      return { ...came, headers: kept };
    });
    const args = ['--base-url', proxy.url, '--api', 'servers', '--include', 'createMcpServer', '--bail'];
    const { code, stdout } = await run(args, TEAM_ENV);
    await proxy.stop();
    expect(code).toBe(1);
    expect(stdout.match(/^FAIL/gm)).toHaveLength(1);
    expect(stdout).toMatch(/^ok {4}all +clean-up/m);
  });

  test('--header is sent with every request, and never shown', async () => {
    const seen = new Set<string | undefined>();
    const proxy = await startProxy(server.url, async (sent, forward) => {
      seen.add(sent.headers['x-passage']);
      const came = await forward(sent);
      return { ...came, status: came.status === 404 ? 418 : came.status };
    });
    const header = ['--header', 'X-Passage: let-me-through-please'];
    const { code, stdout } = await run(['--base-url', proxy.url, '--api', 'servers', ...header], TEAM_ENV);
    await proxy.stop();
    expect([...seen]).toEqual(['let-me-through-please']);
    expect(code).toBe(1);
    expect(stdout).toContain("-H 'X-Passage: ***'");
    expect(stdout).not.toContain('let-me-through');
  });
});

describe('the report', () => {
  const BROKEN = ['--api', 'servers', '--include', '^(?:create|update|get)McpServer'];
  const startBroken = () =>
    startProxy(server.url, async (sent, forward) => {
      const came = await forward(sent);
      return sent.method === 'GET'
        ? { ...came, status: 500 }
        : { ...came, body: came.body.replace('"transport"', '"trnsport"') };
    });

  test('pretty: failures come last, by their kind', async () => {
    const proxy = await startBroken();
    const { code, stdout } = await run(['--base-url', proxy.url, ...BROKEN], TEAM_ENV);
    await proxy.stop();
    expect(code).toBe(1);
    const [kinds, summary] = [
      [...stdout.matchAll(/^Failed with (.+), \d+$/gm)].map(([, kind]) => kind),
      stdout.trim().split('\n').at(-1),
    ];
    expect(kinds).toEqual(['an answer that breaks the document', 'another status']);
    expect(summary).toMatch(/^\d+ checks: \d+ ok, \d+ failed, 0 skipped$/);
    expect(stdout.lastIndexOf('\nok  ')).toBeLessThan(stdout.indexOf('Failed with'));
  });

  test.each(['junit', 'json', 'pretty'])(
    '--output has the %s report, and standard output the pretty one',
    async (reporter) => {
      const folder = await mkdtemp(join(tmpdir(), 'gatehouse-contract-'));
      const file = join(folder, 'report');
      const args = ['--base-url', server.url, '--read-only', '--reporter', reporter, '--output', file];
      const { code, stdout } = await run(args, ENV);
      const report = await readFile(file, 'utf8');
      await rm(folder, { recursive: true });
      expect(code).toBe(0);
      expect(stdout).toMatch(/^9 checks: 9 ok, 0 failed, 0 skipped$/m);
      if (reporter === 'junit') {
        expect(countsIn(report)).toEqual({ cases: 9, failures: 0, skipped: 0 });
      } else if (reporter === 'json') {
        const { summary, coverage, stopped, results } = JSON.parse(report);
        expect(summary).toMatchObject({ total: 9, ok: 9, failed: 0, skipped: 0 });
        expect(coverage.documented).toBe(coverage.seen + coverage.missing.length);
        expect(stopped).toBeNull();
        expect(results).toHaveLength(9);
      } else {
        expect(report).toBe(stdout);
      }
    },
  );

  test.each([
    ['a folder that does not exist', '/no/such/folder/report', 'ENOENT'],
    ['a folder', root, 'EISDIR'],
  ])('--output that cannot be written is refused before the first check: %s', async (_name, output, reason) => {
    const args = ['--base-url', server.url, '--read-only', '--output', output];
    const stderr = expect.stringContaining(`--output: ${reason}`);
    expect(await run(args, ENV)).toEqual({ code: 2, stdout: '', stderr });
  });
});

test('--help: the flags and the variables', async () => {
  const { code, stdout } = await run(['--help'], {});
  expect(code).toBe(0);
  const others = Object.keys({ ...TEAM_ENV, ...HOLDER_ENV }).map((name) => name.replace('_API', '_OTHER_API'));
  for (const word of ['--base-url', '--api', '--read-only', '--reporter', '--output', ...Object.keys(ENV), ...others]) {
    expect(stdout).toContain(word);
  }
});

test('as a program: the exit status, and nothing but the report on stdout', async () => {
  const passed = await runChild(['--base-url', server.url, '--read-only'], ENV);
  expect(passed).toMatchObject({ code: 0, stderr: '' });
  expect(passed.stdout).toMatch(/^9 checks: 9 ok, 0 failed, 0 skipped$/m);
  const usage = await runChild(['--base-url', server.url], {});
  expect(usage).toMatchObject({ code: 2, stdout: '' });
});

test('as a program, interrupted: the check under way ends, and what was made is deleted', async () => {
  const stored = async () => {
    const answers = await Promise.all([
      askOnce(server.url, 'get', '/api/mcp-servers', { headers: { 'X-API-KEY': API_KEY, 'X-API-SECRET': API_SECRET } }),
      askOnce(server.url, 'get', '/admin/api/v1/organizations', { headers: OPERATOR }),
    ]);
    return answers.map(({ body }) => body);
  };
  const before = await stored();
  const proxy = await startProxy(server.url, async (sent, forward) => {
    const came = await forward(sent);
    if (sent.method === 'POST' && sent.path === '/api/mcp-servers' && came.status === 201 && !child.killed) {
      child.kill('SIGINT');
      await setTimeout(500);
    }
    return came;
  });
  const child = start(['--base-url', proxy.url], ENV);
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  await proxy.stop();
  expect(code).toBe(130);
  expect(output.trim().split('\n').slice(-6)).toEqual([
    expect.stringMatching(/^ok .*createMcpServer: a name and a URL are enough/),
    'ok    all       clean-up: what was made is deleted',
    '',
    expect.stringMatching(/^Answers that the document names: \d+ of \d+ seen$/),
    '',
    expect.stringMatching(/ 0 failed, 0 skipped$/),
  ]);
  expect(await stored()).toEqual(before);
});

/** Saves a shared server with a header and a variable, whose values it answers. */
async function shareSecrets(): Promise<string[]> {
  const [key, value] = [randomUUID(), randomUUID()];
  const mcpServer = { name: 'secret', url: 'http://127.0.0.1:9/mcp', headers: { 'X-Key': key }, env: { KEY: value } };
  const { status } = await askOnce(server.url, 'post', '/admin/api/v1/mcp-servers', {
    headers: OPERATOR,
    body: { name: 'Secret', enabled: false, mcpServer },
  });
  expect(status).toBe(201);
  return [key, value];
}

/** A proxy that tells every secret it has seen wherever an error has room for it, and breaks most answers. */
const startGossip = async () => {
  const secrets = new Set(await shareSecrets());
  const proxy = await startProxy(server.url, async (sent, forward) => {
    for (const header of ['x-api-key', 'x-api-secret', 'authorization']) {
      secrets.add((sent.headers[header] ?? '').replace('Bearer ', ''));
    }
    const came = await forward(sent);
    for (const [, , secret = ''] of came.body.matchAll(/"(token|apiKey|apiSecret)":"([^"]+)"/g)) {
      secrets.add(secret);
    }
    const told = { message: [...secrets].join(' '), status: 'error', error: [...secrets].join(' & <') };
    return came.status === 400 || came.status === 422
      ? { ...came, status: 409, body: JSON.stringify(sent.path.startsWith('/admin') ? { error: told } : told) }
      : came;
  });
  return { ...proxy, secrets };
};

describe('no secret is printed, whatever the server tells', () => {
  /** What a run prints, and the other reports that it writes. */
  const reportsOf = async (reporter: string, ...selection: string[]) => {
    const [gossip, folder] = [await startGossip(), await mkdtemp(join(tmpdir(), 'gatehouse-contract-'))];
    const file = join(folder, 'report');
    const args = ['--base-url', gossip.url, '--reporter', reporter, '--output', file, ...selection];
    const { code, stdout, stderr } = await run(args, ENV);
    await gossip.stop();
    const report = await readFile(file, 'utf8');
    await rm(folder, { recursive: true });
    const secrets = [...gossip.secrets].filter((secret) => !/^(?:|.*x{40})$/.test(secret));
    expect(secrets).toEqual(expect.arrayContaining([OPERATOR_TOKEN, API_KEY, API_SECRET, API_TOKEN]));
    expect(secrets.length).toBeGreaterThan(10);
    const printed = `${stdout}${stderr}${report}`;
    expect(secrets.filter((secret) => printed.includes(secret.slice(0, 16)))).toEqual([]);
    expect(code).toBe(1);
    return { stdout, report };
  };

  test('in the pretty and the JUnit report of all checks', async () => {
    const { stdout, report } = await reportsOf('junit');
    for (const shown of [stdout, report]) {
      expect(shown).toContain('$GATEHOUSE_API_KEY');
      expect(shown).toContain('$GATEHOUSE_API_TOKEN');
      expect(shown).toContain('$GATEHOUSE_ADMIN_TOKEN');
      expect(shown).toContain('$NEW_TOKEN');
    }
    expect(countsIn(report).failures).toBeGreaterThan(10);
  });

  test('in the JSON report', async () => {
    const { report } = await reportsOf('json', '--include', '^(?:every GET|create)');
    expect(report).toContain('$GATEHOUSE_ADMIN_TOKEN');
  });
});

test('--reporter junit: a case for each check, and nothing else', async () => {
  const { code, stdout } = await run(['--base-url', server.url, '--reporter', 'junit', '--api', 'servers'], TEAM_ENV);
  const checks = ALL_CHECKS.filter(({ api }) => api === 'servers').length;
  expect(countsIn(stdout)).toEqual({ cases: checks + 1, failures: 0, skipped: 3 });
  expect(code).toBe(0);
});

/** The elements in a JUnit report, which must be well-formed and count them rightly. */
function countsIn(xml: string) {
  const elements = wellFormed(xml);
  const count = (wanted: string) => elements.filter((name) => name === wanted).length;
  const [cases, failures, skipped] = [count('testcase'), count('failure'), count('skipped')];
  expect(xml).toContain(`<testsuites tests="${cases}" failures="${failures}" errors="0" skipped="${skipped}"`);
  return { cases, failures, skipped };
}
