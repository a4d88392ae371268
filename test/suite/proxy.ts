import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Sent = {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};
export type Came = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};
export type Forward = (sent: Sent) => Promise<Came>;
/** What a proxy makes of a request: it may change it, the answer, or both, or answer by itself. */
export type Relay = (sent: Sent, forward: Forward) => Promise<Came>;

export type RunningProxy = { readonly url: string; readonly stop: () => Promise<void> };

/** Starts a proxy in front of a server. */
export async function startProxy(target: string, relay: Relay): Promise<RunningProxy> {
  const agent = new Agent({ keepAlive: true });
  const forward: Forward = (sent) =>
    new Promise((resolve, reject) => {
      const { 'transfer-encoding': _, 'content-length': __, connection: ___, ...headers } = sent.headers;
      const length = { 'content-length': Buffer.byteLength(sent.body) };
      const outgoing = request(`${target}${sent.path}`, {
        method: sent.method,
        agent,
        headers: { ...headers, host: new URL(target).host, ...(sent.body !== '' && length) },
      });
      outgoing.once('error', reject).once('response', (answer) => {
        const { 'transfer-encoding': _, 'content-length': __, connection: ___, ...kept } = headersOf(answer);
        bodyOf(answer).then((body) => resolve({ status: answer.statusCode ?? 0, headers: kept, body }), reject);
      });
      outgoing.end(sent.body);
    });
  const server = createServer(async (incoming, outgoing) => {
    const body = await bodyOf(incoming);
    const { method = '', url: path = '' } = incoming;
    const came = await relay({ method, path, headers: headersOf(incoming), body }, forward).catch(() => null);
    if (came === null) {
      // The server is gone, or the proxy has been stopped meanwhile.
      outgoing.destroy();
      return;
    }
    outgoing.writeHead(came.status, { ...came.headers, 'content-length': Buffer.byteLength(came.body) }).end(came.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        agent.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const headersOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));

async function bodyOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString();
}
