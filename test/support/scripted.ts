import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Json } from './json.ts';

/** A request as the server got it. */
export type Got = {
  readonly verb: string;
  readonly headers: IncomingHttpHeaders;
  /** What the body holds; undefined where there is none. */
  readonly message: Json;
  /** The body as it came. */
  readonly text: string;
};

/** Writes an answer, byte by byte if it has to. */
export type Step = (response: ServerResponse, got: Got) => void;

/** What is answered: by the method of the message, `answer` for an answer to the server, else by the HTTP method. */
export type Script = Record<string, Step>;

export type Scripted = {
  readonly url: string;
  /** Read at every request: change it as the test goes on. */
  readonly script: Script;
  /** Everything that has come, or only what a script names so. */
  readonly got: (what?: string) => Got[];
  /** Resolves when something of this name comes, after this moment. */
  readonly next: (what: string) => Promise<Got>;
  readonly stop: () => Promise<void>;
};

const nameOf = ({ verb, message }: Got): string =>
  message === undefined ? verb : (message.method ?? ('result' in message || 'error' in message ? 'answer' : verb));

/** Answers with a body of a length that is told, as most servers do. */
export const raw =
  (status: number, type: string, body: string, headers: Readonly<Record<string, string>> = {}): Step =>
  (response) =>
    response
      .writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body), ...headers })
      .end(body);
/** A JSON-RPC answer to whatever was asked. */
export const json =
  (members: object, status = 200, headers: Readonly<Record<string, string>> = {}): Step =>
  (response, got) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: got.message?.id ?? null, ...members });
    raw(status, 'application/json', body, headers)(response, got);
  };
export const result = (value: object): Step => json({ result: value });
export const refusal = (code: number, status = 200): Step => json({ error: { code, message: 'Refused' } }, status);
export const hang: Step = () => undefined;
export const accepted: Step = (response) => response.writeHead(202).end();
export const eventOf = (message: object): string => `event: message\ndata: ${JSON.stringify(message)}\n\n`;
/** Begins a stream of events, to which the test writes on. */
export const beginEvents = (response: ServerResponse): ServerResponse => {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
  return response;
};

export const TOOLS = [
  { name: 'look', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } },
  { name: 'act', inputSchema: { type: 'object' } },
];
const COMMON: Script = {
  'tools/list': result({ tools: TOOLS }),
  'tools/call': (response, got) =>
    result({ content: [{ type: 'text', text: got.message.params.name }] })(response, got),
  'notifications/initialized': accepted,
  'notifications/cancelled': accepted,
  answer: accepted,
  GET: raw(405, 'text/plain', ''),
  DELETE: raw(200, 'text/plain', ''),
};

/** The id of the n-th session of a scripted server. */
export const sessionId = (n: number): string => `session-of-the-server-${n}`;

function scriptOf(era: Era): Script {
  if (era === 'stateless') {
    const discovered = { supportedVersions: ['2026-07-28'], capabilities: { tools: {} } };
    return { ...COMMON, 'server/discover': result({ resultType: 'complete', ...discovered }) };
  }
  let sessions = 0;
  return {
    ...COMMON,
    'server/discover': refusal(-32601, 400),
    initialize: (response, got) => {
      const { protocolVersion } = got.message.params;
      const facts = { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'scripted', version: '1' } };
      json({ result: facts }, 200, { 'Mcp-Session-Id': sessionId(++sessions) })(response, got);
    },
  };
}

export type Era = 'handshake' | 'stateless';

/** Starts a server that does as scripted, and what a well-behaved one would where nothing is; on a free port, or this. */
export async function startScripted(era: Era, more: Script = {}, port = 0): Promise<Scripted> {
  const script: Script = { ...scriptOf(era), ...more };
  const all: Got[] = [];
  let waiting: { what: string; resolve: (got: Got) => void }[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const { method: verb = '', headers } = request;
    const got: Got = { verb, headers, message: body === '' ? undefined : JSON.parse(body), text: body };
    const name = nameOf(got);
    all.push(got);
    const called = waiting.filter(({ what }) => what === name);
    waiting = waiting.filter(({ what }) => what !== name);
    for (const { resolve } of called) {
      resolve(got);
    }
    (script[name] ?? refusal(-32601, era === 'stateless' ? 404 : 200))(response, got);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    script,
    got: (what) => all.filter((got) => what === undefined || nameOf(got) === what),
    next: (what) => new Promise((resolve) => waiting.push({ what, resolve })),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
