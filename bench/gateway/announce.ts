import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Listens on a free port, tells the parent process the URL, and ends with it. */
export function announce(server: Server): void {
  // A side that waits for its turn keeps its connections.
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    process.send?.(`http://127.0.0.1:${port}/mcp`);
  });
  process.once('disconnect', () => process.exit(0));
}
