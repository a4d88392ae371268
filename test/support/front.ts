import { connect, createServer, type Socket } from 'node:net';
import { type Listened, listenOn } from './sockets.ts';

const GET = Buffer.from('GET ');

/** What stands before a server, passes everything on, and notes who comes. */
export type Front = Listened & {
  /** The heads of the last GET requests of the connections that are open: what opens a pipe. */
  readonly gets: () => string[];
};

/** Starts a front of the server at a port of loopback. */
export async function startFront(port: number): Promise<Front> {
  const heads = new Map<Socket, string>();
  const listened = await listenOn(
    createServer((socket) => {
      const behind = connect(port, '127.0.0.1');
      // A connection over which messages were sent may be used again to open a pipe.
      socket.on(
        'data',
        (data) => data.subarray(0, GET.length).equals(GET) && heads.set(socket, data.toString('latin1')),
      );
      socket.once('close', () => heads.delete(socket));
      socket.on('error', () => behind.destroy()).on('close', () => behind.destroy());
      behind.on('error', () => socket.destroy()).on('close', () => socket.destroy());
      socket.pipe(behind).pipe(socket);
    }),
  );
  return { ...listened, gets: () => [...heads.values()] };
}
