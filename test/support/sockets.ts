import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';

/** A server of a test, and the sockets that it has. */
export type Listened = {
  readonly port: number;
  /** Sockets that are open now. */
  readonly open: () => number;
  /** Breaks all connections, without a word. */
  readonly drop: () => void;
  /** Drops all, and takes no more. */
  readonly stop: () => Promise<void>;
};

/** Lets a server listen on loopback, on a free port unless told. */
export async function listenOn(server: Server, port = 0): Promise<Listened> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const drop = () => {
    for (const socket of sockets) {
      socket.resetAndDestroy();
    }
  };
  return {
    port: (server.address() as AddressInfo).port,
    open: () => sockets.size,
    drop,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      drop();
      await closed;
    },
  };
}
