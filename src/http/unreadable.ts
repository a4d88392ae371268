import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { ApiError } from '../base/errors.ts';
import { linger } from './connection.ts';
import { renderError } from './errors.ts';
import { securityHeaders } from './security-headers.ts';

/** Why Node gave a connection up before there was a request, as far as somebody can do something about it. */
const REASONS: Readonly<Record<string, ApiError>> = {
  HPE_HEADER_OVERFLOW: new ApiError('headers_too_large', 'The URL and the headers together must not exceed 16 KiB.'),
  ERR_HTTP_REQUEST_TIMEOUT: new ApiError('request_timeout', 'The complete request did not arrive in time.'),
};
const MALFORMED = new ApiError('malformed_request', 'The server cannot parse this request as HTTP.');

/**
 * Answers an unreadable request like any other error; Node itself would send an empty answer. Then closes the
 * connection, at most `lingerMs` later.
 */
export function answerUnreadable(server: Server, publicUrl: string, lingerMs: number): void {
  const common = securityHeaders(publicUrl);
  server.on('clientError', (error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket: Socket) => {
    if (error.code === 'ECONNRESET' || socket.destroyed) {
      socket.destroy();
      return;
    }
    if (socket.writableEnded || error.code === 'HPE_CLOSED_CONNECTION') {
      // It is ending, or ends with the answer under way: this is what still comes after the last request.
      return;
    }
    const { _httpMessage: answering } = socket as Socket & { readonly _httpMessage?: ServerResponse | null };
    const reason = REASONS[error.code ?? ''] ?? MALFORMED;
    const [, sent = '/'] = /^[A-Z]+ (\/[^\s?]*)/.exec(error.rawPacket?.toString('latin1', 0, 4096) ?? '') ?? [];
    if (answering == null) {
      const { status, headers, body } = renderError(reason, sent, publicUrl);
      const lines = Object.entries({ ...common, ...headers, 'X-Request-Id': randomUUID(), Connection: 'close' });
      const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines.map(([name, value]) => `${name}: ${value}`)];
      socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
      linger(socket, lingerMs);
    } else if (!answering.headersSent && !answering.req.complete) {
      // The body of the request that waits for its answer is late or broken.
      const { status, headers, body } = renderError(reason, pathOf(answering.req), publicUrl);
      answering.writeHead(status, { ...headers, Connection: 'close' }).end(body);
    } else {
      // Behind an answer that is under way, another one would be taken for it.
      socket.destroy();
    }
  });
}

const pathOf = ({ url = '/' }: IncomingMessage): string => url.replace(/\?.*$/s, '');
