import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeEach } from 'vitest';

/** A request as it came over the wire. */
export type Received = {
  readonly method: string;
  /** Path and query, not decoded. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
};

export type Answering = (request: Received, response: ServerResponse) => unknown;

/** A real HTTP server on loopback that remembers what it was sent. */
export type TestService = {
  readonly url: string;
  readonly host: string;
  readonly received: Received[];
  /** What it answers from now on; 204 at first, and after `reset`. */
  answer: Answering;
  /** Forgets everything. */
  readonly reset: () => void;
};

const nothing: Answering = (_, response) => response.writeHead(204).end();

/** Starts a service for the tests of a suite: it is reset before each, and closed after the last. */
export async function startService(): Promise<TestService> {
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request;
    const received = { method, url, headers, body: await buffer(request) };
    service.received.push(received);
    await service.answer(received, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const service: TestService = {
    url: `http://${host}`,
    host,
    received: [],
    answer: nothing,
    reset: () => {
      service.received.length = 0;
      service.answer = nothing;
    },
  };
  beforeEach(() => service.reset());
  afterAll(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  return service;
}

/** Answers with a status, some headers and a body. */
export const answering =
  (status: number, headers: Record<string, string | string[]>, body: string | Buffer = ''): Answering =>
  (_, response) =>
    response.writeHead(status, headers).end(body);

/** Answers JSON, as it is written. */
export const answeringJson = (text: string, status = 200): Answering =>
  answering(status, { 'content-type': 'application/json' }, text);
