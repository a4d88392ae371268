import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, InMemoryServerEventBus, McpServer, type Tool } from '@modelcontextprotocol/server';
import { createSessions } from './everything/sessions.ts';

/** An MCP server of the official SDK whose tools can be changed while it runs. */
export type ToolServer = {
  readonly url: string;
  /** What it lists from now on. */
  tools: readonly Tool[];
  /** What it lists for a client of a name; `tools` for everybody, unless set. */
  listFor: (client: string | undefined) => readonly Tool[];
  /** How often it was asked for them. */
  lists: number;
  /** The names that were called. */
  readonly called: string[];
  /** Tells those who listen that its tools have changed. */
  readonly tell: () => void;
  /** Comes before everything that it answers; true where it has answered itself, or never will. */
  before: (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;
  readonly stop: () => Promise<void>;
};

/** A tool that takes anything. */
export const tool = (name: string, more: Partial<Tool> = {}): Tool => ({
  name,
  inputSchema: { type: 'object' },
  ...more,
});

/** Starts a server with one of the eras of the protocol, on a free port. */
export async function startToolServer(
  tools: readonly Tool[],
  era: 'handshake' | 'stateless' = 'stateless',
): Promise<ToolServer> {
  const bus = new InMemoryServerEventBus();
  const told: McpServer[] = [];
  const create = () => {
    const mcp = new McpServer({ name: 'tools', version: '1' }, { capabilities: { tools: { listChanged: true } } });
    mcp.server.setRequestHandler('tools/list', ({ params }) => {
      started.lists += 1;
      const info = params?._meta?.['io.modelcontextprotocol/clientInfo'] ?? mcp.server.getClientVersion();
      return { tools: [...started.listFor((info as { readonly name?: string } | undefined)?.name)] };
    });
    mcp.server.setRequestHandler('tools/call', ({ params }) => {
      started.called.push(params.name);
      return { content: [{ type: 'text', text: 'Done.' }] };
    });
    told.push(mcp);
    return mcp;
  };
  const stateless = createMcpHandler(create, { legacy: 'reject', bus });
  const sessions = createSessions(create);
  const handle = toNodeHandler({ fetch: (request) => (era === 'stateless' ? stateless : sessions).fetch(request) });
  const server = createServer(async (request, response) => {
    if (!(await started.before(request, response))) {
      await handle(request as NodeIncomingMessageLike, response);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const started: ToolServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    tools,
    listFor: () => started.tools,
    lists: 0,
    called: [],
    before: () => false,
    tell: () => {
      if (era === 'stateless') {
        bus.publish({ kind: 'tools_list_changed' });
        return;
      }
      for (const mcp of told) {
        void mcp.server.sendToolListChanged().catch(() => undefined);
      }
    },
    stop: async () => {
      await Promise.all([stateless.close(), sessions.close()]);
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
  return started;
}
