import type { MemoryScope } from '../base/memory-scope.ts';
import { EgressRefused } from '../egress/egress-refused.ts';
import { discard, type HttpAnswer, type HttpFailure } from '../egress/http-answer.ts';
import { type HttpRequest, type OwnedDispatcher, sendHttp } from '../egress/send-http.ts';
import { decodeAnswer } from './decode-answer.ts';
import { protocolViolation } from './messages.ts';
import { MAY_HAVE_RUN } from './pipe-failures.ts';
import { ServerFailed } from './server-failed.ts';
import type { RemoteTarget } from './target.ts';

/** A request to a server. Its URL comes from the target. */
export type ServerRequest = Omit<HttpRequest, 'origin' | 'path' | 'body'> & { readonly body?: string | Buffer };

/** The gateway passes most bytes on as they come, so it asks for no content coding. */
const OWN_HEADERS = {
  accept: 'application/json, text/event-stream',
  'accept-encoding': 'identity',
  'user-agent': 'gatehouse',
};
const MAX_REDIRECTS = 5;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
/** Those that keep the method and the body (RFC 9110, sections 15.4.8 and 15.4.9). */
const KEEPING_REDIRECTS: readonly number[] = [307, 308];

/** Where and for whom requests to a server are sent. */
export type ServerWay = {
  readonly egress: OwnedDispatcher;
  readonly target: Pick<RemoteTarget, 'name' | 'origin' | 'path' | 'headers'>;
  /** Begins to hold memory for the owner of the connection. Throws OverBudget. */
  readonly memory: () => MemoryScope;
};

/**
 * Sends one HTTP request to a server, as the clients that people know do: it follows redirects within the origin of the
 * server, and removes content codings. Throws ServerFailed, also from the body of the answer, OverBudget, or the reason of
 * the signal.
 */
export async function sendToServer(way: ServerWay, request: ServerRequest): Promise<HttpAnswer> {
  const { name } = way.target;
  let { path } = way.target;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const answer = await sendTo(way, path, request);
    const { status, headers } = answer;
    if (!REDIRECTS.includes(status) || headers.location === undefined) {
      return headers['content-encoding'] === undefined ? answer : decodeAnswer(name, answer, way.memory);
    }
    discard(answer);
    path = followRedirect(way.target, path, { method: request.method, status, location: headers.location });
  }
  throw protocolViolation(name, `it redirects more than ${MAX_REDIRECTS} times`);
}

function sendTo({ egress, target }: ServerWay, path: string, request: ServerRequest): Promise<HttpAnswer> {
  const { name, origin } = target;
  const { body = null, idleTimeoutMs } = request;
  const headers = { ...OWN_HEADERS, ...request.headers, ...target.headers };
  return sendHttp(egress, { ...request, origin, path, headers, body }, (failure) =>
    toServerFailed(name, failure, idleTimeoutMs),
  );
}

/** Returns the path that a redirect leads to. Throws ServerFailed for a redirect that the request cannot follow. */
function followRedirect(
  { name, origin }: ServerWay['target'],
  path: string,
  { method, status, location }: { readonly method: string; readonly status: number; readonly location: string },
): string {
  const from = new URL(origin + path);
  const to = URL.parse(location, from.href);
  // The credentials of the server would go there. The origins are not compared: the origin of a blob: URL is that of the
  // URL within it.
  if (to?.protocol !== from.protocol || to.host !== from.host) {
    throw protocolViolation(
      name,
      `it redirects to another origin (HTTP ${status}); register the URL that it redirects to`,
    );
  }
  if (method !== 'GET' && !KEEPING_REDIRECTS.includes(status)) {
    throw protocolViolation(
      name,
      `it turns a ${method} into a GET (HTTP ${status}); register the URL that it redirects to`,
    );
  }
  return to.pathname + to.search;
}

/** Error codes of certificates that do not match or are not trusted, and of peers that do not speak TLS. */
const TLS = /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|ERR_TLS_|ERR_SSL_|EPROTO)/;

/** Turns a failed request into a ServerFailed. `idleTimeoutMs` is the idle timeout of the request, in milliseconds. */
export function toServerFailed(
  server: string,
  { kind, reason, cause }: HttpFailure,
  idleTimeoutMs: number,
): ServerFailed {
  if (TLS.test(reason)) {
    return new ServerFailed(server, 'unusable', `cannot be reached over TLS (${reason}).`, cause);
  }
  if (kind === 'contradicting') {
    return protocolViolation(server, `its answer has two ${reason} headers that differ`);
  }
  const what = {
    unreachable: `cannot be reached${cause instanceof EgressRefused ? `. ${cause.message}` : ` (${reason}).`}`,
    broken: `broke off (${reason}); ${MAY_HAVE_RUN}.`,
    late: `sent nothing for ${idleTimeoutMs / 1000} s; ${MAY_HAVE_RUN}.`,
  };
  return new ServerFailed(server, kind, what[kind], cause);
}
