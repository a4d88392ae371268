import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningServer } from '../../../src/server.ts';
import { startProxy } from '../proxy.ts';
import { failures, OPERATOR_ENV, runToFailure, startGoodServer } from '../support.ts';
import type { Fault } from './fault.ts';

/** Tests that each fault, planted alone before a good server, is found by the check that should find it. */
export function everyFaultIsCaught(faults: readonly Fault[]): void {
  let server: RunningServer;
  beforeAll(async () => {
    server = await startGoodServer();
  });
  afterAll(() => server.stop());

  test.concurrent('no fault at all: everything passes', async () => {
    const proxy = await startProxy(server.url, (sent, forward) => forward(sent));
    const result = await runToFailure(['--base-url', proxy.url], OPERATOR_ENV);
    await proxy.stop();
    expect(failures(result)).toEqual([]);
    expect(result.code).toBe(0);
  });

  test.concurrent.each([...faults])('$name', async ({ api, plant, caughtBy }) => {
    const proxy = await startProxy(server.url, plant());
    const only = api === undefined ? [] : ['--api', api];
    const result = await runToFailure(['--base-url', proxy.url, ...only], OPERATOR_ENV);
    await proxy.stop();
    expect(result.code).toBe(1);
    expect(failures(result)).toEqual([caughtBy]);
  });
}
