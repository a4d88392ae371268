import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { WebSocketServer } from 'ws';
import { echo } from './echo.ts';
import type { Json } from './json.ts';
import type { Era } from './scripted.ts';
import { type Listened, listenOn } from './sockets.ts';

/** A server that repeats what is sent to it: the values of its headers, and its URL. */
export type Echoing = Listened & { readonly url: string };

const givenBy = ({ headers, url }: IncomingMessage): string => [...Object.values(headers), url].join(' ');

/** Writes an answer of a server over Streamable HTTP. */
type Write = (response: ServerResponse, answer: Json) => void;
const LARGE = 'x'.repeat(100_000);
/** The same answer, but large. */
const padded = (answer: Json): object =>
  answer.error === undefined
    ? { ...answer, result: { ...answer.result, _meta: { LARGE } } }
    : { ...answer, error: { ...answer.error, data: { ...answer.error.data, LARGE } } };
const event = (answer: object, end = '\n'): string => `event: message${end}data: ${JSON.stringify(answer)}${end}${end}`;
const inPieces = (response: ServerResponse, body: string, bytes: number): void => {
  const whole = Buffer.from(body);
  const send = (at: number): void => {
    if (at >= whole.length) {
      response.end();
    } else {
      response.write(whole.subarray(at, at + bytes), () => setImmediate(send, at + bytes));
    }
  };
  send(0);
};

/** The ways in which an answer can come over Streamable HTTP. */
export const WRITES: Readonly<Record<string, Write>> = {
  JSON: (response, answer) => {
    const body = JSON.stringify(answer);
    response
      .writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) })
      .end(body);
  },
  'JSON in pieces': (response, answer) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    inPieces(response, JSON.stringify(answer), 7);
  },
  'large JSON': (response, answer) => {
    const body = JSON.stringify(padded(answer));
    response
      .writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) })
      .end(body);
  },
  events: (response, answer) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).end(event(answer));
  },
  'events in pieces': (response, answer) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    inPieces(response, `: hello\r\n\r\n${event(answer, '\r\n')}`, 7);
  },
  'large events': (response, answer) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    inPieces(response, event(padded(answer)), 8191);
  },
};

/** Starts a server over Streamable HTTP; with a handshake, it keeps sessions. */
export async function startEchoing(write: Write, era: Era = 'handshake'): Promise<Echoing> {
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    const answer = request.method === 'POST' ? echo(JSON.parse(body), givenBy(request), era) : undefined;
    if (era === 'handshake') {
      response.setHeader('Mcp-Session-Id', 'of-the-echo');
    }
    if (answer === undefined) {
      response.writeHead(202).end();
    } else {
      write(response, answer);
    }
  };
  return listened(createServer(handle), 'http', '/mcp');
}

/** Starts a server over HTTP with SSE. */
export async function startEchoingSse(): Promise<Echoing> {
  let stream: ServerResponse | undefined;
  let given = '';
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method === 'GET') {
      given = givenBy(request);
      stream = response;
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('event: endpoint\ndata: /message\n\n');
      return;
    }
    const answer = echo(JSON.parse(await text(request)), given);
    response.writeHead(202).end();
    if (answer !== undefined) {
      stream?.write(event(answer));
    }
  };
  return listened(createServer(handle), 'http', '/sse');
}

/** Starts a server over a WebSocket. */
export async function startEchoingWebSocket(): Promise<Echoing> {
  const server = createServer();
  new WebSocketServer({ server, handleProtocols: () => 'mcp' }).on('connection', (websocket, request) =>
    websocket.on('message', (data) => {
      const answer = echo(JSON.parse(String(data)), givenBy(request));
      if (answer !== undefined) {
        websocket.send(JSON.stringify(answer));
      }
    }),
  );
  return listened(server, 'ws', '/');
}

async function listened(server: Parameters<typeof listenOn>[0], scheme: string, path: string): Promise<Echoing> {
  const one = await listenOn(server);
  return { ...one, url: `${scheme}://127.0.0.1:${one.port}${path}` };
}
