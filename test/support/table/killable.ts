import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { mint, mintOver } from '../minted.ts';
import { compiledOnce, isAlive } from '../process.ts';
import type { TestServer } from '../server.ts';

type Gateway = Pick<TestServer, 'url' | 'organizationId'>;

import { callTool, created, share, stdio, unique } from '../shared-servers.ts';
import { listenOn } from '../sockets.ts';

/** A server in a process of its own, and an endpoint over it. */
export type Killable = {
  readonly token: string;
  /** Mints another endpoint over it, and returns its URL. */
  readonly mintUrl: () => Promise<string>;
  /** Kills the process, and starts it again on the same port. Resolves when it listens, or is gone. */
  readonly killAndStart: () => Promise<void>;
  readonly stop: () => Promise<unknown>;
};

const KINDS = {
  'Streamable HTTP, handshake': { program: 'sessions', scheme: 'http', path: '/mcp', transport: 'STREAMABLE_HTTP' },
  'Streamable HTTP, 2026-07-28': { program: 'stateless', scheme: 'http', path: '/mcp', transport: 'STREAMABLE_HTTP' },
  SSE: { program: 'sse', scheme: 'http', path: '/sse', transport: 'SSE' },
  WebSocket: { program: 'websocket', scheme: 'ws', path: '/', transport: 'WebSocket' },
} as const;

async function startRemote(kind: keyof typeof KINDS, gateway: Gateway): Promise<Killable> {
  const { program, scheme, path, transport } = KINDS[kind];
  const free = await listenOn(createServer());
  await free.stop();
  const start = async (): Promise<ChildProcess> => {
    const args = [...compiledOnce('test/support/table/network-program.ts'), program, String(free.port)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    return child;
  };
  const kill = async (child: ChildProcess): Promise<void> => {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  let child = await start();
  const { token, serverId } = await mintOver(gateway, `${scheme}://127.0.0.1:${free.port}${path}`, { transport });
  return {
    token,
    mintUrl: async () => (await mint(gateway, serverId)).url,
    killAndStart: async () => {
      await kill(child);
      child = await start();
    },
    stop: () => kill(child),
  };
}

/** The gateway starts such a process again by itself. */
async function startLocal(gateway: Gateway): Promise<Killable> {
  const id = await created(gateway, stdio(unique(), { args: compiledOnce('test/support/table/stdio-program.ts') }));
  const { token } = await share(gateway, id);
  return {
    token,
    mintUrl: async () => (await mint(gateway, `mcp_${id}`)).url,
    killAndStart: async () => {
      const pid = Number(await callTool(gateway, token, 'pid'));
      process.kill(pid, 'SIGKILL');
      while (isAlive(pid)) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    stop: async () => undefined,
  };
}

/** Each transport of servers, by name. */
export const KILLABLE: Readonly<Record<string, (gateway: Gateway) => Promise<Killable>>> = {
  ...Object.fromEntries(
    (Object.keys(KINDS) as (keyof typeof KINDS)[]).map((kind) => [
      kind,
      (gateway: Gateway) => startRemote(kind, gateway),
    ]),
  ),
  stdio: startLocal,
};
