import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';

/** Something that listens on loopback. */
export type Listener = {
  readonly port: number;
  /** `http://…` with the port. */
  readonly url: string;
  /** Connections it has taken so far. */
  readonly connections: () => number;
  readonly closeConnections: () => void;
  readonly close: () => Promise<void>;
};

/** A real HTTP server on one address of loopback, on a free port unless told. */
export async function startHttp(address: '127.0.0.1' | '::1', handler: RequestListener, port = 0): Promise<Listener> {
  const server = createServer(handler);
  return { ...(await listen(server, address, port)), closeConnections: () => server.closeAllConnections() };
}

/** Listeners on both loopback addresses under one port, where nobody may come. `connections` counts both. */
export async function startCanaries(): Promise<Listener> {
  const hangUp = () => createTcpServer((socket) => socket.destroy());
  const four = await listen(hangUp(), '127.0.0.1', 0);
  const six = await listen(hangUp(), '::1', four.port);
  return {
    ...four,
    connections: () => four.connections() + six.connections(),
    close: async () => {
      await Promise.all([four.close(), six.close()]);
    },
  };
}

async function listen(server: Server, address: string, port: number): Promise<Listener> {
  let connections = 0;
  server.on('connection', () => {
    connections += 1;
  });
  server.listen(port, address);
  await once(server, 'listening');
  const { port: taken } = server.address() as AddressInfo;
  return {
    port: taken,
    url: `http://${address.includes(':') ? `[${address}]` : address}:${taken}`,
    connections: () => connections,
    closeConnections: () => undefined,
    close: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}
