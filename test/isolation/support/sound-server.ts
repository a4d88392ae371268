import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** An MCP server without sessions, in a process of its own: what the test's process is busy with does not slow it. */
const RESULTS: Readonly<Record<string, object>> = {
  'server/discover': { supportedVersions: ['2026-07-28'], capabilities: { tools: {} }, resultType: 'complete' },
  'tools/list': { tools: [{ name: 'act', inputSchema: { type: 'object' } }], resultType: 'complete' },
  'tools/call': { content: [{ type: 'text', text: 'sound' }], resultType: 'complete' },
};
const server = createServer(async (request, response) => {
  const body = await text(request);
  const { id, method } = body === '' ? {} : JSON.parse(body);
  if (id === undefined) {
    response.writeHead(202).end();
    return;
  }
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ jsonrpc: '2.0', id, result: RESULTS[method] ?? {} }));
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`Listening on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
