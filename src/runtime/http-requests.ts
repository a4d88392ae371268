import type { MayBeSent } from '../base/not-sent.ts';
import { discard, type HttpAnswer } from '../egress/send-http.ts';
import type { ConnectionOptions, ConnectionRequest } from './connection.ts';
import { statelessHeaders, withStatelessMeta } from './protocol.ts';
import { type ServerRequest, sendToServer } from './send-to-server.ts';
import { credentialsRefused, ServerFailed } from './server-failed.ts';
import type { HttpTarget } from './target.ts';

/** What is asked of a server over Streamable HTTP. All of it throws ServerFailed, or the reason of the signal. */
export type HttpRequests = {
  /** One exchange. A 401 and a 403 are failures: they are about the server's own credentials. */
  readonly send: (request: ServerRequest) => Promise<HttpAnswer>;
  /** Posts a message in JSON; `silence` is in milliseconds, by default that of the server. */
  readonly post: (
    message: string,
    headers: ServerRequest['headers'],
    signal: AbortSignal,
    silence?: number,
    mayBeSent?: MayBeSent,
  ) => Promise<HttpAnswer>;
  /** Posts a request of the stateless protocol under an own id. */
  readonly postStateless: (
    request: Omit<ConnectionRequest, 'id'>,
    id: number,
    signal: AbortSignal,
  ) => Promise<HttpAnswer>;
};

/** Makes the requests of a connection. */
export function createHttpRequests(
  { egress, onLost }: Pick<ConnectionOptions, 'egress' | 'onLost'>,
  target: HttpTarget,
): HttpRequests {
  const { name, silence } = target;
  const send: HttpRequests['send'] = async (request) => {
    let answer: HttpAnswer;
    try {
      answer = await sendToServer(egress, target, request);
    } catch (error) {
      if (error instanceof ServerFailed && error.kind === 'unreachable') {
        onLost(error);
      }
      throw error;
    }
    if (answer.status === 401 || answer.status === 403) {
      discard(answer);
      throw credentialsRefused(name, answer.status);
    }
    return answer;
  };
  const post: HttpRequests['post'] = (message, headers, signal, quiet = silence, mayBeSent) =>
    send({
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: message,
      signal,
      silence: quiet,
      mayBeSent,
    });
  const postStateless: HttpRequests['postStateless'] = ({ method, params, headers, mayBeSent }, id, signal) => {
    const message = JSON.stringify({ jsonrpc: '2.0', id, method, params: withStatelessMeta(params) });
    // A subscription is silent as long as nothing changes.
    const ofMessage = { ...headers, ...statelessHeaders(method, params) };
    return post(message, ofMessage, signal, method === 'subscriptions/listen' ? 0 : silence, mayBeSent);
  };
  return { send, post, postStateless };
}
