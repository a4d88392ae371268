import { expect, test } from 'vitest';
import { META } from '../support/eras.ts';
import { startEverythingServer } from '../support/everything/server.ts';
import { beginSession } from '../support/mcp-client.ts';
import { mintOver } from '../support/minted.ts';
import { beginEvents, startScripted } from '../support/scripted.ts';
import { startTestServer } from '../support/server.ts';

const LISTEN = {
  jsonrpc: '2.0',
  id: 2,
  method: 'subscriptions/listen',
  params: { notifications: { toolsListChanged: true }, _meta: META },
};

test('stopping does not wait for endless streams', async () => {
  const everything = await startEverythingServer();
  const scripted = await startScripted('handshake');
  scripted.script.GET = (response) => void beginEvents(response);
  const gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  const [old, stateless] = [await mintOver(gateway, scripted.url), await mintOver(gateway, everything.url)];

  const session = await beginSession({ gateway, token: old.token });
  const headers = {
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    'MCP-Protocol-Version': '2026-07-28',
    'Mcp-Method': LISTEN.method,
  };
  const streams = [
    await fetch(old.url, { headers: { ...session, Accept: 'text/event-stream' } }),
    await fetch(stateless.url, { method: 'POST', headers, body: JSON.stringify(LISTEN) }),
  ];
  expect(streams.map(({ status }) => status)).toEqual([200, 200]);

  const ended = Promise.allSettled(streams.map((stream) => stream.text()));
  const began = performance.now();
  await gateway.stop();
  // Calls in flight get ten seconds; nothing here is one.
  expect(performance.now() - began).toBeLessThan(9000);
  await ended;
  await Promise.all([everything.stop(), scripted.stop()]);
});
