import { afterEach, describe, expect, test } from 'vitest';
import type { Json } from '../support/json.ts';
import { connect, WAYS, type Way } from '../support/mcp-client.ts';
import { mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { decide, getRequest, listRequests, waitingRequest } from './support/approver.ts';
import { type Recorder, type RecorderTransport, startRecorder, TRANSPORTS } from './support/recorder.ts';

let gateway: TestServer;
let upstream: Recorder;
afterEach(async () => {
  await gateway.stop();
  await upstream.stop();
});

async function start(transport: RecorderTransport = 'sessions', env: Readonly<Record<string, string>> = {}) {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1', ...env } });
  upstream = await startRecorder(transport);
  const options = { name: 'Files', transport: upstream.transport, approval_policy: 'require_approval_all' };
  return mintOver(gateway, upstream.url, options);
}

const ARGUMENTS = { path: '/june', total: 1 };
const sent = (): Json[] => upstream.calls.map((raw) => JSON.parse(raw).params);

describe.each(TRANSPORTS)('over a server with %s', (transport) => {
  test.each(transport === 'sessions' ? WAYS : WAYS.filter((way) => way !== 'own session'))(
    'a person approves the exact call of a client that comes by %s, and it runs once',
    async (way: Way) => {
      const { token, serverId } = await start(transport);
      const ask = await connect({ gateway, token }, way);
      const run = async (args: object = ARGUMENTS): Promise<Json> =>
        (await ask('tools/call', { name: 'write', arguments: args })).body.result;
      const waits = await run();
      expect(waits.isError).toBe(true);
      expect(waits.content[0].text).toMatch(/A person must approve this call .*call again with the same arguments/i);
      const request = await waitingRequest(gateway);
      expect(waits._meta['gatehouse/approval']).toEqual({
        id: request.id,
        status: 'pending',
        expires_at: gateway.clock.now + 300_000,
        url: `${gateway.url}/console/approvals/${request.id}`,
      });
      expect(request).toMatchObject({ server_id: serverId, tool_name: 'write', arguments: ARGUMENTS, reason: 'all' });
      expect(upstream.calls).toEqual([]);
      expect((await decide(gateway, request)).status).toBe(200);
      expect((await run()).content[0].text).toBe('Written.');
      expect(sent().map(({ name, arguments: args }) => [name, args])).toEqual([['write', ARGUMENTS]]);
      expect((await getRequest(gateway, request.id)).status).toBe('used');
      expect((await run()).isError).toBe(true);
      expect(upstream.calls).toHaveLength(1);
      expect(await listRequests(gateway, { status: 'pending' })).toHaveLength(1);
    },
  );
});

test('a call that did not reach its server has failed, and is not repeated', async () => {
  const { token } = await start();
  const ask = await connect({ gateway, token }, 'stateless');
  const run = () => ask('tools/call', { name: 'write', arguments: ARGUMENTS });
  await run();
  const request = await waitingRequest(gateway);
  await decide(gateway, request);
  await upstream.stop();
  expect((await run()).status).toBe(502);
  await expect.poll(async () => getRequest(gateway, request.id)).toMatchObject({ status: 'used', outcome: 'failed' });
});
