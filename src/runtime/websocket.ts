import type { ClientRequestArgs } from 'node:http';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { MemoryScope } from '../base/memory-scope.ts';
import { NotSent } from '../base/not-sent.ts';
import type { Egress } from '../egress/egress.ts';
import type { Pipe, PipeFailure, PipeReader } from './pipe.ts';
import { connectionEnded, failureOfStatus, MAY_HAVE_RUN, pipeProtocolViolation } from './pipe-failures.ts';
import { countedBytes, createPipeMemory, type PipeMemory } from './pipe-memory.ts';
import { toServerFailed } from './send-to-server.ts';
import { ServerFailed } from './server-failed.ts';
import type { RemotePipeTarget } from './target.ts';

const SPOKEN = 'WebSocket';
const SUBPROTOCOL = 'mcp';
/**
 * The interval of checks for received bytes, in milliseconds: after one interval without any, a ping; after two, the
 * end.
 */
const PING_INTERVAL_MS = 30_000;
/** The time for the other side to confirm the end, in milliseconds. */
const CLOSE_TIMEOUT_MS = 1000;
/** Status codes of the close frame (RFC 6455, section 7.4.1). */
const NORMAL_CODE = 1000;
const UNACCEPTABLE_CODE = 1003;

/**
 * Opens a pipe over a WebSocket (RFC 6455) with the subprotocol `mcp`: one JSON-RPC message per text frame, in both
 * directions. `reader` gets nothing before this resolves. Throws ServerFailed, OverBudget, or the reason of `signal`,
 * which limits only the opening. Loads `ws` at its first use.
 */
export async function openWebSocket(
  egress: Pick<Egress, 'connector'>,
  target: RemotePipeTarget,
  reader: PipeReader,
  signal: AbortSignal,
  memory: () => MemoryScope,
): Promise<Pipe> {
  const { WebSocket } = await import('ws');
  signal.throwIfAborted();
  const url = new URL(target.origin + target.path);
  let isConnected = false;
  const createConnection: ClientRequestArgs['createConnection'] = (_options, callback) => {
    egress.connector(placeOf(url), (...[error, socket]) => {
      isConnected = error === null;
      callback(error, socket as Socket);
    });
    return undefined;
  };
  let lose = (_failure: PipeFailure): void => undefined;
  const room = createPipeMemory(memory, (failure) => lose(failure));
  // Not a literal argument: the types do not know `closeTimeout`.
  const options = {
    headers: { 'user-agent': 'gatehouse', ...target.headers },
    maxPayload: room.longest,
    perMessageDeflate: false,
    closeTimeout: CLOSE_TIMEOUT_MS,
    // One frame in a turn of the event loop: a server can send as fast as it is read.
    allowSynchronousEvents: false,
    createConnection,
  };
  try {
    const websocket = new WebSocket(url, [SUBPROTOCOL], options);
    const socket = await opened(target.name, websocket, () => isConnected, signal);
    websocket.once('close', room.release);
    const { pipe, end } = pipeOf(target.name, websocket, socket, room, reader);
    lose = end;
    return pipe;
  } catch (error) {
    room.release();
    throw error;
  }
}

/** The destination of a URL in the form that connectors take. */
const placeOf = ({ protocol, hostname, host, port }: URL) => ({
  protocol: protocol === 'https:' || protocol === 'wss:' ? 'https:' : 'http:',
  hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
  host,
  port,
});

/** Resolves with the socket of a WebSocket when it is open; it is paused. */
function opened(server: string, websocket: WebSocket, isConnected: () => boolean, signal: AbortSignal) {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const giveUp = (reason: unknown): void => {
    reject(reason);
    websocket.terminate();
  };
  const leave = (): void => giveUp(signal.reason);
  signal.addEventListener('abort', leave, { once: true });
  let isUpgraded = false;
  websocket
    .once('upgrade', ({ headers, socket }) => {
      isUpgraded = true;
      if (headers['sec-websocket-protocol'] !== SUBPROTOCOL) {
        giveUp(pipeProtocolViolation(server, SPOKEN, `it did not choose the subprotocol ${SUBPROTOCOL}`));
      }
      websocket.once('open', () => {
        websocket.pause();
        resolve(socket);
      });
    })
    .once('unexpected-response', (_request, { statusCode = 0 }) => giveUp(failureOfStatus(server, SPOKEN, statusCode)))
    .on('error', (error) => {
      reject(
        isUpgraded
          ? pipeProtocolViolation(server, SPOKEN, 'its answer is not the one of a WebSocket')
          : connectionFailed(server, isConnected() ? 'broken' : 'unreachable', error),
      );
    });
  return promise.finally(() => signal.removeEventListener('abort', leave));
}

function pipeOf(server: string, websocket: WebSocket, socket: Socket, room: PipeMemory, reader: PipeReader) {
  let isOver = false;
  const over = (): void => {
    isOver = true;
    clearInterval(looking);
  };
  const fail = (failure: PipeFailure): void => {
    if (!isOver) {
      over();
      reader.ended(failure);
    }
  };
  const looking = listen(websocket, socket, () => {
    const what = `was not heard for ${(2 * PING_INTERVAL_MS) / 1000} s, and answers no ping; ${MAY_HAVE_RUN}.`;
    end(new ServerFailed(server, 'broken', what));
  });
  const end = (failure: PipeFailure): void => {
    fail(failure);
    websocket.terminate();
  };

  /** The bytes at the end of the last message, and the characters of the messages that are being read. */
  let wholeAt = socket.bytesRead;
  let read = 0;
  /** The number of reasons for the pause. */
  let pauses = 0;
  /** `ws` keeps the received part of a message until it is complete. */
  const waiting = (): number => countedBytes(socket.bytesRead - wholeAt + read);
  const pauseUntil = (settled: Promise<void>): void => {
    pauses += 1;
    websocket.pause();
    settled.catch(end).finally(() => {
      pauses -= 1;
      if (pauses === 0) {
        websocket.resume();
      }
    });
  };
  socket.on('data', () => {
    if (!isOver && !room.incoming.tryResize(waiting())) {
      pauseUntil(room.incoming.waitToResize(waiting()));
    }
  });

  websocket
    .on('message', (data, isBinary) => {
      if (isBinary) {
        fail(pipeProtocolViolation(server, SPOKEN, 'it sent a frame that is not text'));
        websocket.close(UNACCEPTABLE_CODE);
      } else if (!isOver) {
        const text = data.toString();
        const taking = reader.message(text);
        wholeAt = socket.bytesRead;
        if (taking !== undefined) {
          read += text.length;
          pauseUntil(
            taking.finally(() => {
              read -= text.length;
              room.incoming.tryResize(waiting());
            }),
          );
        }
      }
    })
    // `ws` closes itself. It reports an error only if a frame cannot be read.
    .on('error', (error) => fail(unreadable(server, error, room.longest)))
    .on('close', (code) => {
      const what = `ended the connection (WebSocket status ${code}); ${MAY_HAVE_RUN}.`;
      fail(new ServerFailed(server, 'broken', what));
    });
  /** Holds the memory of the output that the server has not taken; false if there is none. */
  const noteQueue = (): boolean => room.outgoing.tryResize(countedBytes(websocket.bufferedAmount));
  const closed = new Promise<void>((resolve) => websocket.once('close', () => resolve()));
  setImmediate(() => websocket.resume());

  const pipe: Pipe = {
    send: async (message, mayBeSent) => {
      await room.forMessage(message.length);
      if (mayBeSent?.() === false) {
        throw new NotSent();
      }
      if (websocket.readyState !== websocket.OPEN) {
        throw connectionEnded(server);
      }
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const isQueued = websocket.bufferedAmount <= room.longest;
      if (isQueued) {
        websocket.send(message, (error) => {
          noteQueue();
          error ? reject(connectionFailed(server, 'broken', error)) : resolve();
        });
      }
      // A server that does not read must not let the queue grow without limit.
      if (!(isQueued && noteQueue())) {
        const failure = new ServerFailed(server, 'broken', `does not read what it is sent; ${MAY_HAVE_RUN}.`);
        reject(failure);
        end(failure);
      }
      return promise;
    },
    close: () => {
      over();
      websocket.close(NORMAL_CODE);
      return closed;
    },
  };
  return { pipe, end };
}

/** Checks for received bytes, and sends a ping if there are none. Calls `lost` if there are none after that either. */
function listen(websocket: WebSocket, socket: Socket, lost: () => void): NodeJS.Timeout {
  let heard = socket.bytesRead;
  let isAsked = false;
  const look = (): void => {
    const isQuiet = socket.bytesRead === heard;
    heard = socket.bytesRead;
    if (isQuiet && isAsked) {
      lost();
      return;
    }
    isAsked = isQuiet;
    if (isQuiet) {
      websocket.ping();
    }
  };
  return setInterval(look, PING_INTERVAL_MS).unref();
}

const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : error.name);

const connectionFailed = (server: string, kind: 'unreachable' | 'broken', error: Error): ServerFailed =>
  toServerFailed(server, { kind, isAnswered: false, reason: codeOf(error), cause: error }, 0);

const unreadable = (server: string, error: Error, longest: number): ServerFailed => {
  const code = codeOf(error);
  const isLong = code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
  const why = isLong ? `a message is longer than ${longest} bytes` : `its frames cannot be read (${code})`;
  return pipeProtocolViolation(server, SPOKEN, why);
};
