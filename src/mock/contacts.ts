import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { negotiateVersion } from '../gateway/eras.ts';

const inputSchema = (...names: string[]) => ({
  type: 'object',
  properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
  required: names,
});
const TOOLS = [
  {
    name: 'list_contacts',
    description: 'List contacts',
    inputSchema: inputSchema(),
    annotations: { readOnlyHint: true },
  },
  { name: 'create_contact', description: 'Create a contact', inputSchema: inputSchema('name', 'email') },
];
const GREETING = { level: 'info', data: 'You are listening to the sandbox. It has nothing else to tell.' };

/** A JSON-RPC message, with the members that this server reads. */
export type Message = {
  id?: unknown;
  method?: string;
  params?: { name?: string; arguments?: object; protocolVersion?: unknown };
};

/**
 * A small MCP server of all versions with sessions, which answers `initialize` in the version of the client (2025-11-25,
 * "Lifecycle", version negotiation): two tools over a list of contacts, and a stream that sends a greeting.
 */
export type Contacts = {
  /**
   * Answers a request of a session, or `initialize`, whose body was read and parsed. Returns false, and leaves the
   * response alone, if there is no such session.
   */
  readonly serve: (request: IncomingMessage, response: ServerResponse, message: Message) => boolean;
  /** Returns the answer to a message outside of sessions: its `result` or its `error`. */
  readonly answerTo: (message: Message) => object;
};

/** Creates the small MCP server, with a list of its own. */
export function createContacts(): Contacts {
  const contacts: object[] = [{ name: 'Ada Lovelace', email: 'ada@example.com' }];
  /** The open streams of each session. */
  const sessions = new Map<string, Set<ServerResponse>>();

  const answerTo = ({ method = '', params }: Message): object => {
    const tool = TOOLS.find(({ name }) => name === params?.name);
    if (method === 'tools/call') {
      if (tool === undefined) {
        return { error: { code: -32602, message: `Unknown tool: ${params?.name}` } };
      }
      contacts.push(...(tool.name === 'create_contact' ? [params?.arguments ?? {}] : []));
      return { result: { content: [{ type: 'text', text: JSON.stringify(contacts) }] } };
    }
    const results: Readonly<Record<string, object>> = {
      initialize: {
        protocolVersion: negotiateVersion(params?.protocolVersion),
        capabilities: { tools: {}, logging: {} },
        serverInfo: { name: 'Contacts', version: '1.0.0' },
      },
      'tools/list': { tools: TOOLS },
      ping: {},
      'logging/setLevel': {},
    };
    return Object.hasOwn(results, method)
      ? { result: results[method] }
      : { error: { code: -32601, message: `Method not found: ${method}` } };
  };

  const serve: Contacts['serve'] = (request, response, message) => {
    const isNew = message.method === 'initialize';
    const sessionId = isNew ? randomUUID() : String(request.headers['mcp-session-id']);
    const streams = isNew ? new Set<ServerResponse>() : sessions.get(sessionId);
    if (streams === undefined) {
      return false;
    }
    if (request.method === 'GET') {
      streams.add(response.writeHead(200, { 'Content-Type': 'text/event-stream' }));
      const greeting = { jsonrpc: '2.0', method: 'notifications/message', params: GREETING };
      response.write(`event: message\ndata: ${JSON.stringify(greeting)}\n\n`);
    } else if (request.method === 'DELETE') {
      sessions.delete(sessionId);
      for (const stream of streams) {
        stream.end();
      }
      response.end();
    } else if (message.id === undefined) {
      response.writeHead(202).end();
    } else {
      sessions.set(sessionId, streams);
      response.writeHead(200, { 'Content-Type': 'application/json', 'Mcp-Session-Id': sessionId });
      response.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, ...answerTo(message) }));
    }
    return true;
  };
  return { serve, answerTo };
}

/** Starts this server on a free port of the loopback interface, as the server behind the sandbox's endpoints. */
export async function startContacts(): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
  const contacts = createContacts();
  const http = createServer(async (request, response) => {
    if (!contacts.serve(request, response, ((await json(request).catch(() => null)) ?? {}) as Message)) {
      response.writeHead(404).end();
    }
  });
  await once(http.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`,
    stop: async () => {
      http.close();
      http.closeAllConnections();
      await once(http, 'close');
    },
  };
}
