import { createServer, type IncomingMessage } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { LIMITS } from '../../src/base/limits.ts';
import { createOperatorEgresses } from '../../src/egress/egress.ts';
import { connect } from '../../src/runtime/connect.ts';
import { remoteTarget } from '../../src/runtime/connectable.ts';
import type { Connection } from '../../src/runtime/connection.ts';
import type { Target } from '../../src/runtime/target.ts';
import type { Json } from '../support/json.ts';
import { ownMemory } from '../support/memory.ts';
import { DEEP, ODD_MESSAGES } from '../support/odd-messages.ts';
import { compiledOnce } from '../support/process.ts';
import { type Listened, listenOn } from '../support/sockets.ts';

/** Milliseconds: many times what it takes, for a machine that is busy. */
const SOON = 20_000;
/** Milliseconds without a word after which a call is given up. */
const SILENCE = 5000;

const egress = createOperatorEgresses().of(null);
const opened: Connection[] = [];
const servers: Listened[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((connection) => connection.close()));
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

function start(target: Target): Connection {
  const connection = connect(
    { egress, memory: ownMemory, onLost: () => undefined, onHealth: () => undefined, limits: LIMITS },
    { ...target, idleTimeoutMs: SILENCE },
  );
  opened.push(connection);
  return connection;
}

const ofProcess = (): Target => ({
  transport: 'stdio',
  name: 'odd',
  idleTimeoutMs: SILENCE,
  command: process.execPath,
  args: compiledOnce('test/support/odd-stdio-server.ts'),
  env: {},
  secrets: [],
  isShared: true,
  cwd: null,
  user: null,
  encoding: 'utf-8',
  undecodable: 'strict',
});

const INTRODUCTION = {
  protocolVersion: '2025-11-25',
  capabilities: { tools: {} },
  serverInfo: { name: 'odd', version: '1' },
};

/** What a server does over a WebSocket instead of answering, by the method of the request; null: it answers. */
type Odd = (websocket: WebSocket, asked: Json, request: IncomingMessage) => string | null;
async function ofWebSocket(odd: Odd): Promise<Target> {
  const server = createServer();
  new WebSocketServer({ server, handleProtocols: () => 'mcp' }).on('connection', (websocket, request) =>
    websocket.on('message', (data) => {
      const asked = JSON.parse(String(data));
      const result = odd(websocket, asked, request);
      if (asked.id !== undefined && result !== null) {
        websocket.send(`{"jsonrpc":"2.0","id":${JSON.stringify(asked.id)},"result":${result}}`);
      }
    }),
  );
  const listened = await listenOn(server);
  servers.push(listened);
  return remoteTarget('websocket', 'odd', `ws://127.0.0.1:${listened.port}/`, {});
}

const sayOdd: Odd = (websocket, { method, params }) => {
  if (method === 'tools/call' && params.name === 'deep') {
    return DEEP;
  }
  for (const message of method === 'tools/call' ? ODD_MESSAGES : []) {
    websocket.send(message);
  }
  return JSON.stringify(method === 'initialize' ? INTRODUCTION : { content: [{ type: 'text', text: '1' }] });
};

const TRANSPORTS: readonly [string, () => Target | Promise<Target>][] = [
  ['stdio', ofProcess],
  ['a WebSocket', () => ofWebSocket(sayOdd)],
];

async function call(connection: Connection, name: string): Promise<Json> {
  const { era } = await connection.introduce();
  const params = { name, _meta: { progressToken: 'mine' } };
  const request = { id: 'mine', method: 'tools/call', params };
  for await (const message of connection.send(request, era, new AbortController().signal)) {
    if (message.method === undefined) {
      return message;
    }
  }
}
const ANSWER = { id: 'mine', result: { content: [{ text: expect.stringMatching(/^\d+$/) }] } };

test.each(TRANSPORTS)('unknown ids and progress tokens are ignored over %s', async (_, target) => {
  const connection = start(await target());
  const first = await call(connection, 'ids');
  expect(first).toMatchObject(ANSWER);
  expect((await call(connection, 'pid')).result).toEqual(first.result);
});

test.each(TRANSPORTS)('an answer that is nested too deep fails only its own call over %s', async (_, target) => {
  const connection = start(await target());
  await expect(call(connection, 'deep')).rejects.toThrow(
    "The MCP server 'odd' does not speak the protocol: its answer is no JSON-RPC message.",
  );
  expect(await call(connection, 'pid')).toMatchObject(ANSWER);
});

test('a WebSocket that breaks right after the introduction is opened again', async () => {
  let connections = 0;
  const target = await ofWebSocket((websocket, { id, method }, request) => {
    connections += method === 'initialize' ? 1 : 0;
    if (method !== 'initialize' || connections > 1) {
      return JSON.stringify(method === 'initialize' ? INTRODUCTION : { content: [{ type: 'text', text: '1' }] });
    }
    // Both frames in one segment.
    request.socket.cork();
    websocket.send(JSON.stringify({ jsonrpc: '2.0', id, result: INTRODUCTION }));
    websocket.send(Buffer.of(1));
    request.socket.uncork();
    return null;
  });
  const connection = start(target);
  // The frames are read one after the other: the introduction is whole before the connection ends.
  await connection.introduce();
  await expect.poll(() => call(connection, 'pid').catch(String), { timeout: SOON }).toMatchObject(ANSWER);
  expect(connections).toBe(2);
});

test('a server that accepts only integer ids and progress tokens answers', async () => {
  const connection = start(
    await ofWebSocket((_, { id, method, params }) => {
      const ids = [id ?? 0, params?._meta?.progressToken ?? 0];
      return ids.every(Number.isInteger)
        ? JSON.stringify(method === 'initialize' ? INTRODUCTION : { content: [{ type: 'text', text: '1' }] })
        : null;
    }),
  );
  expect(await call(connection, 'pid')).toMatchObject(ANSWER);
});
