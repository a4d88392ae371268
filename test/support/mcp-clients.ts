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
/** A client that is connected to an endpoint. A refusal rejects, with the words of the endpoint. */
export type McpClient = {
  /** The names of the tools, in their order. */
  readonly list: () => Promise<string[]>;
  /** The first text of the result. */
  readonly call: (name: string, onProgress?: (progress: number) => void) => Promise<string>;
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

async function connectOld({ url, headers }: Place): Promise<McpClient> {
  const client = new OldClient(INFO);
  await client.connect(new OldTransport(new URL(url), { requestInit: { headers } }) as never);
  return {
    list: async () => namesOf(await client.listTools()),
    call: async (name, onProgress) =>
      textIn(
        await client.callTool(
          { name },
          undefined,
          onProgress && { onprogress: ({ progress }: { progress: number }) => onProgress(progress) },
        ),
      ),
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
      call: async (name, onProgress) =>
        textIn(await client.callTool({ name }, onProgress && { onprogress: ({ progress }) => onProgress(progress) })),
      close: () => client.close(),
    };
  };

/** Sends one message and returns those of the answer, the response last. */
export async function post({ url, headers }: Place, message: object): Promise<Json[]> {
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(message) });
  const body = await response.text();
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  return isStream
    ? [...body.matchAll(/^data: ?(.+)$/gm)].map(([, data]) => JSON.parse(data ?? ''))
    : [JSON.parse(body)];
}

/** The result of a request that is answered. */
async function ask(place: Place, message: object, onProgress?: (progress: number) => void): Promise<Json> {
  for (const { method, params, result, error } of await post(place, message)) {
    if (method === 'notifications/progress') {
      onProgress?.(params.progress);
    } else if (error !== undefined) {
      throw new Error(error.message);
    } else if (result !== undefined) {
      return result;
    }
  }
}

/** A line of curl: one request, and nothing before it. */
async function connectCurl({ url, headers }: Place): Promise<McpClient> {
  const place = { url, headers: { 'Content-Type': 'application/json', Accept: '*/*', ...headers } };
  const request = (method: string, params: object = {}) => ({ jsonrpc: '2.0', id: 1, method, params });
  return {
    list: async () => namesOf(await ask(place, request('tools/list'))),
    call: async (name, onProgress) => {
      const streaming = { url, headers: { ...place.headers, Accept: 'application/json, text/event-stream' } };
      const meta = onProgress && { _meta: { progressToken: 0 } };
      return textIn(await ask(onProgress ? streaming : place, request('tools/call', { name, ...meta }), onProgress));
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
  await ask(place, {
    method: 'initialize',
    params: { protocolVersion: '2024-11-05', capabilities: {}, clientInfo: INFO },
  });
  return {
    list: async () => namesOf(await ask(place, { id: 1, method: 'tools/list' })),
    call: async (name) => textIn(await ask(place, { id: 1, method: 'tools/call', params: { name, arguments: {} } })),
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
