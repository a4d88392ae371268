import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { WebSocketServer } from 'ws';
import type { Json } from '../../support/json.ts';
import { type Listened, listenOn } from '../../support/sockets.ts';

/** How a server is connected. */
export const TRANSPORTS = ['stateless', 'sessions', 'SSE', 'WebSocket'] as const;
export type RecorderTransport = (typeof TRANSPORTS)[number];

/** A server that notes each call of a tool as the text that it came in. */
export type Recorder = Listened & {
  readonly url: string;
  /** The name of the transport in the Servers API. */
  readonly transport: 'STREAMABLE_HTTP' | 'SSE' | 'WebSocket';
  /** What it lists from now on. */
  tools: readonly object[];
  /** The whole messages of `tools/call`, as they came. */
  readonly calls: string[];
  /** The result of every call from now on. */
  result: object;
};

export const WRITE = { name: 'write', description: 'Writes.', inputSchema: { type: 'object' } };

/** Starts a server over a transport. */
export async function startRecorder(transport: RecorderTransport): Promise<Recorder> {
  const calls: string[] = [];
  const isStateless = transport === 'stateless';
  const complete = isStateless ? { resultType: 'complete' } : {};
  const answer = (raw: string): string | undefined => {
    const { id, method, params } = JSON.parse(raw) as Json;
    if (id === undefined || method === undefined) {
      return undefined;
    }
    if (method === 'tools/call') {
      calls.push(raw);
    }
    const facts = { capabilities: { tools: {} }, serverInfo: { name: 'recorder', version: '1' } };
    const answers: Readonly<Record<string, object>> = {
      ...(isStateless
        ? { 'server/discover': { ...complete, ...facts, supportedVersions: ['2026-07-28'] } }
        : { initialize: { ...facts, protocolVersion: params?.protocolVersion } }),
      'tools/list': { ...complete, tools: recorder.tools },
      'tools/call': { ...complete, ...recorder.result },
    };
    const found = answers[method];
    const said = found === undefined ? { error: { code: -32601, message: 'Method not found' } } : { result: found };
    return JSON.stringify({ jsonrpc: '2.0', id, ...said });
  };
  const { server, kind, url } = SERVERS[transport](answer);
  const listened = await listenOn(server);
  const recorder: Recorder = {
    ...listened,
    url: url(listened.port),
    transport: kind,
    tools: [WRITE],
    calls,
    result: { content: [{ type: 'text', text: 'Written.' }] },
  };
  return recorder;
}

type AnswerText = (raw: string) => string | undefined;

function overHttp(answer: AnswerText, headers: Readonly<Record<string, string>>) {
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const said = request.method === 'POST' ? answer(await text(request)) : undefined;
    if (request.method === 'GET') {
      response.writeHead(405).end();
    } else if (said === undefined) {
      response.writeHead(202).end();
    } else {
      response.writeHead(200, { 'Content-Type': 'application/json', ...headers }).end(said);
    }
  };
  return {
    server: createServer((request, response) => void handle(request, response)),
    kind: 'STREAMABLE_HTTP' as const,
    url: (port: number) => `http://127.0.0.1:${port}/mcp`,
  };
}

const SERVERS = {
  stateless: (answer: AnswerText) => overHttp(answer, {}),
  sessions: (answer: AnswerText) => overHttp(answer, { 'Mcp-Session-Id': 'of-the-recorder' }),
  SSE: (answer: AnswerText) => {
    let stream: ServerResponse | undefined;
    const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      if (request.method === 'GET') {
        stream = response;
        response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('event: endpoint\ndata: /message\n\n');
        return;
      }
      const said = answer(await text(request));
      response.writeHead(202).end();
      if (said !== undefined) {
        stream?.write(`event: message\ndata: ${said}\n\n`);
      }
    };
    return {
      server: createServer((request, response) => void handle(request, response)),
      kind: 'SSE' as const,
      url: (port: number) => `http://127.0.0.1:${port}/sse`,
    };
  },
  WebSocket: (answer: AnswerText) => {
    const server = createServer();
    new WebSocketServer({ server, handleProtocols: () => 'mcp' }).on('connection', (websocket) =>
      websocket.on('message', (data) => {
        const said = answer(String(data));
        if (said !== undefined) {
          websocket.send(said);
        }
      }),
    );
    return { server, kind: 'WebSocket' as const, url: (port: number) => `ws://127.0.0.1:${port}/` };
  },
};
