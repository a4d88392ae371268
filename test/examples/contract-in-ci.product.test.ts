import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { load } from 'js-yaml';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packAndInstall } from '../package/pack-and-install.ts';
import { wellFormed } from '../suite/xml.ts';
import { freePort } from '../support/mock.ts';
import { ROOT } from '../support/process.ts';

type Step = { uses?: string; run?: string; env?: Record<string, string>; with?: Record<string, string> };
type Workflow = { jobs: { contract: { env: Record<string, string>; steps: Step[] } } };
type Action = { inputs: Record<string, { default?: string }>; runs: { steps: Step[] } };

const ACTION = './.github/actions/contract';
const read = <T>(path: string): T => load(readFileSync(join(ROOT, path), 'utf8')) as T;
const { contract } = read<Workflow>('examples/contract-in-ci/workflow.yml').jobs;
const action = read<Action>('.github/actions/contract/action.yml');

let consumer: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ consumer, remove } = await packAndInstall());
}, 300_000);
afterAll(() => remove());

/** The commands of the action, with its inputs in the environment. */
const commandsOf = (given: Readonly<Record<string, string>>): Step[] =>
  action.runs.steps
    .filter(({ run }) => run !== undefined)
    .map(({ run, env }) => ({
      run: run ?? '',
      env: Object.fromEntries(
        Object.entries(env ?? {}).map(([name, value]) => {
          const [, input = ''] = /^\$\{\{ inputs\.([\w-]+) \}\}$/.exec(value) ?? [];
          expect(action.inputs, value).toHaveProperty(input);
          return [name, given[input] ?? action.inputs[input]?.default ?? ''];
        }),
      ),
    }));

/** Runs steps as the runner does: each in a shell that ends at the first failure. Processes in the background end with us. */
async function runSteps(steps: readonly Step[], port: number, env: Readonly<Record<string, string>>) {
  const scripts = steps.map(({ run = '', env: own = {} }) => {
    const variables = Object.entries(own).map(([name, value]) => `export ${name}='${value}'`);
    return `(${[...variables, run].join('\n')}\n)`;
  });
  const script = scripts.join('\n').replaceAll('8080', String(port));
  const { PATH = '', HOME = '' } = process.env;
  const settings = { PATH, HOME, GATEHOUSE_PORT: String(port), ...env };
  // A group of its own, so that the server of a subshell ends too.
  const child = spawn('bash', ['-eo', 'pipefail', '-c', script], { cwd: consumer, env: settings, detached: true });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  try {
    process.kill(-(child.pid ?? 0), 'SIGTERM');
  } catch {
    // Nothing of it runs any more.
  }
  return { code, output: `${stdout}${stderr}` };
}

/** The steps of the example, with the package installed already: tests must not need a registry. */
const stepsOf = (given: Readonly<Record<string, string>> = {}): Step[] =>
  contract.steps
    .filter(({ run = '' }) => !run.startsWith('npm install'))
    .flatMap(({ uses, run, with: inputs }) =>
      uses === ACTION ? commandsOf({ ...inputs, ...given }) : run === undefined ? [] : [{ run }],
    );

test('the example starts a server, checks it with the packed package, and leaves a report', async () => {
  const { code, output } = await runSteps(stepsOf(), await freePort(), contract.env);
  // A person has longer for an answer than the suite waits for.
  expect(output).toMatch(/^\d+ checks: \d+ ok, 0 failed, 1 skipped$/m);
  expect(code).toBe(0);
  const report = join(consumer, 'contract-report.xml');
  expect(wellFormed(await readFile(report, 'utf8')).filter((name) => name === 'testcase').length).toBeGreaterThan(200);
  await rm(report);
});

test('every input of the action does what it says, and a failed run fails the step', async () => {
  const inputs = {
    'read-only': 'true',
    output: 'other.xml',
    arguments: '--include parameters --exclude unheard-of',
    api: 'operator',
  };
  const { code, output } = await runSteps(stepsOf(inputs), await freePort(), contract.env);
  expect(output).toMatch(/^1 checks: 1 ok, 0 failed, 0 skipped$/m);
  expect(code).toBe(0);
  expect(await readFile(join(consumer, 'other.xml'), 'utf8')).toContain('its parameters are taken');
  const refused = await runSteps(stepsOf(), await freePort(), {
    GATEHOUSE_ADMIN_TOKEN: 'wrong-operator-token-of-nobody',
  });
  expect(refused.code).toBe(2);
  expect(refused.output).toContain('refuses $GATEHOUSE_ADMIN_TOKEN: 401');
});

test('what is not ours is pinned by its commit', () => {
  const used = [...contract.steps, ...action.runs.steps].flatMap(({ uses }) => uses ?? []);
  expect(used.filter((name) => name !== ACTION && !/@[0-9a-f]{40}$/.test(name))).toEqual([]);
});
