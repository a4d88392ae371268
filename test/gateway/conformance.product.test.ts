import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Check, lostChecks, passes, type Revision, runConformance } from '../support/conformance.ts';
import { PIPES, type PipedRevision } from '../support/everything/piped.ts';
import { type EverythingServer, startEverythingServer } from '../support/everything/server.ts';
import { type Minted, mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let gateway: TestServer;
let server: EverythingServer;
let minted: Minted;
let outDir: string;
/** What passes directly, by revision: it is run once. */
const direct: Record<string, Promise<Check[]>> = {};
beforeAll(async () => {
  server = await startEverythingServer();
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  minted = await mintOver(gateway, server.url);
  outDir = await mkdtemp(join(tmpdir(), 'conformance-'));
});
afterAll(async () => {
  await gateway.stop();
  await server.stop();
  await rm(outDir, { recursive: true });
});

const say = (line: string) => process.stdout.write(`${line}\n`);

const runDirectly = (revision: Revision): Promise<Check[]> => {
  direct[revision] ??= runConformance(server.url, revision, join(outDir, revision, 'direct'));
  return direct[revision];
};

const REVISIONS: readonly PipedRevision[] = ['2025-11-25', '2026-07-28'];

/** Says what is lost of the checks that pass directly, without those that a transport does not serve, and returns it. */
function lostOf(name: string, direct: readonly Check[], through: readonly Check[], notServed: readonly RegExp[] = []) {
  const missing = lostChecks(direct, through);
  const lost = missing.filter(({ scenario, check }) => !notServed.some((one) => one.test(`${scenario} ${check}`)));
  say(`${name}: ${direct.filter(passes).length} of ${direct.length} checks pass directly`);
  say(`${name}: ${through.filter(passes).length} of ${through.length} checks pass through the gateway`);
  say(`${name}: ${missing.length - lost.length} checks try what is not served`);
  say([`${name}: ${lost.length} checks lost`, ...lost.map((check) => Object.values(check).join(' '))].join('\n  '));
  return lost;
}

test.each<Revision>(REVISIONS)(
  'every check of %s that passes directly passes through the gateway',
  async (revision) => {
    const direct = await runDirectly(revision);
    // The server has no tasks, an optional extension. Whatever else it failed could not be lost.
    const failed = direct.filter(({ scenario, status }) => status === 'FAILURE' && !scenario.startsWith('tasks-'));
    expect(failed).toEqual([]);
    expect(direct.filter(passes).length).toBeGreaterThan(100);

    const through = await runConformance(minted.url, revision, join(outDir, revision, 'through'));
    expect(lostOf(revision, direct, through)).toEqual([]);
  },
);

/** All clients share one session over a pipe, and hear nothing unasked: these checks try what is not advertised there. */
const NOT_OVER_PIPES: readonly RegExp[] = [
  // Questions to the client, and in 2026-07-28 what a client without capabilities is told of them.
  /^elicitation-|^tools-call-(?:elicitation|sampling)/,
  // Log messages.
  /^logging-set-level|^tools-call-with-logging/,
  // Subscriptions, and what they carry.
  /^resources-(?:un)?subscribe|-subscription|notification-filter/,
  // Sessions of a client's own, and their streams.
  /^server-session-lifecycle|server-session-id|^server-sse-(?:multiple-streams|polling)/,
];

const PIPED = REVISIONS.flatMap((revision) => PIPES.map((pipe) => ({ revision, ...pipe })));
test.each(PIPED)(
  'over $name, every check of $revision passes that tries what is served',
  async ({ revision, name, startOver }) => {
    const piped = await startOver(gateway, revision);
    try {
      const through = await runConformance(piped.url, revision, join(outDir, revision, name));
      expect(lostOf(`${revision} over ${name}`, await runDirectly(revision), through, NOT_OVER_PIPES)).toEqual([]);
    } finally {
      await piped.stop();
    }
  },
);

test('a check counts as lost if it fails, does not pass, or is missing, and repeated names count separately', () => {
  const check = (scenario: string, title: string, status: Check['status'] = 'SUCCESS'): Check => ({
    suite: 'next',
    scenario,
    check: title,
    status,
  });
  const direct = [check('a', 'x'), check('a', 'x #2'), check('a', 'y'), check('b', 'x'), check('b', 'y', 'FAILURE')];
  const through = [check('a', 'x'), check('a', 'x #2', 'FAILURE'), check('a', 'y', 'WARNING'), check('c', 'x')];
  expect(lostChecks(direct, direct)).toEqual([]);
  expect(lostChecks(direct, through)).toEqual([check('a', 'x #2'), check('a', 'y'), check('b', 'x')]);
});
