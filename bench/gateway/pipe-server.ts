import { createServer, type ServerResponse } from 'node:http';
import { createInterface } from 'node:readline';
import { WebSocketServer } from 'ws';
import { announce } from './announce.ts';
import { answerTo } from './answers.ts';
import { TOOLS } from './calls.ts';

/** The server of the bench over another transport, `node pipe-server.ts TRANSPORT`, or a service behind a document. */
const [, , transport] = process.argv;
const answerOf = (text: string): string | undefined => answerTo(JSON.parse(text))?.toString();

function serveSse(): void {
  const streams = new Map<string, ServerResponse>();
  announce(
    createServer((request, response) => {
      if (request.method === 'GET') {
        const id = String(streams.size);
        streams.set(id, response);
        response.writeHead(200, { 'Content-Type': 'text/event-stream' });
        response.write(`event: endpoint\ndata: /message?${id}\n\n`);
        return;
      }
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        response.writeHead(202).end();
        const answer = answerOf(Buffer.concat(chunks).toString());
        if (answer !== undefined) {
          streams.get(request.url?.split('?')[1] ?? '')?.write(`data: ${answer}\n\n`);
        }
      });
    }),
  );
}

function serveWebSocket(): void {
  const server = createServer();
  new WebSocketServer({ server, handleProtocols: () => 'mcp' }).on('connection', (websocket) =>
    websocket.on('message', (data) => {
      const answer = answerOf(String(data));
      if (answer !== undefined) {
        websocket.send(answer);
      }
    }),
  );
  announce(server);
}

function serveStdio(): void {
  createInterface({ input: process.stdin }).on('line', (line) => {
    const answer = answerOf(line);
    if (answer !== undefined) {
      process.stdout.write(`${answer}\n`);
    }
  });
}

/** A service whose only operation answers as the tool does. */
function serveService(): void {
  const body = JSON.stringify({ answer: TOOLS.echo.answer });
  announce(
    createServer((request, response) => {
      request.resume().once('end', () => {
        response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
        response.end(body);
      });
    }),
  );
}

const SERVE: Readonly<Record<string, () => void>> = {
  sse: serveSse,
  websocket: serveWebSocket,
  stdio: serveStdio,
  service: serveService,
};
SERVE[transport ?? '']?.();
