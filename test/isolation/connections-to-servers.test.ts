import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../support/mcp-client.ts';
import { type Minted, mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startSseServer } from '../support/sse-server.ts';

const MAX = 3;

let gateway: TestServer;
let servers: (Awaited<ReturnType<typeof startSseServer>> & { minted: Minted })[];

beforeAll(async () => {
  gateway = await startTestServer({
    env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' },
    limits: { maxConnectionsPerOrganization: MAX },
  });
  servers = [];
  for (let count = 0; count <= MAX; count += 1) {
    const server = await startSseServer([{ name: 'word', call: () => 'heard' }]);
    servers.push({ ...server, minted: await mintOver(gateway, server.url, { transport: 'SSE' }) });
  }
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all(servers.map((server) => server.stop()));
});

test('closes the least recently used connection of an organization for a new one', async () => {
  const callTool = async (index: number) => {
    gateway.clock.now += 1000;
    const ask = await connect({ gateway, token: servers[index]?.minted.token ?? '' }, 'just calls');
    expect((await ask('tools/call', { name: 'word' })).text).toContain('heard');
  };
  const open = () => servers.map((server) => server.open());
  for (const index of [0, 1, 2]) {
    await callTool(index);
  }
  await callTool(0);
  const before = open();
  await callTool(3);
  await expect.poll(() => open()[1]).toBeLessThan(before[1] as number);
  await callTool(1);
  await callTool(0);
});
