import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { ApiError } from '../errors.ts';
import { STATUS_CODES } from '../node-http.ts';
import { renderError } from './errors.ts';

/** Why Node gave a connection up before there was a request, as far as somebody can do something about it. */
const REASONS: Readonly<Record<string, ApiError>> = {
  HPE_HEADER_OVERFLOW: new ApiError('headers_too_large', 'The URL and the headers together may have 16 KiB.'),
  ERR_HTTP_REQUEST_TIMEOUT: new ApiError('request_timeout', 'The request did not arrive whole in time.'),
};
const MALFORMED = new ApiError('malformed_request', 'This is not HTTP as the server can read it.');

/** Answers what is no readable request like any other error, where Node by itself would send an empty one. */
export function answerUnreadable(server: Server, publicUrl: string): void {
  server.on('clientError', (error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket: Socket) => {
    // While an answer is under way, as behind a pipelined request, another one would be taken for it.
    const isAnswering = (socket as Socket & { _httpMessage?: unknown })._httpMessage != null;
    if (error.code === 'ECONNRESET' || !socket.writable || isAnswering) {
      socket.destroy();
      return;
    }
    const [, path = '/'] = /^[A-Z]+ (\/[^\s?]*)/.exec(error.rawPacket?.toString('latin1', 0, 4096) ?? '') ?? [];
    const { status, headers, body } = renderError(REASONS[error.code ?? ''] ?? MALFORMED, path, publicUrl);
    const lines = Object.entries({ ...headers, 'X-Request-Id': randomUUID(), Connection: 'close' });
    const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines.map(([name, value]) => `${name}: ${value}`)];
    socket.end(`${head.join('\r\n')}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  });
}
