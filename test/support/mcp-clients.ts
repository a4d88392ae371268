import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Json } from './json.ts';
import { ROOT } from './process.ts';

/** An endpoint: its URL, and what must be sent along. */
export type Place = { readonly url: string; readonly headers: Readonly<Record<string, string>> };
export type CallOptions = {
  readonly args?: Readonly<Record<string, unknown>>;
  /** Asks for progress. */
  readonly onProgress?: (progress: { readonly progress: number; readonly message?: string | undefined }) => void;
  /** Cancels the call, in the way of the client. */
  readonly signal?: AbortSignal;
};
/** A client that is connected to an endpoint. A refusal rejects, with the words of the endpoint. */
export type McpClient = {
  /** The names of the tools, in their order. */
  readonly list: () => Promise<string[]>;
  /** The first text of the result. */
  readonly call: (name: string, options?: CallOptions) => Promise<string>;
  readonly close: () => Promise<unknown>;
};
export type McpClientKind = {
  readonly name: string;
  readonly connect: (place: Place) => Promise<McpClient>;
  /** Whether it can ask for progress. */
  readonly hearsProgress: boolean;
  /** What it says of a tool that it is refused; the Inspector looks for it in the list. */
  readonly refusal: (tool: string) => string;
};

const INFO = { name: 'test', version: '1' };
type Tools = { readonly tools: readonly { readonly name: string }[] };
const namesOf = ({ tools }: Tools): string[] => tools.map(({ name }) => name);
const textIn = (result: Json): string => result.content[0].text;

/** The options of a request, as both SDKs have them. */
const sdkOptions = ({ onProgress: onprogress, signal }: CallOptions) => ({
  ...(onprogress && { onprogress }),
  ...(signal && { signal }),
});

/** Connects the client of the SDK v1. */
export async function connectOld({ url, headers }: Place): Promise<McpClient> {
  const client = new OldClient(INFO);
  await client.connect(new OldTransport(new URL(url), { requestInit: { headers } }) as never);
  return {
    list: async () => namesOf(await client.listTools()),
    call: async (name, options = {}) =>
      textIn(await client.callTool({ name, arguments: options.args }, undefined, sdkOptions(options))),
    close: () => client.close(),
  };
}

const connectNew =
  (mode: 'legacy' | { readonly pin: string }) =>
  async ({ url, headers }: Place): Promise<McpClient> => {
    const client = new NewClient(INFO, { versionNegotiation: { mode } });
    await client.connect(new NewTransport(new URL(url), { requestInit: { headers } }));
    return {
      list: async () => namesOf(await client.listTools()),
      call: async (name, options = {}) =>
        textIn(await client.callTool({ name, arguments: options.args ?? {} }, sdkOptions(options))),
      close: () => client.close(),
    };
  };

/** The messages of an answer, the response last. */
async function messagesOf(response: Response): Promise<Json[]> {
  const body = await response.text();
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  return isStream
    ? [...body.matchAll(/^data: ?(.+)$/gm)].map(([, data]) => JSON.parse(data ?? ''))
    : [JSON.parse(body)];
}

/** The one progress token of those who write their requests themselves: everybody has the same. */
const TOKEN = 0;

/** The result of a request. What is not its own makes it fail. */
async function ask({ url, headers }: Place, message: Json, { onProgress, signal }: CallOptions = {}): Promise<Json> {
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(message), signal: signal ?? null });
  for (const { id, method, params, result, error } of await messagesOf(response)) {
    if (method === 'notifications/progress' && params.progressToken === TOKEN) {
      onProgress?.(params);
    } else if (error !== undefined) {
      throw new Error(error.message);
    } else if (id === (message.id ?? null) && result !== undefined) {
      return result;
    } else {
      throw new Error(`${method ?? `The answer to ${id}`} is somebody else's.`);
    }
  }
}

/** A line of curl: one request and nothing before it, always with the same id. */
async function connectCurl({ url, headers }: Place): Promise<McpClient> {
  const place = { url, headers: { 'Content-Type': 'application/json', Accept: '*/*', ...headers } };
  const streaming = { url, headers: { ...place.headers, Accept: 'application/json, text/event-stream' } };
  const request = (method: string, params: object = {}) => ({ jsonrpc: '2.0', id: 1, method, params });
  return {
    list: async () => namesOf(await ask(place, request('tools/list'))),
    call: async (name, options = {}) => {
      const { args = {}, onProgress } = options;
      const meta = onProgress && { _meta: { progressToken: TOKEN } };
      const message = request('tools/call', { name, arguments: args, ...meta });
      return textIn(await ask(onProgress ? streaming : place, message, options));
    },
    close: async () => undefined,
  };
}

/** Writes as the official Truto SDK 2.0.12 does (`src/resources/mcp.ts`). */
async function connectTruto({ url, headers }: Place): Promise<McpClient> {
  const { origin, pathname } = new URL(url);
  const place = {
    url: `${origin}/${pathname}?integrated_account_id=1`,
    headers: { Authorization: `Bearer an-api-token-that-${'nobody'.repeat(5)}-asked-for`, ...headers },
  };
  const params = { protocolVersion: '2024-11-05', capabilities: {}, clientInfo: INFO };
  await ask(place, { method: 'initialize', params });
  return {
    list: async () => namesOf(await ask(place, { id: 1, method: 'tools/list' })),
    call: async (name, options = {}) => {
      const { args = {} } = options;
      return textIn(await ask(place, { id: 1, method: 'tools/call', params: { name, arguments: args } }, options));
    },
    close: async () => undefined,
  };
}

const INSPECTOR = join(ROOT, 'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js');
const CACHE = join(ROOT, 'node_modules/.cache/inspector');

/** Runs the Inspector anew for each request. It lists the tools before it calls one, and calls none that is not listed. */
async function connectInspector({ url, headers }: Place): Promise<McpClient> {
  const run = async (...args: string[]): Promise<Json> => {
    const sent = Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`]);
    const target = ['--cli', url, '--transport', 'http', ...sent, '--format', 'json'];
    const child = spawn(process.execPath, [INSPECTOR, ...target, ...args], {
      // Compiling it takes most of its time.
      env: { HOME: CACHE, NODE_COMPILE_CACHE: CACHE },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [printed, complaints, [code]] = await Promise.all([
      textOf(child.stdout),
      textOf(child.stderr),
      once(child, 'exit'),
    ]);
    if (code !== 0) {
      throw new Error(complaints);
    }
    return JSON.parse(printed).result;
  };
  return {
    list: async () => namesOf(await run('--method', 'tools/list')),
    call: async (name) => textIn(await run('--method', 'tools/call', '--tool-name', name)),
    close: async () => undefined,
  };
}

const unknownTool = (tool: string): string => `Unknown tool: ${tool}`;
const notListed = (tool: string): string => `Tool '${tool}' not found on server.`;

/** Every kind of client that is in use. */
export const CLIENTS: readonly McpClientKind[] = [
  { name: 'the SDK v1 client', connect: connectOld, hearsProgress: true, refusal: unknownTool },
  { name: 'the SDK v2 client, handshake', connect: connectNew('legacy'), hearsProgress: true, refusal: unknownTool },
  {
    name: 'the SDK v2 client, 2026-07-28',
    connect: connectNew({ pin: '2026-07-28' }),
    hearsProgress: true,
    refusal: unknownTool,
  },
  { name: "the Inspector's command line", connect: connectInspector, hearsProgress: false, refusal: notListed },
  { name: 'curl', connect: connectCurl, hearsProgress: true, refusal: unknownTool },
  { name: 'a client like the Truto SDK', connect: connectTruto, hearsProgress: false, refusal: unknownTool },
];
