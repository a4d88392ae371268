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

/** A request to a server: where it goes is known. */
export type ServerRequest = Omit<HttpRequest, 'origin' | 'path' | 'body'> & { readonly body?: string };

const OWN_HEADERS = { accept: 'application/json, text/event-stream', 'user-agent': 'gatehouse' };

/** One exchange with a server. Throws ServerFailed, also from the body of the answer, or the reason of the signal. */
export function sendToServer(
  egress: OwnedDispatcher,
  target: RemoteTarget,
  request: ServerRequest,
): Promise<HttpAnswer> {
  const { name, origin, path } = target;
  const { body = null, silence } = request;
  const headers = { ...OWN_HEADERS, ...request.headers, ...target.headers };
  return sendHttp(egress, { ...request, origin, path, headers, body }, (failure) =>
    toServerFailed(name, failure, silence),
  );
}

/** Certificates that do not fit or are not trusted, and what does not speak TLS where it should. */
const TLS = /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|ERR_TLS_|ERR_SSL_|EPROTO)/;

/** A failed exchange as the failure of a server; `silence` is that of the exchange, in milliseconds. */
export function toServerFailed(server: string, { kind, reason, cause }: HttpFailure, silence: number): ServerFailed {
  if (TLS.test(reason)) {
    return new ServerFailed(server, 'unusable', `cannot be reached over TLS (${reason}).`, cause);
  }
  if (kind === 'contradicting') {
    return protocolViolation(server, `its answer has two ${reason} headers that differ`);
  }
  const what = {
    unreachable: `cannot be reached${cause instanceof EgressRefused ? `. ${cause.message}` : ` (${reason}).`}`,
    broken: `broke off (${reason}); ${MAY_HAVE_RUN}.`,
    late: `sent nothing for ${silence / 1000} s; ${MAY_HAVE_RUN}.`,
  };
  return new ServerFailed(server, kind, what[kind], cause);
}
