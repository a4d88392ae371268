import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it arrived. */
export type Received = { readonly headers: IncomingHttpHeaders; readonly text: string; readonly path: string };

/** A real receiver of events. */
export type Receiver = {
  readonly url: string;
  readonly received: Received[];
  /** How it answers; at first with 204. */
  answer: (response: ServerResponse, received: Received) => void;
  readonly stop: () => Promise<void>;
  /** Listens again, at the same address, after `stop`. */
  readonly start: () => Promise<void>;
};

/** Starts a receiver of events on a free port. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = { headers: request.headers, text: Buffer.concat(chunks).toString(), path: request.url ?? '' };
      received.push(one);
      receiver.answer(response, one);
    });
  });
  let port = 0;
  const receiver: Receiver = {
    get url() {
      return `http://127.0.0.1:${port}/hooks/secret-path?key=secret-key`;
    },
    received,
    answer: (response) => response.writeHead(204).end(),
    start: async () => {
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
      port = (server.address() as AddressInfo).port;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  await receiver.start();
  return receiver;
}
