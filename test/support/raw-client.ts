import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A client that speaks bytes, and keeps its side of the connection open whatever the server does. */
export type RawClient = {
  readonly socket: Socket;
  /** Everything that has come. */
  readonly text: () => string;
  /** Whether the server has said that nothing more comes. */
  readonly isEnded: () => boolean;
  /** Whether nothing of the connection is left at the server: what is sent there is reset. */
  readonly isGone: () => boolean;
};

/**
 * Connects to a server and sends something. `reads: false` takes nothing of what is answered, not even its end; then
 * `isGone` sends an empty line each time that it is asked.
 */
export async function rawClient(url: string, sent: string, { reads = true } = {}): Promise<RawClient> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  let text = '';
  let isEnded = false;
  let isGone = false;
  socket.on('error', () => undefined);
  socket.once('end', () => {
    isEnded = true;
  });
  socket.once('close', () => {
    isGone = true;
  });
  if (reads) {
    socket.on('data', (data) => {
      text += data.toString('latin1');
    });
  }
  await once(socket, 'connect');
  socket.write(sent);
  return {
    socket,
    text: () => text,
    isEnded: () => isEnded,
    isGone: () => {
      if (isEnded || !reads) {
        // An empty line is no request, and nothing that would end a connection.
        socket.write('\r\n');
      }
      return isGone;
    },
  };
}
