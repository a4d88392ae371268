import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { glob, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ROOT } from './process.ts';

export type Revision = '2025-11-25' | '2026-07-28';

/** What a suite says of one check. */
export type Check = {
  readonly suite: string;
  readonly scenario: string;
  /** Its id and name, and its number where a scenario makes the same check repeatedly. */
  readonly check: string;
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
};

type Suite = { readonly name: string; readonly module: string; readonly selection: readonly string[] };

/** Everything of the release; what it has not yet made part of its `active` suite is there too. */
const RELEASED: Suite = {
  name: 'released',
  module: '@modelcontextprotocol/conformance',
  selection: ['--suite', 'all'],
};
const next = (revision: Revision): Suite => ({
  name: 'next',
  module: 'conformance-next',
  selection: ['--requirements', revision],
});

/**
 * The official suites of each revision. The released one says 2025-03-26 where it tries to resume a stream, a version
 * without resumption: only the next one gets to see `Last-Event-ID`, and how sessions end.
 */
const SUITES: Readonly<Record<Revision, readonly Suite[]>> = {
  '2025-11-25': [RELEASED, next('2025-11-25')],
  '2026-07-28': [next('2026-07-28')],
};

/** Far longer than a suite takes, and shorter than a test may. */
const TIMEOUT_MS = 30_000;

/**
 * Runs the official conformance suites of a revision against the MCP server at the URL, and returns all their checks,
 * sorted. A check that fails is a result like others; a suite that does not run to its end is an error, with what it
 * printed. The suites leave their results below the folder, which must be empty.
 */
export async function runConformance(url: string, revision: Revision, outDir: string): Promise<Check[]> {
  const checks: Check[] = [];
  for (const suite of SUITES[revision]) {
    checks.push(...(await runSuite(url, suite, join(outDir, suite.name))));
  }
  return checks.toSorted(
    (a, b) => compare(a.suite, b.suite) || compare(a.scenario, b.scenario) || compare(a.check, b.check),
  );
}

/** The checks that pass directly and do not pass through something in between, be they failed or missing. */
export function lostChecks(direct: readonly Check[], through: readonly Check[]): Check[] {
  const key = ({ suite, scenario, check }: Check) => `${suite} ${scenario} ${check}`;
  const passed = new Set(through.filter(passes).map(key));
  return direct.filter((check) => passes(check) && !passed.has(key(check)));
}

/** Whether the check has passed. */
export const passes = ({ status }: Check) => status === 'SUCCESS';

async function runSuite(url: string, { name, module, selection }: Suite, outDir: string): Promise<Check[]> {
  const main = join(ROOT, 'node_modules', module, 'dist/index.js');
  const args = [main, 'server', '--url', url, '--output-dir', outDir, ...selection];
  const { NODE_COMPILE_CACHE } = process.env;
  const child = spawn(process.execPath, args, {
    env: { NODE_COMPILE_CACHE },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
  });
  const [printed, complaints] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  // It exits with 1 when checks fail, and when it could not run: then it has no summary.
  if (!printed.includes('=== SUMMARY ===')) {
    throw new Error(`The conformance suite ${module} did not run to its end:\n${printed}${complaints}`);
  }
  const checks: Check[] = [];
  // A scenario that broke off has a folder without checks.
  for await (const file of glob('*/checks.json', { cwd: outDir })) {
    checks.push(...(await readScenario(name, outDir, file)));
  }
  return checks;
}

/** Reads the results of a scenario, whose folder is named after it and the time when it ran. */
async function readScenario(suite: string, outDir: string, file: string): Promise<Check[]> {
  const scenario = dirname(file)
    .replace(/^server-/, '')
    .replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/, '');
  const checks = JSON.parse(await readFile(join(outDir, file), 'utf8')) as {
    readonly id: string;
    readonly name: string;
    readonly status: Check['status'];
  }[];
  const seen = new Map<string, number>();
  return checks.map(({ id, name, status }) => {
    const title = `${id} ${name}`;
    const count = (seen.get(title) ?? 0) + 1;
    seen.set(title, count);
    return { suite, scenario, check: count === 1 ? title : `${title} #${count}`, status };
  });
}

const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b));
