import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningServer } from '../../src/server.ts';
import { exactCallChecks } from '../../src/suite/checks/across/approvals.ts';
import { arrivalChecks } from '../../src/suite/checks/across/arrivals.ts';
import { namedApprovalChecks } from '../../src/suite/checks/across/named-approvals.ts';
import { sessionChecks } from '../../src/suite/checks/across/sessions.ts';
import { APPROVAL_FAULTS } from './faults/approvals.ts';
import { EXPIRED, NAMED_FAULTS } from './faults/named-approvals.ts';
import { SESSION_FAULTS } from './faults/sessions.ts';
import { type Relay, startProxy } from './proxy.ts';
import { failures, OPERATOR_ENV, runToFailure, startGoodServer } from './support.ts';

let server: RunningServer;
/** Its requests wait for one second only. */
let hasty: RunningServer;
beforeAll(async () => {
  server = await startGoodServer({ GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' });
  hasty = await startGoodServer({ GATEHOUSE_APPROVAL_TIMEOUT: '1' });
});
afterAll(() => Promise.all([server.stop(), hasty.stop()]));

/** Runs checks alone: these need nothing of the others. */
const runThrough = async (relay: Relay, checks: readonly string[], on = server) => {
  const proxy = await startProxy(on.url, relay);
  const only = checks.flatMap((name) => ['--include', `^${name.replaceAll(/[{}]/g, '\\$&')}$`]);
  const result = await runToFailure(['--base-url', proxy.url, ...only], OPERATOR_ENV);
  await proxy.stop();
  return result;
};

const GROUPS = [
  ['in the approval of exact calls', exactCallChecks.map(({ name }) => name), APPROVAL_FAULTS, []],
  [
    'in the approval over MCP',
    [...namedApprovalChecks, ...arrivalChecks].map(({ name }) => name),
    NAMED_FAULTS,
    [EXPIRED],
  ],
  ['of sessions', sessionChecks.map(({ name }) => name), SESSION_FAULTS, []],
] as const;

describe.each(GROUPS)('a fault %s, planted before a good server, is caught', (_, checks, faults, skipped) => {
  test.concurrent('no fault at all: everything passes', async () => {
    const result = await runThrough((sent, forward) => forward(sent), checks);
    expect(failures(result)).toEqual([]);
    expect([...result.stdout.matchAll(/^skip +\w+ +(.+)$/gm)].map(([, name]) => name)).toEqual(skipped);
    expect(result.code).toBe(0);
  });

  test('each check catches a fault', () => {
    const caught = new Set(faults.map(({ caughtBy }) => caughtBy));
    expect(caught).toEqual(new Set(checks));
  });

  test.concurrent.each(faults)('$name', async ({ plant, caughtBy }) => {
    const result = await runThrough(plant(), [caughtBy], caughtBy === EXPIRED ? hasty : server);
    expect(failures(result)).toEqual([caughtBy]);
    expect(result.code).toBe(1);
  });
});

test('the check of expired requests passes where they expire soon', async () => {
  const result = await runThrough((sent, forward) => forward(sent), [EXPIRED], hasty);
  expect([result.code, /^skip /m.test(result.stdout)]).toEqual([0, false]);
});
