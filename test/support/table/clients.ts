import {
  Client as NewClient,
  StreamableHTTPClientTransport as NewHttp,
  SSEClientTransport as NewSse,
} from '@modelcontextprotocol/client';
import { StdioClientTransport as NewStdio } from '@modelcontextprotocol/client/stdio';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport as OldSse } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport as OldStdio } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as OldHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { WebSocketClientTransport } from '@modelcontextprotocol/sdk/client/websocket.js';
import type { Json } from '../json.ts';
import { connectRaw } from './raw-clients.ts';
import type { Reached } from './servers.ts';

export type AskOptions = {
  readonly onProgress?: (progress: Json) => void;
  /** Cancels the request, in the way of the client. */
  readonly signal?: AbortSignal;
};

/** A client that is connected. What it is refused rejects, with an Error that may have `code` and `status`. */
export type TableClient = {
  /** The capabilities of the server, as the client was told; null if it does not ask. */
  readonly capabilities: Json;
  readonly ask: (method: string, params: Json, options?: AskOptions) => Promise<Json>;
  /** Asks for log messages; returns the `_meta` of requests that want them. */
  readonly wantLog: () => Promise<Json>;
  readonly subscribe: (uri: string) => Promise<unknown>;
  /** The methods of the notifications that have come. */
  readonly heard: string[];
  readonly close: () => Promise<unknown>;
};
export type ClientKind = { readonly name: string; readonly connect: (reached: Reached) => Promise<TableClient> };

const INFO = { name: 'table', version: '1' };
const LOG_LEVEL = 'io.modelcontextprotocol/logLevel';

/** The functions of the SDK's clients, as both versions have them. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  'tools/list': 'listTools',
  'resources/list': 'listResources',
  'resources/templates/list': 'listResourceTemplates',
  'resources/read': 'readResource',
  'prompts/list': 'listPrompts',
  'prompts/get': 'getPrompt',
  'completion/complete': 'complete',
};

const sdkOptions = ({ onProgress: onprogress, signal }: AskOptions = {}) => ({
  ...(onprogress && { onprogress }),
  ...(signal && { signal }),
});

/** Returns the transport of the SDK v1 to a server. */
export const oldTransport = (reached: Reached) => {
  switch (reached.transport) {
    case 'stdio':
      return new OldStdio({ command: reached.command, args: [...reached.args], stderr: 'ignore' });
    case 'SSE':
      return new OldSse(new URL(reached.url));
    case 'WebSocket':
      return new WebSocketClientTransport(new URL(reached.url));
    case 'STREAMABLE_HTTP':
      return new OldHttp(new URL(reached.url));
  }
};

/** The SDK v2 has no WebSocket of its own, and takes any transport. */
const newTransport = (reached: Reached) => {
  switch (reached.transport) {
    case 'stdio':
      return new NewStdio({ command: reached.command, args: [...reached.args], stderr: 'ignore' });
    case 'SSE':
      return new NewSse(new URL(reached.url));
    case 'WebSocket':
      return oldTransport(reached);
    case 'STREAMABLE_HTTP':
      return new NewHttp(new URL(reached.url));
  }
};

async function connectOld(reached: Reached): Promise<TableClient> {
  const client = new OldClient(INFO);
  const heard: string[] = [];
  client.fallbackNotificationHandler = async ({ method }) => void heard.push(method);
  // Types of the SDK that do not fit each other under exactOptionalPropertyTypes.
  await client.connect(oldTransport(reached) as never);
  return {
    capabilities: client.getServerCapabilities(),
    ask: (method, params, options) =>
      method === 'tools/call'
        ? client.callTool(params, undefined, sdkOptions(options))
        : (client as Json)[FUNCTIONS[method] ?? ''](params, sdkOptions(options)),
    wantLog: async () => {
      await client.setLoggingLevel('debug');
      return {};
    },
    subscribe: (uri) => client.subscribeResource({ uri }),
    heard,
    close: () => client.close(),
  };
}

const connectNew =
  (mode: 'legacy' | 'auto' | { readonly pin: string }) =>
  async (reached: Reached): Promise<TableClient> => {
    const client = new NewClient(INFO, { versionNegotiation: { mode } });
    const heard: string[] = [];
    client.fallbackNotificationHandler = async ({ method }) => void heard.push(method);
    await client.connect(newTransport(reached) as never);
    const isNewer = client.getProtocolEra() === 'modern';
    return {
      capabilities: client.getServerCapabilities(),
      ask: (method, params, options) =>
        method === 'tools/call'
          ? client.callTool(params, sdkOptions(options))
          : (client as Json)[FUNCTIONS[method] ?? ''](params, sdkOptions(options)),
      wantLog: async () => {
        if (isNewer) {
          return { [LOG_LEVEL]: 'debug' };
        }
        await client.setLoggingLevel('debug');
        return {};
      },
      subscribe: (uri) =>
        isNewer ? client.listen({ resourceSubscriptions: [uri] }) : client.subscribeResource({ uri }),
      heard,
      close: () => client.close(),
    };
  };

/** Every kind of client of the table, by the name in the page. */
export const CLIENTS: readonly ClientKind[] = [
  { name: 'SDK v1', connect: connectOld },
  { name: 'SDK v2, handshake', connect: connectNew('legacy') },
  { name: 'SDK v2, 2026-07-28', connect: connectNew({ pin: '2026-07-28' }) },
  { name: 'SDK v2, `auto`', connect: connectNew('auto') },
  { name: 'raw, in a session', connect: (reached) => connectRaw(reached, 'session') },
  { name: 'raw, single requests', connect: (reached) => connectRaw(reached, 'single') },
  { name: 'raw, 2026-07-28', connect: (reached) => connectRaw(reached, 'stateless') },
];
