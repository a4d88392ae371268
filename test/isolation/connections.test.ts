import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type GatewayProgram, startGatewayProgram } from '../support/gateway-program.ts';
import { openIdleClients } from '../support/idle-clients.ts';
import { mintOver } from '../support/minted.ts';
import type { RawClient } from '../support/raw-client.ts';
import { beginEvents, eventOf, type Scripted, startScripted } from '../support/scripted.ts';
import { startVictim } from './support/victim.ts';

let directory: string;
let scripted: Scripted;
let gateway: GatewayProgram;
let token: string;
let clients: RawClient[] = [];
const pid = (): number => gateway.program.child.pid ?? 0;
const sockets = (): number => readdirSync(`/proc/${pid()}/fd`).length;
/** Bytes that the process has in memory (proc_pid_status(5)). */
const residentBytes = (): number =>
  1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid()}/status`, 'utf8'))?.[1]);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gatehouse-connections-'));
  const event = eventOf({ jsonrpc: '2.0', method: 'notifications/message', params: { data: 'x'.repeat(60_000) } });
  scripted = await startScripted('stateless', {
    'tools/call': (response) => {
      beginEvents(response);
      const write = () => {
        while (!response.destroyed && response.write(event)) {
          // Until all buffers on the way are full.
        }
      };
      response.on('drain', write);
      write();
    },
  });
  gateway = await startGatewayProgram(directory, { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' }, 512);
  token = (await mintOver(gateway, scripted.url)).token;
});
afterEach(() => {
  for (const { socket } of clients) {
    socket.resetAndDestroy();
  }
  clients = [];
});
afterAll(async () => {
  gateway.program.child.kill('SIGTERM');
  await gateway.program.exited;
  await scripted.stop();
  await rm(directory, { recursive: true });
});

/** Asks as somebody else would, from another process: this one is busy with its own clients. Answers the seconds. */
const healthz = async (): Promise<number> => {
  const args = [
    '-s',
    '-m',
    '20',
    '-o',
    join(directory, 'answer'),
    '-w',
    '%{http_code} %{time_total}',
    `${gateway.url}/healthz`,
  ];
  const [status, seconds] = (await promisify(execFile)('curl', args)).stdout.split(' ');
  expect(status).toBe('200');
  return Number(seconds);
};

/** Has the gateway do once each of what the clients ask for. */
const warmUp = async (): Promise<void> => {
  for (const coding of ['identity', 'gzip', 'br']) {
    await (await fetch(`${gateway.url}/docs`, { headers: { 'Accept-Encoding': coding } })).arrayBuffer();
  }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'look', arguments: {} } });
  const headers = { 'Content-Type': 'application/json', Accept: 'text/event-stream, application/json' };
  const streamed = await fetch(`${gateway.url}/mcp/${token}`, { method: 'POST', headers, body });
  let bytes = 0;
  for await (const chunk of streamed.body ?? []) {
    bytes += chunk.length;
    if (bytes > 20_000_000) {
      break;
    }
  }
};

describe.runIf(process.platform === 'linux')('clients that never read', () => {
  test.runIf(process.env.SOAK_CONNECTIONS !== undefined)(
    '200 clients of five kinds are disconnected within 70 s, and their memory is released',
    { timeout: 180_000 },
    async () => {
      await warmUp();
      const bytesBefore = residentBytes();
      const before = sockets();
      clients = await openIdleClients(gateway.url, token, 200);
      await expect.poll(sockets, { timeout: 30_000 }).toBeGreaterThan(before + 150);
      await wait(70_000);
      expect(sockets()).toBeLessThanOrEqual(before + 5);
      expect(residentBytes() - bytesBefore).toBeLessThan(30 * 1024 * 1024);
    },
  );

  test('the clients of one organization leave descriptors for others with a limit of 512 descriptors', {
    timeout: 120_000,
  }, async () => {
    const victim = await startVictim(gateway.url);
    clients = await openIdleClients(gateway.url, token, 400, ['an unread stream']);
    await victim.fared();
    await expect.poll(async () => (await victim.fared()).answered, { timeout: 30_000 }).toBeGreaterThan(20);
    expect((await victim.fared()).failures).toEqual([]);
    expect(sockets()).toBeLessThan(400);
    victim.stop();
  });

  test('500 clients leave descriptors and time for others with a limit of 512 descriptors', {
    timeout: 120_000,
  }, async () => {
    clients = await openIdleClients(gateway.url, token, 500);
    for (let times = 0; times < 5; times++) {
      // A second on a machine that does nothing else.
      expect(await healthz()).toBeLessThan(10);
    }
    expect(sockets()).toBeLessThan(512);
  });
});
