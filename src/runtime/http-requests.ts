import type { MayBeSent } from '../base/not-sent.ts';
import { discard, type HttpAnswer } from '../egress/http-answer.ts';
import type { ConnectionOptions, ConnectionRequest } from './connection.ts';
import { statelessHeaders, withStatelessMeta } from './protocol.ts';
import { readRefusal } from './read-refusal.ts';
import { type ServerRequest, sendToServer } from './send-to-server.ts';
import { credentialsRefused, isUnavailableStatus, ServerFailed } from './server-failed.ts';
import type { HttpTarget } from './target.ts';

/** The requests of one connection over Streamable HTTP. All of them throw ServerFailed, or the reason of the signal. */
export type HttpRequests = {
  /**
   * Sends one HTTP request. A 401 or 403 is a failure, because it concerns the credentials of the server, unless a 403
   * is the JSON-RPC error of this one request.
   */
  readonly send: (request: ServerRequest) => Promise<HttpAnswer>;
  /** Posts a message in JSON. `idleMs` is the idle timeout in milliseconds; the default is that of the server. */
  readonly post: (
    message: string | Buffer,
    headers: ServerRequest['headers'],
    signal: AbortSignal,
    idleMs?: number,
    mayBeSent?: MayBeSent,
  ) => Promise<HttpAnswer>;
  /** Posts a request of the stateless version under an id of the gateway. */
  readonly postStateless: (
    request: Omit<ConnectionRequest, 'id'>,
    id: number,
    signal: AbortSignal,
  ) => Promise<HttpAnswer>;
};

/** Creates the requests of a connection. */
export function createHttpRequests(
  { egress, memory, onLost, onHealth }: Omit<ConnectionOptions, 'limits'>,
  target: HttpTarget,
): HttpRequests {
  const { name, idleTimeoutMs } = target;
  const send: HttpRequests['send'] = async (request) => {
    let answer: HttpAnswer;
    try {
      answer = await sendToServer({ egress, target, memory }, request);
    } catch (error) {
      if (error instanceof ServerFailed && error.kind === 'unreachable') {
        onLost(error);
      }
      if (error instanceof ServerFailed && (error.kind === 'unreachable' || error.kind === 'unusable')) {
        onHealth(error);
      }
      throw error;
    }
    if (answer.status === 403) {
      // A JSON-RPC error with an id concerns this request only, such as a scope that one tool wants.
      const refusal = await readRefusal(answer);
      if ((refusal?.id ?? null) !== null) {
        return { ...answer, body: Buffer.from(refusal?.text ?? '') };
      }
    }
    if (answer.status === 401 || answer.status === 403) {
      discard(answer);
      const refused = credentialsRefused(name, answer.status);
      onHealth(refused);
      throw refused;
    }
    if (!isUnavailableStatus(answer.status)) {
      onHealth(null);
    }
    return answer;
  };
  const post: HttpRequests['post'] = (message, headers, signal, idleMs = idleTimeoutMs, mayBeSent) =>
    send({
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: message,
      signal,
      idleTimeoutMs: idleMs,
      mayBeSent,
    });
  const postStateless: HttpRequests['postStateless'] = ({ method, params, headers, mayBeSent }, id, signal) => {
    const message = JSON.stringify({ jsonrpc: '2.0', id, method, params: withStatelessMeta(params) });
    // A subscription is silent while nothing changes.
    const ofMessage = { ...headers, ...statelessHeaders(method, params) };
    return post(message, ofMessage, signal, method === 'subscriptions/listen' ? 0 : idleTimeoutMs, mayBeSent);
  };
  return { send, post, postStateless };
}
