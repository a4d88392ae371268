import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { type Minted, mintOver } from '../support/minted.ts';
import { startProgram } from '../support/process.ts';
import { API_TOKEN } from '../support/server.ts';
import { randomOf, shuffled } from './support/matrix.ts';
import { startWatchedProgram, type WatchedProgram } from './support/program.ts';
import { startVictim, type Victim } from './support/victim.ts';

/** How often each deed is done at each place; `npm run soak` asks for more. */
const ROUNDS = process.env.HOSTILE === 'all' ? 40 : 2;
const AT_ONCE = 16;
const VICTIM_MS = 2500;
const QUIET_MS = 500;

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-clients-'));
let gateway: WatchedProgram;
let victim: Victim;
let minted: Minted;
const server = startProgram({}, ['test/isolation/support/sound-server.ts']);
beforeAll(async () => {
  gateway = await startWatchedProgram(directory);
  minted = await mintOver(gateway, `${await server.ready}/mcp`);
  victim = await startVictim(gateway.url);
});
afterAll(async () => {
  victim.stop();
  server.child.kill('SIGKILL');
  gateway.program.child.kill('SIGTERM');
  expect(await gateway.program.exited).toBe(0);
  rmSync(directory, { recursive: true });
});

const CALL = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'act' } });
const SERVER = JSON.stringify({ name: 'x', url: 'http://127.0.0.1:9/mcp' });

/** Requests that are sound, as text: of a client of MCP, of a team, and of nobody. */
const requests = (): readonly string[] => {
  const post = (path: string, body: string, ...headers: string[]) =>
    [`POST ${path} HTTP/1.1`, 'Host: 127.0.0.1', 'Content-Type: application/json', ...headers].join('\r\n') +
    `\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const get = (path: string, ...headers: string[]) =>
    `${[`GET ${path} HTTP/1.1`, 'Host: 127.0.0.1', ...headers].join('\r\n')}\r\n\r\n`;
  const bearer = `Authorization: Bearer ${API_TOKEN}`;
  return [
    post(`/mcp/${minted.token}`, CALL, 'Accept: application/json, text/event-stream'),
    post(`/mcp/${minted.token}`, CALL, 'Accept: text/event-stream'),
    get(`/mcp/${minted.token}`, 'Accept: text/event-stream'),
    post('/api/mcp-servers', SERVER),
    post('/integration', SERVER, bearer),
    get('/integrated-account?limit=1000', bearer),
    get('/docs'),
    get('/openapi.json', 'Accept-Encoding: gzip'),
    get('/healthz'),
  ];
};

const BODY = /Content-Length: .*?\r\n\r\n.*/s;
const BEHIND_HEAD = /\r\n\r\n.*/s;

type Deed = (socket: Socket, request: string, random: () => number) => void;
const cut = (text: string, random: () => number): string => text.slice(0, Math.floor(random() * text.length));
const DEEDS: Readonly<Record<string, Deed>> = {
  'a reset within the request': (socket, request, random) =>
    socket.write(cut(request, random), () => socket.resetAndDestroy()),
  'an end within the request': (socket, request, random) => socket.end(cut(request, random)),
  'silence within the request': (socket, request, random) => socket.write(cut(request, random)),
  'a reset after the request': (socket, request) => socket.write(request, () => socket.resetAndDestroy()),
  'a reset within the answer': (socket, request) => {
    socket.write(request);
    socket.once('data', () => socket.resetAndDestroy());
  },
  'a half-close after the request': (socket, request) => socket.end(request),
  'an answer that is not read': (socket, request) => {
    socket.pause();
    socket.write(request.repeat(3));
  },
  'a pipeline, and a reset': (socket, request) => {
    socket.write(request.repeat(50));
    socket.once('data', () => socket.resetAndDestroy());
  },
  'garbage behind the request': (socket, request) => socket.write(`${request}\u0000\u0001garbage\r\n\r\n`),
  'garbage in place of bytes': (socket, request, random) => {
    const bytes = Buffer.from(request);
    for (let times = 0; times < 8; times += 1) {
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    }
    socket.write(bytes);
  },
  'bad chunks': (socket, request) =>
    socket.write(`${request.replace(BODY, 'Transfer-Encoding: chunked\r\n\r\n')}zz\r\nhello\r\n`),
  'half of chunks, and a reset': (socket, request) =>
    socket.write(`${request.replace(BODY, 'Transfer-Encoding: chunked\r\n\r\n')}5\r\n{"a":\r\n`, () =>
      setTimeout(() => socket.resetAndDestroy(), 10),
    ),
  'a coding that lies': (socket, request) => socket.write(request.replace('\r\n', '\r\nContent-Encoding: gzip\r\n')),
  'an expectation, and nothing more': (socket, request) =>
    socket.write(request.replace('\r\n', '\r\nExpect: 100-continue\r\n').replace(BEHIND_HEAD, '\r\n\r\n')),
  'an upgrade': (socket, request) =>
    socket.write(request.replace('\r\n', '\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n')),
  'a head of 100 KB': (socket, request) =>
    socket.write(request.replace('\r\n', `\r\nX-Large: ${'x'.repeat(100_000)}\r\n`)),
  CONNECT: (socket) => socket.write('CONNECT 127.0.0.1:9 HTTP/1.1\r\nHost: x\r\n\r\n'),
  TLS: (socket) => socket.write(Buffer.from([0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3])),
};

test('a hostile client disturbs no other client, and leaves nothing behind', { timeout: 3_600_000 }, async () => {
  const { port } = new URL(gateway.url);
  const seed = Number(process.env.HOSTILE_SEED ?? 1);
  const random = randomOf(seed);
  const works = shuffled(
    Array.from({ length: ROUNDS }, () =>
      Object.entries(DEEDS).flatMap(([name, deed]) => requests().map((request) => ({ name, deed, request }))),
    ).flat(),
    random,
  );
  await delay(QUIET_MS);
  const ceilingMs = Math.max(VICTIM_MS, 10 * (await victim.fared()).slowestMs);
  const descriptors = gateway.descriptors();
  const run = async (): Promise<void> => {
    for (let work = works.pop(); work !== undefined; work = works.pop()) {
      const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined);
      work.deed(socket, work.request, random);
      await delay(random() * 100);
      socket.destroy();
    }
  };
  const count = works.length;
  await Promise.all(Array.from({ length: AT_ONCE }, run));
  const { failures, answered, slowestMs } = await victim.fared();
  process.stdout.write(
    `hostile clients: ${count} connections, HOSTILE_SEED=${seed}; the other tenant: ${answered} calls, the slowest ${Math.round(slowestMs)} ms\n`,
  );
  expect(gateway.program.child.exitCode, gateway.program.output().slice(-4000)).toBe(null);
  expect(gateway.faults()).toEqual([]);
  expect(failures).toEqual([]);
  expect(slowestMs).toBeLessThan(ceilingMs);
  expect((await call(gateway.url, 'getHealth')).status).toBe(200);
  await expect
    .poll(() => gateway.descriptors(), { timeout: 20_000, interval: 500 })
    .toBeLessThanOrEqual(descriptors + 4);
});
