import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningServer } from '../../src/server.ts';
import type { Fault } from './fault.ts';
import { OPERATOR_FAULTS } from './faults-operator.ts';
import { SERVERS_FAULTS } from './faults-servers.ts';
import { startProxy } from './proxy.ts';
import { failures, OPERATOR_ENV, run, runToFailure, startGoodServer } from './support.ts';

let server: RunningServer;
beforeAll(async () => {
  server = await startGoodServer();
});
afterAll(() => server.stop());

test('through a proxy that changes nothing, every check passes', async () => {
  const proxy = await startProxy(server.url, (sent, forward) => forward(sent));
  const result = await run(['--base-url', proxy.url], OPERATOR_ENV);
  await proxy.stop();
  expect(failures(result)).toEqual([]);
  expect(result.code).toBe(0);
});

describe.each([
  ['Servers API', SERVERS_FAULTS],
  ['Operator API', OPERATOR_FAULTS],
])('faults in the %s are caught', (_, faults) => {
  test.concurrent.each(faults)('$name', async ({ plant, caughtBy }: Fault) => {
    const proxy = await startProxy(server.url, plant());
    const result = await runToFailure(['--base-url', proxy.url], OPERATOR_ENV);
    await proxy.stop();
    expect(result.code).toBe(1);
    expect(failures(result)).toEqual([caughtBy]);
  });
});
