import { createServer } from 'node:http';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { type WebSocket, WebSocketServer } from 'ws';
import { createHandshakeServer, type McpServer, type ServedTool } from './mcp-servers.ts';
import { type Listened, listenOn } from './sockets.ts';

/** Starts a server of the SDK v1 over WebSockets. */
export const startWebSocketServer = (tools: readonly ServedTool[]): Promise<McpServer & Listened> =>
  serveWebSocket((transport) => createHandshakeServer(tools).connect(transport));

/** Serves WebSockets with the subprotocol `mcp`, on a free port unless told. `connect` gets each connection. */
export async function serveWebSocket(
  connect: (transport: Transport) => Promise<unknown>,
  port = 0,
): Promise<McpServer & Listened> {
  const server = createServer((_request, response) => void response.writeHead(426).end());
  const handleProtocols = (offered: Set<string>) => offered.has('mcp') && 'mcp';
  new WebSocketServer({ server, handleProtocols }).on('connection', (websocket) => {
    void connect(transportOf(websocket));
  });
  const listened = await listenOn(server, port);
  return { ...listened, url: `ws://127.0.0.1:${listened.port}/mcp` };
}

/** One JSON-RPC message a text frame. */
function transportOf(websocket: WebSocket): Transport {
  const transport: Transport = {
    start: async () => {
      websocket.on('message', (data) => transport.onmessage?.(JSON.parse(data.toString())));
      websocket.on('error', (error) => transport.onerror?.(error));
      websocket.on('close', () => transport.onclose?.());
    },
    send: async (message) => websocket.send(JSON.stringify(message)),
    close: async () => websocket.close(),
  };
  return transport;
}
