import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { noteArrival } from '../base/event-loop-turns.ts';
import type { Limits } from '../base/limits.ts';
import { type Connection, isOver, isStuck, linger, newConnection } from './connection.ts';
import { createDescriptorRoom, type DescriptorRoom } from './descriptor-room.ts';

/** Requests that may wait behind an answer on their connection. A client that sends more at once is cut off. */
const MAX_PIPELINED_REQUESTS = 32;
/** Connections that had to be ended, from which on it is worth the time to give back the memory that they took. */
const MANY_STUCK_CONNECTIONS = 20;

/** The limits of connections. */
export type ConnectionOptions = {
  readonly limits: Limits;
  /** The maximum number of connections per address; null means no limit. */
  readonly perAddress: number | null;
  /** The maximum number of file descriptors of the process; null means that they are not counted. */
  readonly descriptors: number | null;
  /** Called at most once a minute when connections are closed because file descriptors run out. */
  readonly onTight: () => void;
  /** Called after at least 20 stuck connections have been ended and no more follow. */
  readonly onManyEnded: () => void;
};

/** The open connections of a server. */
export type Connections = {
  /** Forwards the requests of a connection one at a time: the next one after the previous answer was sent. */
  readonly inOrder: (serve: RequestListener) => RequestListener;
  readonly close: () => void;
};

/**
 * Watches the connections of a server and closes useless ones: an answer that the client does not read, and a
 * connection without a request. Node's own deadlines (head and body) must be set on the server.
 */
export function watchConnections(server: Server, options: ConnectionOptions): Connections {
  const { limits, perAddress, descriptors, onTight, onManyEnded } = options;
  /** Oldest first. */
  const open = new Map<Socket, Connection>();
  const byAddress = new Map<string, number>();
  const room: DescriptorRoom | null =
    descriptors === null ? null : createDescriptorRoom(descriptors, open, limits.connectionCheckMs, onTight);

  server.on('connection', (socket: Socket) => {
    noteArrival();
    const address = addressOf(socket);
    const count = (byAddress.get(address) ?? 0) + 1;
    if (perAddress !== null && count > perAddress) {
      socket.destroy();
      return;
    }
    const connection = newConnection(socket);
    open.set(socket, connection);
    byAddress.set(address, count);
    socket.once('close', () => {
      open.delete(socket);
      connection.pipelined.length = 0;
      const left = (byAddress.get(address) ?? 1) - 1;
      if (left === 0) {
        byAddress.delete(address);
      } else {
        byAddress.set(address, left);
      }
    });
    const destroySoon = socket.destroySoon.bind(socket);
    socket.destroySoon = () => {
      // Closed with unread bytes, the system would reset the connection, and the client could lose the answer.
      if (connection.request?.complete === false) {
        linger(socket, limits.lingerMs, connection.request);
      } else {
        destroySoon();
      }
    };
    room?.make(connection);
  });

  let ended = 0;
  const look = (): void => {
    const now = performance.now();
    const endedBefore = ended;
    for (const connection of open.values()) {
      if (isStuck(connection, now, limits)) {
        connection.socket.destroy();
        ended += 1;
      }
    }
    if (ended >= MANY_STUCK_CONNECTIONS && ended === endedBefore) {
      ended = 0;
      onManyEnded();
    }
  };
  const looking = setInterval(look, limits.connectionCheckMs).unref();

  return {
    inOrder: (serve) => (request, response) => {
      const connection = open.get(request.socket);
      if (connection === undefined || request.socket.destroyed) {
        // What was read before the connection was closed.
        parseNoMore(request.socket);
        return;
      }
      if (connection.pipelined.length > 0 || !isOver(connection.response)) {
        queue(connection, request, response, serve);
      } else {
        begin(connection, request, response, serve);
      }
    },
    close: () => {
      clearInterval(looking);
      room?.close();
    },
  };
}

/** The same for an IPv4 address on a socket of either family. */
const addressOf = ({ remoteAddress = '' }: Socket): string => remoteAddress.replace(/^::ffff:(?=\d+\.)/, '');

function begin(connection: Connection, request: IncomingMessage, response: ServerResponse, serve: RequestListener) {
  // Node parses them one after another: the one before was whole.
  connection.hasAsked ||= connection.request !== undefined;
  connection.request = request;
  connection.response = response;
  connection.idleSince = null;
  serve(request, response);
}

/**
 * Ends the parsing of what a closed connection had sent. Node goes on to the end of what it has read, of which thousands
 * of requests could be made; a parser whose callback fails stops.
 */
function parseNoMore(socket: Socket): void {
  const { parser } = socket as Socket & { readonly parser?: { onIncoming: () => number } | null };
  if (parser != null) {
    parser.onIncoming = () => -1;
  }
}

function queue(connection: Connection, request: IncomingMessage, response: ServerResponse, serve: RequestListener) {
  const { socket, pipelined } = connection;
  if (pipelined.length === MAX_PIPELINED_REQUESTS) {
    socket.destroy();
    return;
  }
  if (pipelined.length === 0) {
    connection.response?.once('close', () => serveNext(connection, serve));
  }
  pipelined.push([request, response]);
  // Node has parsed what it had read by then; it reads no more.
  socket.pause();
}

function serveNext(connection: Connection, serve: RequestListener): void {
  const next = connection.pipelined.shift();
  if (next === undefined || connection.socket.destroyed) {
    return;
  }
  const [request, response] = next;
  if (connection.pipelined.length > 0) {
    response.once('close', () => serveNext(connection, serve));
  } else {
    connection.socket.resume();
  }
  begin(connection, request, response, serve);
}
