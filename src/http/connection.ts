import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Limits } from '../base/limits.ts';

/** A connection of a client. */
export type Connection = {
  readonly socket: Socket;
  readonly openedAt: number;
  /** The current or last request; undefined if there was none since the last check. */
  request: IncomingMessage | undefined;
  response: ServerResponse | undefined;
  /** Whether a complete request has arrived before the current one. */
  hasAsked: boolean;
  /** Requests that arrived before the previous answer was finished. */
  readonly pipelined: [IncomingMessage, ServerResponse][];
  /** Bytes of answers that had been sent to the client at `tookAt`, as far as the system reports. */
  takenBytes: number;
  /** The last time that the client had received enough, or no data waited for it. */
  tookAt: number;
  /** The time since which no request is in progress; null during a request. */
  idleSince: number | null;
};

/** Creates the state of a new connection. */
export const newConnection = (socket: Socket): Connection => {
  const now = performance.now();
  return {
    socket,
    openedAt: now,
    request: undefined,
    response: undefined,
    hasAsked: false,
    pipelined: [],
    takenBytes: 0,
    tookAt: now,
    idleSince: now,
  };
};

/** Whether an answer is completely sent, or its client has disconnected. */
export const isOver = (response: ServerResponse | undefined): boolean =>
  response === undefined || response.writableFinished || response.closed;

/** Whether a request is being read or answered. */
export const isBusy = ({ request, response }: Connection): boolean => !isOver(response) || request?.complete === false;

/** Pieces of a body that are taken and thrown away after its request was answered. */
const MAX_UNREAD_PIECES = 1000;

/** Ends the sending side and discards incoming data for a moment; then closes the connection. */
export function linger(socket: Socket, lingerMs: number, unread?: IncomingMessage): void {
  socket.end();
  let pieces = 0;
  unread?.removeAllListeners('data').on('data', () => {
    pieces += 1;
    if (pieces > MAX_UNREAD_PIECES) {
      socket.destroy();
    }
  });
  const timer = setTimeout(() => socket.destroy(), lingerMs).unref();
  socket.once('close', () => clearTimeout(timer));
}

/** Facts about a socket that `net` does not report: `bytesWritten` also counts the queued bytes. */
type Handle = { readonly bytesWritten: number; readonly writeQueueSize: number };

/** Bytes that have left the process. One large write is in the queue until its last byte has. */
function takenBytesOf(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { readonly _handle?: Handle | null };
  return handle == null ? socket.bytesWritten : handle.bytesWritten - handle.writeQueueSize;
}

/**
 * Bytes a second that a client takes at least. The system takes a few by itself now and then, though its buffers are full
 * and the client reads nothing.
 */
const MIN_BYTES_PER_SECOND = 512;

/** Checks a connection, updates its times, and returns whether it must be ended. */
export function isStuck(connection: Connection, now: number, limits: Limits): boolean {
  const { socket } = connection;
  const takenBytes = takenBytesOf(socket);
  const leastBytes = (limits.answerTimeoutMs / 1000) * MIN_BYTES_PER_SECOND;
  if (socket.writableLength === 0 || takenBytes - connection.takenBytes >= leastBytes) {
    connection.takenBytes = takenBytes;
    connection.tookAt = now;
  } else if (now - connection.tookAt >= limits.answerTimeoutMs) {
    return true;
  }
  if (isBusy(connection)) {
    return false;
  }
  connection.idleSince ??= now;
  connection.hasAsked ||= connection.request !== undefined;
  connection.request = undefined;
  connection.response = undefined;
  // Node ends a connection whose first request, or the head of a later one, does not come in time, and one that says
  // nothing after an answer; empty lines after an answer are neither.
  return connection.hasAsked && now - connection.idleSince >= limits.keepAliveMs + limits.headerTimeoutMs;
}
