import { expect, test } from 'vitest';
import { parseConfig } from '../src/config.ts';
import { keepHouse } from '../src/housekeeping.ts';
import { StoreUnavailable } from '../src/store/store.ts';
import { call } from './support/client.ts';
import { startTestServer } from './support/server.ts';

test('rolls up calls, deletes old events, and continues after a failed round', async () => {
  const server = await startTestServer();
  const { deps, clock, organizationId } = server;
  const endpoint = { id: '5d1f0a52-9c3e-4b7a-8f21-6e4d3c2b1a09', name: 'Support', accountId: 'a' };
  const sizes = { durationMs: 1, requestBytes: 1, responseBytes: 1 };
  deps.callAudit.record({ at: clock.now, organizationId, endpoint, tool: 't', ...sizes, reason: undefined }, {});
  await deps.callAudit.flush();
  const actions = async () => {
    const { data } = (await call(server.url, 'listAuditEvents')).body as { data: { action: string }[] };
    return data.map(({ action }) => action);
  };
  expect(await actions()).toContain('tool.called');

  let failures = 0;
  const credentials = {
    ...deps.credentials,
    saveLastUsed: async () => {
      failures += 1;
      if (failures === 1) {
        throw new StoreUnavailable('The database is away.');
      }
    },
  };
  const stopping = new AbortController();
  const keeping = keepHouse({ ...deps, credentials }, parseConfig({}), stopping.signal, 5);
  clock.now += 8 * 24 * 60 * 60 * 1000;
  await expect.poll(actions).toContain('tool.called_daily');
  expect(await actions()).not.toContain('tool.called');
  clock.now += 90 * 24 * 60 * 60 * 1000;
  await expect.poll(actions).toEqual([]);
  stopping.abort();
  await keeping;
  await server.stop();
});
