import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Config } from '../config.ts';

type ListenOptions = Pick<Config, 'host' | 'port'> & {
  /** The names of the settings, for messages: variables of the environment, or options of the command line. */
  readonly settings: { readonly host: string; readonly port: string };
};

/** A server cannot listen. The message gives the reason and the remedy. */
export class CannotListen extends Error {}

/** Listens, and resolves with the URL, such as `http://127.0.0.1:8080`. Port 0 means any free port. Throws CannotListen. */
export function listen(server: Server, { host, port, settings }: ListenOptions): Promise<string> {
  const remedies: Readonly<Record<string, string>> = {
    EADDRINUSE: `another program listens there already. Set ${settings.port} to a free port.`,
    EACCES: `this user has no permission to listen there. Set ${settings.port} to 1024 or higher.`,
    EADDRNOTAVAIL: `this machine has no such address. Set ${settings.host} to one that it has.`,
    ENOTFOUND: `this host name has no address. Set ${settings.host} to an address of this machine.`,
  };
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const remedy = remedies[error.code ?? ''];
      reject(remedy === undefined ? error : new CannotListen(`${error.message}: ${remedy}`, { cause: error }));
    });
    server.listen(port, host, () => {
      const { address, family, port: actual } = server.address() as AddressInfo;
      resolve(`http://${family === 'IPv6' ? `[${address}]` : address}:${actual}`);
    });
  });
}
