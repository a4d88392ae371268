import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node';
import {
  createMcpHandler,
  InMemoryServerEventBus,
  isLegacyRequest,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { createSessions } from '../everything/sessions.ts';
import type { Json } from '../json.ts';
import { compiledOnce, isAlive, ROOT } from '../process.ts';
import { type Listened, listenOn } from '../sockets.ts';
import { serveSse } from '../sse-server.ts';
import { serveWebSocket } from '../websocket-server.ts';
import type { TableClient } from './clients.ts';
import { createTableServer, type ServedState } from './served.ts';

/** How a server is reached. */
export type Reached =
  | { readonly transport: 'STREAMABLE_HTTP' | 'SSE' | 'WebSocket'; readonly url: string }
  | { readonly transport: 'stdio'; readonly command: string; readonly args: readonly string[] };

/** The requests that the operations make of a server. */
export type Asked = {
  readonly echo: Json;
  readonly work: Json;
  readonly hold: Json;
  readonly touch: Json;
  readonly log: Json;
  readonly resource: string;
  readonly prompt: string;
  readonly completion: Json;
};

/** The calls of `hold` that have reached a server, and those that were cancelled. */
export type Counts = { readonly held: number; readonly cancelled: number };

export type TableServer = {
  readonly reached: Reached;
  readonly asked: Asked;
  readonly counts: (client: TableClient) => Promise<Counts>;
  /** Ends the server and starts it anew: it has forgotten everything. */
  readonly restart: (client: TableClient) => Promise<void>;
  readonly stop: () => Promise<void>;
};
export type ServerKind = { readonly name: string; readonly start: () => Promise<TableServer> };

const OURS: Asked = {
  echo: { name: 'echo', arguments: { text: 'Zoë' } },
  work: { name: 'work', arguments: {} },
  hold: { name: 'hold', arguments: {} },
  touch: { name: 'touch', arguments: {} },
  log: { name: 'log', arguments: {} },
  resource: 'table://watched',
  prompt: 'greet',
  completion: { ref: { type: 'ref/prompt', name: 'greet' }, argument: { name: 'city', value: 'pa' } },
};
const LONG = 'trigger-long-running-operation';
const OFFICIAL: Asked = {
  echo: { name: 'echo', arguments: { message: 'Zoë' } },
  work: { name: LONG, arguments: { duration: 0.1, steps: 3 } },
  hold: { name: LONG, arguments: { duration: 2, steps: 1 } },
  touch: { name: 'toggle-subscriber-updates', arguments: {} },
  log: { name: 'toggle-simulated-logging', arguments: {} },
  resource: 'demo://resource/static/document/architecture.md',
  prompt: 'simple-prompt',
  completion: { ref: { type: 'ref/prompt', name: 'completable-prompt' }, argument: { name: 'department', value: 'E' } },
};

const textOf = async (client: TableClient, name: string): Promise<string> =>
  (await client.ask('tools/call', { name, arguments: {} })).content[0].text;

/** The part of a server that a start makes anew. */
type Start = (state: ServedState, port: number) => Promise<Listened & { readonly url: string }>;

/** A server in this process. */
async function startHere(transport: 'STREAMABLE_HTTP' | 'SSE' | 'WebSocket', start: Start): Promise<TableServer> {
  let state: ServedState = { held: 0, cancelled: 0 };
  let running = await start(state, 0);
  return {
    reached: { transport, url: running.url },
    asked: OURS,
    counts: async () => ({ ...state }),
    restart: async () => {
      await running.stop();
      state = { held: 0, cancelled: 0 };
      running = await start(state, running.port);
    },
    stop: () => running.stop(),
  };
}

type Fetch = (request: Request) => Promise<Response>;

const overHttp = (create: (state: ServedState) => Fetch): (() => Promise<TableServer>) =>
  startHere.bind(null, 'STREAMABLE_HTTP', async (state, port) => {
    const handle = toNodeHandler({ fetch: create(state) });
    const listened = await listenOn(
      createServer((request, response) => void handle(request as NodeIncomingMessageLike, response)),
      port,
    );
    return { ...listened, url: `http://127.0.0.1:${listened.port}/mcp` };
  });

const inSessions = (state: ServedState): Fetch => createSessions(() => createTableServer(state)).fetch;
const withoutSessions =
  (state: ServedState): Fetch =>
  async (request) => {
    if (request.method !== 'POST') {
      return new Response(null, { status: 405 });
    }
    const transport = new WebStandardStreamableHTTPServerTransport({});
    await createTableServer(state).connect(transport);
    return transport.handleRequest(request);
  };
const stateless = (state: ServedState): Fetch => {
  const bus = new InMemoryServerEventBus();
  return createMcpHandler(() => createTableServer(state, bus), { legacy: 'reject', bus }).fetch;
};
const inBothEras = (state: ServedState): Fetch => {
  const [older, newer] = [inSessions(state), stateless(state)];
  return async (request) => ((await isLegacyRequest(request)) ? older : newer)(request);
};

/** A server as a local process, which its client starts. */
async function startProcess(...args: string[]): Promise<TableServer> {
  const program = [...compiledOnce('test/support/table/stdio-program.ts'), ...args];
  return {
    reached: { transport: 'stdio', command: process.execPath, args: program },
    asked: OURS,
    counts: async (client) => JSON.parse(await textOf(client, 'counts')),
    restart: async (client) => {
      const pid = Number(await textOf(client, 'pid'));
      process.kill(pid, 'SIGKILL');
      while (isAlive(pid)) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    stop: async () => undefined,
  };
}

/** The official server with everything, over Streamable HTTP, behind a front that counts what passes. */
async function startOfficial(): Promise<TableServer> {
  const main = join(ROOT, 'node_modules/@modelcontextprotocol/server-everything/dist/index.js');
  const start = async (port: number) => {
    const free = await listenOn(createTcpServer());
    await free.stop();
    const child = spawn(process.execPath, [main, 'streamableHttp'], {
      env: { PATH: process.env.PATH, PORT: String(free.port) },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    // It says there that it listens.
    await Promise.race([once(child.stderr, 'data'), once(child, 'exit')]);
    child.stderr.resume();
    const counts = { held: 0, cancelled: 0 };
    const front = await listenOn(
      createTcpServer((socket) => {
        const behind = connect(free.port, '127.0.0.1');
        socket.on('data', (data) => {
          counts.held += data.includes('"duration":2') ? 1 : 0;
          counts.cancelled += data.includes('notifications/cancelled') ? 1 : 0;
        });
        socket.on('error', () => behind.destroy()).on('close', () => behind.destroy());
        behind.on('error', () => socket.destroy()).on('close', () => socket.destroy());
        socket.pipe(behind).pipe(socket);
      }),
      port,
    );
    return {
      port: front.port,
      counts,
      stop: async () => {
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await Promise.all([ended, front.stop()]);
      },
    };
  };
  let running = await start(0);
  return {
    reached: { transport: 'STREAMABLE_HTTP', url: `http://127.0.0.1:${running.port}/mcp` },
    asked: OFFICIAL,
    counts: async () => ({ ...running.counts }),
    restart: async () => {
      await running.stop();
      running = await start(running.port);
    },
    stop: () => running.stop(),
  };
}

/** Every kind of server of the table, by the name in the page. */
export const SERVERS: readonly ServerKind[] = [
  { name: 'Streamable HTTP, handshake, sessions', start: overHttp(inSessions) },
  { name: 'Streamable HTTP, handshake, no sessions', start: overHttp(withoutSessions) },
  { name: 'Streamable HTTP, 2026-07-28', start: overHttp(stateless) },
  { name: 'Streamable HTTP, handshake with sessions and 2026-07-28', start: overHttp(inBothEras) },
  { name: 'Streamable HTTP, the official server-everything', start: startOfficial },
  { name: 'stdio, handshake', start: () => startProcess() },
  { name: 'stdio, 2026-07-28', start: () => startProcess('stateless') },
  {
    name: 'SSE',
    start: () =>
      startHere('SSE', (state, port) => serveSse((transport) => createTableServer(state).connect(transport), port)),
  },
  {
    name: 'WebSocket',
    start: () =>
      startHere('WebSocket', (state, port) =>
        serveWebSocket((transport) => createTableServer(state).connect(transport), port),
      ),
  },
];
