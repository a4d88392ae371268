import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Check, lostChecks, passes, type Revision, runConformance } from '../support/conformance.ts';
import { type EverythingServer, startEverythingServer } from '../support/everything/server.ts';
import { type Minted, mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let gateway: TestServer;
let server: EverythingServer;
let minted: Minted;
let outDir: string;
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

test.each<Revision>(['2025-11-25', '2026-07-28'])(
  'every check of %s that passes directly passes through the gateway',
  async (revision) => {
    const direct = await runConformance(server.url, revision, join(outDir, revision, 'direct'));
    // The server has no tasks, an optional extension. Whatever else it failed could not be lost.
    const failed = direct.filter(({ scenario, status }) => status === 'FAILURE' && !scenario.startsWith('tasks-'));
    expect(failed).toEqual([]);
    expect(direct.filter(passes).length).toBeGreaterThan(100);

    const through = await runConformance(minted.url, revision, join(outDir, revision, 'through'));
    const lost = lostChecks(direct, through);
    say(`${revision}: ${direct.filter(passes).length} of ${direct.length} checks pass directly`);
    say(`${revision}: ${through.filter(passes).length} of ${through.length} checks pass through the gateway`);
    say(
      [`${revision}: ${lost.length} checks lost`, ...lost.map((check) => Object.values(check).join(' '))].join('\n  '),
    );
    expect(lost).toEqual([]);
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
