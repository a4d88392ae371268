import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { callsIn } from './lenient-json.ts';

export type LenientServer = {
  readonly url: string;
  /** The bodies that have called a tool, in any reading, and the tools that they called. */
  readonly calls: { readonly body: string; readonly tools: ReadonlySet<string> }[];
  readonly stop: () => Promise<void>;
};

const INFO = { name: 'lenient', version: '1' };
const RESULTS: Readonly<Record<string, object>> = {
  initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: INFO },
  'server/discover': { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: { tools: {} } },
};

/**
 * Starts a server that reads in every body whatever any reader could read in it: the first and the last of members that
 * stand twice, names in any case, all messages of a batch, notifications like requests. It speaks both eras, with sessions.
 */
export async function startLenientServer(tools: readonly string[]): Promise<LenientServer> {
  const calls: LenientServer['calls'] = [];
  const listed = { resultType: 'complete', tools: tools.map((name) => ({ name, inputSchema: { type: 'object' } })) };
  const called = { resultType: 'complete', content: [{ type: 'text', text: 'ok' }] };
  const server = createServer(async (request, response) => {
    const body = (await buffer(request)).toString('utf8');
    const found = callsIn(body);
    if (found.size > 0) {
      calls.push({ body, tools: found });
    }
    const id = /"id":("[^"]*"|[^,}]+)/.exec(body)?.[1];
    const method = /"(initialize|server\/discover|tools\/list)"/.exec(body.slice(0, 4096))?.[1] ?? '';
    const result = found.size > 0 ? called : method === 'tools/list' ? listed : RESULTS[method];
    if (id === undefined || result === undefined) {
      response.writeHead(request.method === 'POST' ? 202 : 405).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 'the only one' });
    response.end(`{"jsonrpc":"2.0","id":${id},"result":${JSON.stringify(result)}}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    calls,
    stop: async () => {
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}
