import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';

/** What one organization's servers answer to do the gateway harm. Each path is a server of its own kind. */
const MEBIBYTE = 1024 * 1024;
const tool = (name: string, more: object = {}) => ({ name, inputSchema: { type: 'object' }, ...more });
const CAPABILITIES = { tools: { listChanged: true } };

/** An array of so many bytes of ones, and a number that JavaScript would change. */
const numbers = (bytes: number): string => `[${'1,'.repeat(bytes / 2)}1234567890123456789]`;

const LISTS: Readonly<Record<string, () => object[]>> = {
  '/large-list': () => [tool('t', { description: 'x'.repeat(15 * MEBIBYTE) })],
  '/changing-list': () =>
    Array.from({ length: 20_000 }, (_, index) => tool(`t${index}`, { description: `${performance.now()}` })),
  '/numbers': () => [tool('t', { annotations: { readOnlyHint: true } })],
};

function answerCall(response: ServerResponse, id: unknown): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  const content = `{"content":[],"structuredContent":{"a":${numbers(30 * MEBIBYTE)}}}`;
  response.end(`data: {"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${content}}\n\n`);
}

const http = createServer((request, response) => {
  const path = request.url ?? '';
  if (path === '/service/large' || path === '/service/numbers') {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(path === '/service/large' ? JSON.stringify('x'.repeat(9_900_000)) : `{"a":${numbers(9_800_000)}}`);
    return;
  }
  if (request.method === 'GET' && path === '/changing-list') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const telling = setInterval(
      () => response.write('data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n'),
      20,
    );
    response.once('close', () => clearInterval(telling));
    return;
  }
  if (request.method !== 'POST' || LISTS[path] === undefined) {
    response.writeHead(405).end();
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString());
    if (id === undefined) {
      response.writeHead(202).end();
    } else if (method === 'tools/call') {
      answerCall(response, id);
    } else {
      const result =
        method === 'initialize'
          ? {
              protocolVersion: params.protocolVersion,
              capabilities: CAPABILITIES,
              serverInfo: { name: 'hostile', version: '1' },
            }
          : method === 'tools/list'
            ? { tools: LISTS[path]?.() }
            : undefined;
      response.writeHead(200, { 'Content-Type': 'application/json', 'Mcp-Session-Id': 'hostile' });
      response.end(
        JSON.stringify({ jsonrpc: '2.0', id, ...(result ? { result } : { error: { code: -32601, message: 'no' } }) }),
      );
    }
  });
});

/** Answers with two media types, and resets the connection in the middle. */
const resetting = createTcpServer((socket) => {
  socket.on('error', () => undefined);
  socket.on('data', () => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-type: application/json\r\n';
    socket.write(`${head}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`);
    setTimeout(() => socket.resetAndDestroy(), 100);
  });
});

const listen = (server: Server): Promise<string> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });

/** Starts the servers. Returns where they are. */
export const startHostileServers = async (): Promise<{ readonly http: string; readonly resetting: string }> => ({
  http: await listen(http),
  resetting: await listen(resetting),
});
