import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAccount } from '../support/accounts.ts';
import { call } from '../support/client.ts';
import { connect, eraOf, WAYS } from '../support/mcp-client.ts';
import { mint, mintOver } from '../support/minted.ts';
import { hang, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { type Listened, listenOn } from '../support/sockets.ts';

let gateway: TestServer;
let silent: Listened;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  silent = await listenOn(createServer(() => undefined));
});
afterAll(async () => {
  await gateway.stop();
  await silent.stop();
});

test.each(WAYS)('a server is given up after its timeout_seconds, as changed last: %s', async (way) => {
  const server = await startScripted(eraOf(way), { 'tools/call': hang });
  const { serverId: mcpServerId, token } = await mintOver(gateway, server.url, { timeout_seconds: 3600 });
  const ask = await connect({ gateway, token }, way);
  await ask('tools/list');
  const changed = await call(gateway.url, 'updateMcpServer', { path: { mcpServerId }, body: { timeout_seconds: 1 } });
  expect(changed.status).toBe(200);
  const { status, text } = await ask('tools/call', { name: 'look', arguments: {} });
  expect([status, text]).toEqual([502, expect.stringContaining('sent nothing for 1 s')]);
  await server.stop();
});

test('a call of a service ends after the timeout_seconds of its integration, as changed last', async () => {
  const { integrationId, accountId } = await createAccount(gateway);
  const update = (body: object) => call(gateway.url, 'updateIntegration', { path: { id: integrationId }, body });
  await update({ base_url: `http://127.0.0.1:${silent.port}`, timeout_seconds: 3600 });
  const { token } = await mint(gateway, `mcp_${accountId}`);
  const ask = await connect({ gateway, token }, 'just calls');
  await ask('tools/list');
  expect((await update({ timeout_seconds: 1 })).status).toBe(200);
  const { body } = await ask('tools/call', { name: 'list_all_crm_contacts' });
  expect([body.result.isError, body.result.content[0].text]).toEqual([
    true,
    expect.stringContaining('did not answer within 1000 ms'),
  ]);
});
