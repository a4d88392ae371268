import { createServer } from 'node:http';
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, InMemoryServerEventBus } from '@modelcontextprotocol/server';
import { createSessions } from '../everything/sessions.ts';
import { listenOn } from '../sockets.ts';
import { serveSse } from '../sse-server.ts';
import { serveWebSocket } from '../websocket-server.ts';
import { createTableServer } from './served.ts';

/**
 * The server of the table as a program of its own, `node network-program.ts TRANSPORT PORT`, which can be killed. It writes a
 * line when it listens.
 */
const [, , transport = '', port = '0'] = process.argv;
const state = { held: 0, cancelled: 0 };
const create = () => createTableServer(state);

const overHttp = (fetch: (request: Request) => Promise<Response>) => {
  const handle = toNodeHandler({ fetch });
  const server = createServer((request, response) => void handle(request as NodeIncomingMessageLike, response));
  return listenOn(server, Number(port));
};
const starts: Readonly<Record<string, () => Promise<unknown>>> = {
  sessions: () => overHttp(createSessions(create).fetch),
  stateless: () => {
    const bus = new InMemoryServerEventBus();
    return overHttp(createMcpHandler(() => createTableServer(state, bus), { legacy: 'reject', bus }).fetch);
  },
  sse: () => serveSse((pipe) => create().connect(pipe), Number(port)),
  websocket: () => serveWebSocket((pipe) => create().connect(pipe), Number(port)),
};
await starts[transport]?.();
process.stdout.write('listening\n');
process.on('disconnect', () => process.exit());
