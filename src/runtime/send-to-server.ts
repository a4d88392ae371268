import { EgressRefused } from '../egress/egress-refused.ts';
import {
  type HttpAnswer,
  type HttpFailure,
  type HttpRequest,
  type OwnedDispatcher,
  sendHttp,
} from '../egress/send-http.ts';
import { protocolViolation } from './messages.ts';
import { MAY_HAVE_RUN } from './pipe-failures.ts';
import { ServerFailed } from './server-failed.ts';
import type { RemoteTarget } from './target.ts';

/** A request to a server. Its URL comes from the target. */
export type ServerRequest = Omit<HttpRequest, 'origin' | 'path' | 'body'> & { readonly body?: string | Buffer };

const OWN_HEADERS = { accept: 'application/json, text/event-stream', 'user-agent': 'gatehouse' };

/**
 * Sends one HTTP request to a server. Throws ServerFailed, also from the body of the answer, or the reason of the
 * signal.
 */
export function sendToServer(
  egress: OwnedDispatcher,
  target: RemoteTarget,
  request: ServerRequest,
): Promise<HttpAnswer> {
  const { name, origin, path } = target;
  const { body = null, idleTimeoutMs } = request;
  const headers = { ...OWN_HEADERS, ...request.headers, ...target.headers };
  return sendHttp(egress, { ...request, origin, path, headers, body }, (failure) =>
    toServerFailed(name, failure, idleTimeoutMs),
  );
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
