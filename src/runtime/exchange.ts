import type { Egress } from '../egress/egress.ts';
import { type Failure, type HttpAnswer, type HttpRequest, exchange as httpExchange } from '../egress/exchange.ts';
import { EgressRefused } from '../egress/refused.ts';
import { ServerFailed } from './failed.ts';

/** A server as HTTP sees it. */
export type Target = {
  /** For messages to people. */
  readonly name: string;
  /** Where it is: `https://host:port`, and the rest of its URL. */
  readonly origin: string;
  readonly path: string;
  /** What its owner has it sent with every request; goes before everything else. Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
};

/** A request to a server: where it goes is known. */
export type ServerRequest = Omit<HttpRequest, 'origin' | 'path' | 'body'> & { readonly body?: string };

const OWN_HEADERS = { accept: 'application/json, text/event-stream', 'user-agent': 'gatehouse' };

/** One exchange with a server. Throws ServerFailed, also from the body of the answer, or the reason of the signal. */
export function exchange(egress: Egress, target: Target, request: ServerRequest): Promise<HttpAnswer> {
  const { name, origin, path } = target;
  const { method, body = null, signal, silence } = request;
  const headers = { ...OWN_HEADERS, ...request.headers, ...target.headers };
  return httpExchange(egress, { origin, path, method, headers, body, signal, silence }, (failure) =>
    serverFailed(name, failure, silence),
  );
}

function serverFailed(server: string, { kind, reason, cause }: Failure, silence: number): ServerFailed {
  const carriedOut = 'what it was asked may have been carried out';
  const what = {
    unreachable: `cannot be reached${cause instanceof EgressRefused ? `. ${cause.message}` : ` (${reason}).`}`,
    broken: `broke off (${reason}); ${carriedOut}.`,
    late: `sent nothing for ${silence / 1000} s; ${carriedOut}.`,
  };
  return new ServerFailed(server, kind, what[kind], cause);
}
