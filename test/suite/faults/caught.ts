import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningServer } from '../../../src/server.ts';
import type { Api } from '../../../src/suite/apis.ts';
import { type Relay, startProxy } from '../proxy.ts';
import { createOrganization, failures, OPERATOR_ENV, runToFailure, startGoodServer } from '../support.ts';
import type { Fault } from './fault.ts';

/** CI plants every tenth fault; `FAULTS=all` (`npm run soak`) plants them all. */
const STEP = process.env.FAULTS === 'all' ? 1 : 10;

/** Tests that each fault of an API, planted alone before a good server, is found by the check that should find it. */
export function everyFaultIsCaught(api: Api, faults: readonly Fault[]): void {
  let server: RunningServer;
  beforeAll(async () => {
    server = await startGoodServer();
  });
  afterAll(() => server.stop());

  const runThrough = async (relay: Relay, across = false) => {
    const proxy = await startProxy(server.url, relay);
    const only = across ? [] : ['--api', api];
    const env = across ? OPERATOR_ENV : { ...OPERATOR_ENV, ...(await twoOrganizations(server.url)) };
    const result = await runToFailure(['--base-url', proxy.url, ...only], env);
    await proxy.stop();
    return result;
  };

  test.concurrent('no fault at all: everything passes', async () => {
    const result = await runThrough((sent, forward) => forward(sent));
    expect(failures(result)).toEqual([]);
    expect(result.code).toBe(0);
  });

  test.concurrent.each(faults.filter((_, index) => index % STEP === 0))(
    '$name',
    async ({ across, plant, caughtBy }) => {
      const result = await runThrough(plant(), across);
      expect(result.code).toBe(1);
      expect(failures(result)).toEqual([caughtBy]);
    },
  );
}

/** Each run of one API has organizations of its own, as a run of all APIs makes them for itself. */
async function twoOrganizations(url: string): Promise<Record<string, string>> {
  const [own, other] = [await createOrganization(url), await createOrganization(url)];
  return {
    GATEHOUSE_API_KEY: own.apiKey,
    GATEHOUSE_API_SECRET: own.apiSecret,
    GATEHOUSE_API_TOKEN: own.apiToken,
    GATEHOUSE_OTHER_API_KEY: other.apiKey,
    GATEHOUSE_OTHER_API_SECRET: other.apiSecret,
    GATEHOUSE_OTHER_API_TOKEN: other.apiToken,
  };
}
