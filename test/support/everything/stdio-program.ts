import { InMemoryServerEventBus } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createMcpServer } from './mcp.ts';

/** The server with everything as a local process; in 2026-07-28 only if the argument says so. */
serveStdio(() => createMcpServer(new InMemoryServerEventBus()), {
  legacy: process.argv[2] === '2026-07-28' ? 'reject' : 'serve',
});
