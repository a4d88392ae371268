import { connect } from 'node:net';
import { Client } from 'pg';
import { expect, inject, test } from 'vitest';
import { createDatabase } from '../store/support/postgres.ts';
import { call } from '../support/client.ts';
import { post } from '../support/mcp-client.ts';
import { mintOver } from '../support/minted.ts';
import { startScripted } from '../support/scripted.ts';
import { startTestServer } from '../support/server.ts';

/** More than may be under way at one endpoint. */
const MANY = 300;

test('clients that left during the lookup of their token do not count as in flight', async () => {
  // A database that takes its time: what is looked up there is known only later.
  const url = await createDatabase(inject('postgresUrl') ?? '');
  const gateway = await startTestServer({
    location: { kind: 'postgres', url },
    env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' },
  });
  const server = await startScripted('handshake');
  const { token, id, serverId } = await mintOver(gateway, server.url);
  const ping = () => post({ gateway, token }, { jsonrpc: '2.0', id: 1, method: 'ping' });
  expect((await ping()).status).toBe(200);

  const asked = `POST /mcp/${token} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n`;
  const open = () =>
    new Promise<ReturnType<typeof connect>>((resolve) => {
      const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1', () => resolve(socket));
    });
  const sockets = await Promise.all(Array.from({ length: MANY }, open));
  // What is kept of an endpoint is read anew after every change.
  const path = { integrated_account_id: serverId.slice('mcp_'.length), id };
  await call(gateway.url, 'updateEndpoint', { path, body: { name: 'Changed' } });
  const database = new Client({ connectionString: url });
  await database.connect();
  await database.query('BEGIN; LOCK TABLE endpoints IN ACCESS EXCLUSIVE MODE');
  await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.write(asked, () => resolve()))));
  // All requests have arrived when a later one has been answered.
  await call(gateway.url, 'getHealth');
  for (const socket of sockets) {
    socket.resetAndDestroy();
  }
  const { requests } = gateway.deps.metrics;
  const gone = async () => (await requests.get()).values.find(({ labels }) => labels.status === 499)?.value;
  await expect.poll(gone, { timeout: 10_000 }).toBe(MANY);
  await database.query('COMMIT');
  await database.end();
  expect((await ping()).status).toBe(200);
  await gateway.stop();
  await server.stop();
});
