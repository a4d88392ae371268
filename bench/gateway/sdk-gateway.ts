import { createServer, type RequestListener } from 'node:http';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, Server } from '@modelcontextprotocol/server';
import { announce } from './announce.ts';

/** A gateway of the SDK's own parts: its handler in front, and behind it one client of each era that all calls share. */
const INFO = { name: 'sdk-gateway', version: '1.0.0' };
const [, , upstream = ''] = process.argv;

async function connect(mode: 'legacy' | 'auto'): Promise<Client> {
  const client = new Client(INFO, { versionNegotiation: { mode } });
  await client.connect(new StreamableHTTPClientTransport(new URL(upstream)));
  return client;
}

const clients = { legacy: await connect('legacy'), modern: await connect('auto') };
const handler = createMcpHandler(({ era }) => {
  const server = new Server(INFO, { capabilities: { tools: {} } });
  server.setRequestHandler('tools/list', () => clients[era].listTools());
  server.setRequestHandler('tools/call', ({ params: { name, arguments: args = {} } }) =>
    clients[era].callTool({ name, arguments: args }),
  );
  return server;
});
// Its types want properties to be absent that Node's have undefined.
announce(createServer(toNodeHandler(handler) as RequestListener));
