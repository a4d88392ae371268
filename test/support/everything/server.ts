import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  localhostHostValidation,
  localhostOriginValidation,
  type NodeIncomingMessageLike,
  toNodeHandler,
} from '@modelcontextprotocol/node';
import { createMcpHandler, InMemoryServerEventBus, isLegacyRequest } from '@modelcontextprotocol/server';
import { createMcpServer } from './mcp.ts';
import { createSessions } from './sessions.ts';

export type EverythingServer = {
  /** Where it serves MCP. */
  readonly url: string;
  readonly stop: () => Promise<void>;
};

/**
 * Starts an MCP server of the official SDK with every feature that the conformance suites try, on a free port: with
 * sessions for the versions up to 2025-11-25, without for 2026-07-28, both at one URL.
 */
export async function startEverythingServer(): Promise<EverythingServer> {
  const bus = new InMemoryServerEventBus();
  const create = () => createMcpServer(bus);
  const stateless = createMcpHandler(create, { legacy: 'reject', bus });
  const sessions = createSessions(create);
  const handle = toNodeHandler({
    fetch: async (request) => ((await isLegacyRequest(request)) ? sessions : stateless).fetch(request),
  });
  const hostAllowed = localhostHostValidation();
  const originAllowed = localhostOriginValidation();
  const server = createServer((request, response) => {
    if (request.url !== '/mcp') {
      response.writeHead(404).end();
    } else if (hostAllowed(request, response) && originAllowed(request, response)) {
      void handle(request as NodeIncomingMessageLike, response);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    stop: async () => {
      await Promise.all([stateless.close(), sessions.close()]);
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}
