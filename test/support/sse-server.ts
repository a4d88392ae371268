import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { createHandshakeServer, type McpServer, type ServedTool } from './mcp-servers.ts';
import { type Listened, listenOn } from './sockets.ts';

/** Starts a server of the SDK v1 over HTTP with SSE. */
export const startSseServer = (tools: readonly ServedTool[]): Promise<McpServer & Listened> =>
  serveSse((transport) => createHandshakeServer(tools).connect(transport));

/** Serves HTTP with SSE, the transport of 2024-11-05, on a free port unless told. `connect` gets each connection. */
export async function serveSse(
  connect: (transport: SSEServerTransport) => Promise<unknown>,
  port = 0,
): Promise<McpServer & Listened> {
  const transports = new Map<string, SSEServerTransport>();
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    const known = transports.get(searchParams.get('sessionId') ?? '');
    if (request.method === 'GET' && pathname === '/sse') {
      const transport = new SSEServerTransport('/message', response);
      transports.set(transport.sessionId, transport);
      response.once('close', () => transports.delete(transport.sessionId));
      await connect(transport);
    } else if (request.method === 'POST' && known !== undefined) {
      await known.handlePostMessage(request, response);
    } else {
      response.writeHead(404).end();
    }
  };
  const listened = await listenOn(createServer(handle), port);
  return { ...listened, url: `http://127.0.0.1:${listened.port}/sse` };
}
