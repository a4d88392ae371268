import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node';
import { Server as OldServer } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { createMcpHandler, Server as NewServer } from '@modelcontextprotocol/server';

/** What a tool knows of the call that it answers. */
export type ToolCall = {
  readonly args: Readonly<Record<string, unknown>>;
  /** The id of the session that it comes in; undefined without sessions. */
  readonly session: string | undefined;
  /** Aborted when the call is cancelled. */
  readonly signal: AbortSignal;
  /** Reports progress, if the caller wants to hear of it. */
  readonly progress: (progress: number, message: string) => Promise<void>;
  /** Sends any notification. */
  readonly notify: Notify;
};
/** A tool as a server lists it, and the text that it answers with. */
export type ServedTool = {
  readonly name: string;
  readonly annotations?: Readonly<Record<string, boolean>>;
  readonly call: (call: ToolCall) => string | Promise<string>;
};
export type McpServer = { readonly url: string; readonly stop: () => Promise<void> };

const INFO = { name: 'tools', version: '1' };
const CAPABILITIES = { capabilities: { tools: {}, logging: {} } };
const listed = (tools: readonly ServedTool[]) => ({
  tools: tools.map(({ name, annotations }) => ({
    name,
    inputSchema: { type: 'object' as const },
    ...(annotations && { annotations }),
  })),
});

type Notify = (notification: {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}) => Promise<void>;

type Params = { readonly name: string; readonly arguments?: Record<string, unknown> | undefined };
type Context = Pick<ToolCall, 'session' | 'signal'> & {
  readonly token: string | number | undefined;
  readonly notify: Notify;
};

async function answer(tools: readonly ServedTool[], { name, arguments: args = {} }: Params, context: Context) {
  const { session, signal, token, notify } = context;
  const tool = tools.find((candidate) => candidate.name === name);
  if (tool === undefined) {
    throw new Error(`This server has no tool ${name}.`);
  }
  const progress = async (progress: number, message: string): Promise<void> => {
    if (token !== undefined) {
      await notify({ method: 'notifications/progress', params: { progressToken: token, progress, message } });
    }
  };
  return { content: [{ type: 'text' as const, text: await tool.call({ args, session, signal, progress, notify }) }] };
}

export type HandshakeOptions = {
  readonly sessions?: boolean;
  /** Whether it answers with JSON, once it has an answer, and not with a stream. */
  readonly json?: boolean;
};

/** A server of the SDK v1, which is to be connected to a transport. */
export function createHandshakeServer(tools: readonly ServedTool[]): OldServer {
  const server = new OldServer(INFO, CAPABILITIES);
  server.setRequestHandler(ListToolsRequestSchema, () => listed(tools));
  server.setRequestHandler(CallToolRequestSchema, ({ params }, { sessionId, signal, _meta, sendNotification }) =>
    answer(tools, params, {
      session: sessionId,
      signal,
      token: _meta?.progressToken,
      notify: sendNotification as Notify,
    }),
  );
  return server;
}

/** Starts a server of the SDK v1, which knows the versions with a handshake only. */
export function startHandshakeServer(
  tools: readonly ServedTool[],
  { sessions: keepsSessions = true, json: enableJsonResponse = false }: HandshakeOptions = {},
): Promise<McpServer> {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const begin = async (): Promise<StreamableHTTPServerTransport> => {
    const transport = new StreamableHTTPServerTransport({
      enableJsonResponse,
      ...(keepsSessions && {
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (id) => void sessions.set(id, transport),
      }),
    });
    // Types of the SDK that do not fit each other under exactOptionalPropertyTypes.
    await createHandshakeServer(tools).connect(transport as never);
    return transport;
  };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const id = request.headers['mcp-session-id'];
    const known = sessions.get(String(id));
    if (known === undefined && (id !== undefined || request.method !== 'POST')) {
      response.writeHead(id === undefined ? 405 : 404).end();
      return;
    }
    await (known ?? (await begin())).handleRequest(request, response);
  };
  return listen(handle, async () => {
    await Promise.all([...sessions.values()].map((transport) => transport.close()));
  });
}

/** Starts a server of the SDK v2 that knows 2026-07-28 only. */
export function startStatelessServer(tools: readonly ServedTool[]): Promise<McpServer> {
  const create = (): NewServer => {
    const server = new NewServer(INFO, CAPABILITIES);
    server.setRequestHandler('tools/list', () => listed(tools));
    server.setRequestHandler('tools/call', ({ params }, { mcpReq }) =>
      answer(tools, params, {
        session: undefined,
        signal: mcpReq.signal,
        token: mcpReq._meta?.progressToken,
        notify: (told) => mcpReq.notify(told),
      }),
    );
    return server;
  };
  const handler = createMcpHandler(create, { legacy: 'reject' });
  const handle = toNodeHandler(handler);
  return listen((request, response) => void handle(request as NodeIncomingMessageLike, response), handler.close);
}

async function listen(handle: RequestListener, close: () => Promise<void>): Promise<McpServer> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    stop: async () => {
      await close();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}
