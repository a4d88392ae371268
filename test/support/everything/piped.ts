import { InMemoryServerEventBus } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { mintOver } from '../minted.ts';
import { compiledOnce } from '../process.ts';
import type { TestServer } from '../server.ts';
import { created, remove, share, stdio, unique } from '../shared-servers.ts';
import { serveSse } from '../sse-server.ts';
import { serveWebSocket } from '../websocket-server.ts';
import { createMcpServer } from './mcp.ts';

export type PipedRevision = '2025-11-25' | '2026-07-28';

/** An endpoint over the server with everything. */
type Piped = { readonly url: string; readonly stop: () => Promise<unknown> };
type Pipe = {
  readonly name: string;
  /** Starts the server so that it speaks the revision, and mints an endpoint over it. */
  readonly startOver: (gateway: TestServer, revision: PipedRevision) => Promise<Piped>;
};

/** What comes over a pipe is the same in all transports. A server that refuses the handshake is asked in 2026-07-28. */
const serveOver = (revision: PipedRevision) => async (transport: unknown) =>
  serveStdio(() => createMcpServer(new InMemoryServerEventBus()), {
    legacy: revision === '2026-07-28' ? 'reject' : 'serve',
    transport: transport as never,
  });

/** The transports that carry messages both ways. */
export const PIPES: readonly Pipe[] = [
  {
    name: 'SSE',
    startOver: async (gateway, revision) => {
      const { url, stop } = await serveSse(serveOver(revision));
      return { url: (await mintOver(gateway, url, { transport: 'SSE' })).url, stop };
    },
  },
  {
    name: 'WebSocket',
    startOver: async (gateway, revision) => {
      const { url, stop } = await serveWebSocket(serveOver(revision));
      return { url: (await mintOver(gateway, url, { transport: 'WebSocket' })).url, stop };
    },
  },
  {
    name: 'stdio',
    startOver: async (gateway, revision) => {
      const args = [...compiledOnce('test/support/everything/stdio-program.ts'), revision];
      const id = await created(gateway, stdio(unique(), { args }));
      return { url: (await share(gateway, id)).url, stop: () => remove(gateway, id) };
    },
  },
];
