import { createServer as createHttpServer } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import type { Json } from '../../support/json.ts';
import { listenOn } from '../../support/sockets.ts';
import { type Answer, type Place, whole } from './answers.ts';

/** What one hostile server does: well-behaved in all but the moment, at which it answers so. */
export type Behaviour = {
  readonly era: 'handshake' | 'stateless';
  /** The method of a message, or of HTTP where there is none; of SSE and WebSocket, `message …` is what comes as a message. */
  readonly moment: string;
  readonly answer: Answer;
  /** Called when the moment has come. */
  readonly reached: () => void;
};

export type HostileServer = {
  /** Adds a server, and answers its URL. */
  readonly add: (
    transport: 'http' | 'sse' | 'websocket',
    behaviour: Behaviour,
  ) => { readonly url: string; readonly remove: () => void };
  readonly stop: () => Promise<void>;
};

const TOOLS = [{ name: 'act', inputSchema: { type: 'object' } }];
const CAPABILITIES = { tools: { listChanged: true } };
const RESULTS: Readonly<Record<string, object>> = {
  initialize: {
    protocolVersion: '2025-11-25',
    capabilities: CAPABILITIES,
    serverInfo: { name: 'hostile', version: '1' },
  },
  'tools/list': { tools: TOOLS, resultType: 'complete' },
  'tools/call': { content: [{ type: 'text', text: 'done' }], resultType: 'complete' },
};
const DISCOVERED = { supportedVersions: ['2026-07-28'], capabilities: CAPABILITIES, resultType: 'complete' };

/** What a well-behaved server says to a message; empty where it says nothing. */
export function goodAnswer(era: Behaviour['era'], { id, method }: Json): string {
  if (id === undefined || method === undefined) {
    return '';
  }
  const result = method === 'server/discover' && era === 'stateless' ? DISCOVERED : RESULTS[method];
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    ...(result === undefined ? { error: { code: -32601, message: 'Method not found' } } : { result }),
  });
}

type Request = { readonly verb: string; readonly path: string; readonly message: Json };

/** The requests on a connection of HTTP/1.1, as far as the gateway writes it. */
function onRequests(socket: Socket, take: (request: Request) => void): void {
  let held = Buffer.alloc(0);
  socket.on('error', () => undefined);
  socket.on('data', (data) => {
    held = Buffer.concat([held, data]);
    for (let end = held.indexOf('\r\n\r\n'); end !== -1; end = held.indexOf('\r\n\r\n')) {
      const head = held.subarray(0, end).toString('latin1');
      const size = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
      if (held.length < end + 4 + size) {
        return;
      }
      const [verb = '', path = ''] = head.split(' ');
      const body = held.subarray(end + 4, end + 4 + size).toString();
      held = held.subarray(end + 4 + size);
      take({ verb, path, message: body === '' ? undefined : JSON.parse(body) });
    }
  });
}

/** Starts all hostile servers of this process: they differ in the first segment of their paths. */
export async function startHostileServer(): Promise<HostileServer> {
  const behaviours = new Map<string, Behaviour>();
  const streams = new Map<string, Socket>();
  const of = (path: string) => path.split('/')[1] ?? '';

  const placeOf = (socket: Socket, era: Behaviour['era'], message: Json): Place => ({
    socket,
    id: JSON.stringify(message?.id ?? null),
    good: message === undefined ? '' : goodAnswer(era, message),
  });

  const overHttp = (socket: Socket, { verb, path, message }: Request, behaviour: Behaviour): void => {
    const { era, moment, answer, reached } = behaviour;
    const place = placeOf(socket, era, message);
    if ((message?.method ?? verb) === moment) {
      reached();
      answer.write(place);
    } else if (verb === 'GET' && path.endsWith('/sse')) {
      streams.set(of(path), socket);
      const event = `event: endpoint\ndata: /${of(path)}/message\n\n`;
      socket.write(`HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n${event}`);
    } else if (verb === 'GET') {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: hello\n\n');
    } else if (path.endsWith('/message')) {
      socket.write('HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n');
      overStream(of(path), message, behaviour);
    } else if (verb === 'DELETE' || place.good === '') {
      socket.write('HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n');
    } else if (message.method === 'server/discover' && era === 'handshake') {
      socket.write(
        `HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\nContent-Length: ${place.good.length}\r\n\r\n${place.good}`,
      );
    } else {
      socket.write(whole(place.good, ...(message.method === 'initialize' ? ['Mcp-Session-Id: of-the-server'] : [])));
    }
  };

  const overStream = (name: string, message: Json, { era, moment, answer, reached }: Behaviour): void => {
    const stream = streams.get(name);
    if (stream === undefined) {
      return;
    }
    const place = placeOf(stream, era, message);
    if (moment === `message ${message.method}`) {
      reached();
      answer.write(place);
    } else if (place.good !== '') {
      stream.write(`event: message\ndata: ${place.good}\n\n`);
    }
  };

  const http = await listenOn(
    createServer((socket) =>
      onRequests(socket, (request) => {
        const behaviour = behaviours.get(of(request.path));
        if (behaviour === undefined) {
          socket.destroy();
        } else {
          overHttp(socket, request, behaviour);
        }
      }),
    ),
  );

  const websockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'mcp' });
  const upgrading = createHttpServer().on('upgrade', (request, stream, rest) => {
    const socket = stream as Socket;
    socket.on('error', () => undefined);
    const behaviour = behaviours.get(of(request.url ?? ''));
    if (behaviour === undefined) {
      socket.destroy();
      return;
    }
    const { era, moment, answer, reached } = behaviour;
    if (moment === 'GET') {
      reached();
      answer.write(placeOf(socket, era, undefined));
      return;
    }
    websockets.handleUpgrade(request, socket, rest, (websocket) => {
      websocket.on('error', () => undefined);
      websocket.on('message', (data) => {
        const message = JSON.parse(data.toString());
        const place = placeOf(socket, era, message);
        if (moment === `message ${message.method}`) {
          reached();
          answer.write(place);
        } else if (place.good !== '') {
          websocket.send(place.good);
        }
      });
    });
  });
  const ws = await listenOn(upgrading);

  let count = 0;
  return {
    add: (transport, behaviour) => {
      const name = `c${++count}`;
      behaviours.set(name, behaviour);
      const [scheme, port, end] =
        transport === 'websocket' ? ['ws', ws.port, 'ws'] : ['http', http.port, transport === 'sse' ? 'sse' : 'mcp'];
      return {
        url: `${scheme}://127.0.0.1:${port}/${name}/${end}`,
        remove: () => {
          behaviours.delete(name);
          streams.get(name)?.destroy();
          streams.delete(name);
        },
      };
    },
    stop: async () => {
      await Promise.all([http.stop(), ws.stop()]);
    },
  };
}
