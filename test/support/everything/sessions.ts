import { randomUUID } from 'node:crypto';
import { type McpServer, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';
import { createEventStore } from './event-store.ts';

export type Sessions = {
  readonly fetch: (request: Request) => Promise<Response>;
  /** Ends all sessions, and their streams with them. */
  readonly close: () => Promise<void>;
};

/** How soon clients come back to a stream that has ended. */
const RETRY_MS = 100;

/** Serves the versions with a handshake: each `initialize` starts a session with a server of its own. */
export function createSessions(createServer: () => McpServer): Sessions {
  const transports = new Map<string, WebStandardStreamableHTTPServerTransport>();
  const fetch = async (request: Request): Promise<Response> => {
    const id = request.headers.get('mcp-session-id');
    const known = transports.get(id ?? '');
    if (known !== undefined) {
      return known.handleRequest(request);
    }
    if (id !== null) {
      const error = { code: -32001, message: 'Session not found' };
      return Response.json({ jsonrpc: '2.0', error, id: null }, { status: 404 });
    }
    // Anything but `initialize` is refused by a transport that has no session yet.
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: createEventStore(),
      retryInterval: RETRY_MS,
      onsessioninitialized: (started) => {
        transports.set(started, transport);
      },
      onsessionclosed: (ended) => {
        transports.delete(ended);
      },
    });
    await createServer().connect(transport);
    return transport.handleRequest(request);
  };
  return {
    fetch,
    close: async () => {
      await Promise.all([...transports.values()].map((transport) => transport.close()));
    },
  };
}
