import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningServer } from '../../src/server.ts';
import { exactCallChecks } from '../../src/suite/checks/across/approvals.ts';
import { APPROVAL_FAULTS } from './faults/approvals.ts';
import { type Relay, startProxy } from './proxy.ts';
import { failures, OPERATOR_ENV, runToFailure, startGoodServer } from './support.ts';

let server: RunningServer;
beforeAll(async () => {
  server = await startGoodServer();
});
afterAll(() => server.stop());

/** Runs the checks of approvals alone: they need nothing of the others. */
const runThrough = async (relay: Relay) => {
  const proxy = await startProxy(server.url, relay);
  const only = exactCallChecks.flatMap(({ name }) => ['--include', `^${name.replaceAll(/[{}]/g, '\\$&')}$`]);
  const result = await runToFailure(['--base-url', proxy.url, ...only], OPERATOR_ENV);
  await proxy.stop();
  return result;
};

describe('a fault in the approval of exact calls, planted before a good server, is caught', () => {
  test.concurrent('no fault at all: everything passes', async () => {
    const result = await runThrough((sent, forward) => forward(sent));
    expect(failures(result)).toEqual([]);
    expect(result.code).toBe(0);
  });

  test('each check catches a fault', () => {
    const caught = new Set(APPROVAL_FAULTS.map(({ caughtBy }) => caughtBy));
    expect(caught).toEqual(new Set(exactCallChecks.map(({ name }) => name)));
  });

  test.concurrent.each(APPROVAL_FAULTS)('$name', async ({ plant, caughtBy }) => {
    const result = await runThrough(plant());
    expect(failures(result)).toEqual([caughtBy]);
    expect(result.code).toBe(1);
  });
});
