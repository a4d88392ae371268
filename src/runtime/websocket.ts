import type { ClientRequestArgs } from 'node:http';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { nextTurn } from '../base/breathe.ts';
import type { Egress } from '../egress/egress.ts';
import { serverFailed } from './exchange.ts';
import { ServerFailed } from './failed.ts';
import { LONGEST_MESSAGE, type Pipe, type PipeReader } from './pipe.ts';
import { CARRIED_OUT, hasEnded, notSpoken, statusFailed } from './pipe-failures.ts';
import type { RemoteTarget } from './target.ts';

const SPOKEN = 'WebSocket';
const SUBPROTOCOL = 'mcp';
/** Milliseconds between two looks whether anything was heard: after one without, a ping; after two, the end. */
const QUIET = 30_000;
/** Milliseconds that the other side gets to agree to the end. */
const FAREWELL = 1000;
/** Status codes of the end (RFC 6455, section 7.4.1). */
const NORMAL = 1000;
const UNACCEPTABLE = 1003;

/**
 * Opens a pipe over a WebSocket (RFC 6455) with the subprotocol `mcp`: one JSON-RPC message a text frame, both ways.
 * Nothing reaches `reader` before this resolves. Throws ServerFailed, or the reason of `signal`, which bounds the
 * opening alone. `ws` is loaded by the first who needs it.
 */
export async function openWebSocket(
  egress: Pick<Egress, 'connector'>,
  target: RemoteTarget,
  reader: PipeReader,
  signal: AbortSignal,
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
  // Not a literal argument: the types do not know `closeTimeout`.
  const options = {
    headers: { 'user-agent': 'gatehouse', ...target.headers },
    maxPayload: LONGEST_MESSAGE,
    perMessageDeflate: false,
    closeTimeout: FAREWELL,
    createConnection,
  };
  const websocket = new WebSocket(url, [SUBPROTOCOL], options);
  const socket = await opened(target.name, websocket, () => isConnected, signal);
  return pipeOf(target.name, websocket, socket, reader);
}

/** Where a URL leads, as connectors want it. */
const placeOf = ({ protocol, hostname, host, port }: URL) => ({
  protocol: protocol === 'https:' || protocol === 'wss:' ? 'https:' : 'http:',
  hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
  host,
  port,
});

/** Bytes of messages that are read before others have their turn, and those that a frame costs besides, at the least. */
const TURN_BYTES = 64 * 1024;
const FRAME_BYTES = 64;

/** What a WebSocket runs over, as soon as it is open; it is paused. */
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
        giveUp(notSpoken(server, SPOKEN, `it did not choose the subprotocol ${SUBPROTOCOL}`));
      }
      websocket.once('open', () => {
        websocket.pause();
        resolve(socket);
      });
    })
    .once('unexpected-response', (_request, { statusCode = 0 }) => giveUp(statusFailed(server, SPOKEN, statusCode)))
    .on('error', (error) => {
      reject(
        isUpgraded
          ? notSpoken(server, SPOKEN, 'its answer is not the one of a WebSocket')
          : connectionFailed(server, isConnected() ? 'broken' : 'unreachable', error),
      );
    });
  return promise.finally(() => signal.removeEventListener('abort', leave));
}

function pipeOf(server: string, websocket: WebSocket, socket: Socket, reader: PipeReader): Pipe {
  let isOver = false;
  /** Bytes that were read since others had their turn. */
  let inTurn = 0;
  const over = (): void => {
    isOver = true;
    clearInterval(looking);
  };
  const fail = (failure: ServerFailed): void => {
    if (!isOver) {
      over();
      reader.ended(failure);
    }
  };
  const looking = listen(websocket, socket, () => {
    const what = `was not heard for ${(2 * QUIET) / 1000} s, and answers no ping; ${CARRIED_OUT}.`;
    fail(new ServerFailed(server, 'broken', what));
    websocket.terminate();
  });

  websocket
    .on('message', (data, isBinary) => {
      if (isBinary) {
        fail(notSpoken(server, SPOKEN, 'it sent a frame that is not text'));
        websocket.close(UNACCEPTABLE);
      } else if (!isOver) {
        reader.message(data.toString());
        inTurn += (data as Buffer).length + FRAME_BYTES;
        if (inTurn > TURN_BYTES && !websocket.isPaused) {
          inTurn = 0;
          websocket.pause();
          void nextTurn().then(() => websocket.resume());
        }
      }
    })
    // It closes itself: there is an error only when something came that cannot be read.
    .on('error', (error) => fail(unreadable(server, error)))
    .on('close', (code) => {
      const what = `ended the connection (WebSocket status ${code}); ${CARRIED_OUT}.`;
      fail(new ServerFailed(server, 'broken', what));
    });
  const closed = new Promise<void>((resolve) => websocket.once('close', () => resolve()));
  setImmediate(() => websocket.resume());

  return {
    send: (message) =>
      new Promise((resolve, reject) => {
        if (websocket.readyState !== websocket.OPEN) {
          reject(hasEnded(server));
          return;
        }
        // Before it is handed on: a server that does not read must not make the queue as long as it likes.
        if (websocket.bufferedAmount > LONGEST_MESSAGE) {
          const failure = new ServerFailed(server, 'broken', `does not read what it is sent; ${CARRIED_OUT}.`);
          fail(failure);
          websocket.terminate();
          reject(failure);
          return;
        }
        websocket.send(message, (error) => (error ? reject(connectionFailed(server, 'broken', error)) : resolve()));
      }),
    close: () => {
      over();
      websocket.close(NORMAL);
      return closed;
    },
  };
}

/** Looks whether bytes come in, and asks for some when none do; calls `lost` when none come even so. */
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
  return setInterval(look, QUIET).unref();
}

const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : error.name);

const connectionFailed = (server: string, kind: 'unreachable' | 'broken', error: Error): ServerFailed =>
  serverFailed(server, { kind, isAnswered: false, reason: codeOf(error), cause: error }, 0);

const unreadable = (server: string, error: Error): ServerFailed => {
  const code = codeOf(error);
  const isLong = code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
  const why = isLong ? `a message is longer than ${LONGEST_MESSAGE} bytes` : `its frames cannot be read (${code})`;
  return notSpoken(server, SPOKEN, why);
};
