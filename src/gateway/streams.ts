import { ApiError } from '../base/errors.ts';
import type { Deps } from '../deps.ts';
import { discard } from '../egress/http-answer.ts';
import { notInUse } from '../runtime/runtime.ts';
import { ServerFailed } from '../runtime/server-failed.ts';
import type { EndpointRequest } from './call.ts';
import { RpcError } from './message.ts';
import { AnswerFailed } from './outcome.ts';
import { passBack } from './pass-back.ts';
import { isSessionLost, passedHeaders, placeOf, sessionHeaders } from './relay.ts';
import { closeSession } from './sessions.ts';

/** Opens the stream of notifications of a session. Without a session there is none. */
export async function openStream(deps: Deps, asked: EndpointRequest): Promise<void> {
  asked.listen();
  const { answer, session } = await inSession(deps, asked, 'GET');
  if (answer.status === 405) {
    discard(answer);
    throw onlyPost('The server tells nothing unasked.');
  }
  await passBack(deps, { ...session, response: asked.response, era: 'handshake', message: null }, answer).catch(
    asApiError,
  );
}

/** Ends the session of a client at the server. */
export async function endSession(deps: Deps, asked: EndpointRequest): Promise<void> {
  const { answer, session } = await inSession(deps, asked, 'DELETE');
  discard(answer);
  if (answer.status === 405) {
    throw onlyPost('The server lets nobody end a session.');
  }
  if (answer.status === 404) {
    throw new ApiError('not_found', 'The server knows no such session.');
  }
  closeSession(placeOf(session), session.id);
  asked.response.writeHead(200).end();
}

async function inSession(deps: Deps, { endpoint, source, request, signal }: EndpointRequest, method: 'GET' | 'DELETE') {
  if (source.kind !== 'server' || request.headers['mcp-session-id'] === undefined) {
    throw onlyPost(NO_SESSION);
  }
  try {
    const connection = deps.runtime.connection(source.server);
    if (connection === null) {
      throw notInUse(source.server.name);
    }
    const place = { endpoint, source, connection, request };
    const session = sessionHeaders(deps, place);
    if (connection.sendHttp === null) {
      throw onlyPost(NO_SESSION);
    }
    const accept = method === 'GET' ? { accept: 'text/event-stream' } : {};
    const answer = await connection.sendHttp({
      method,
      headers: { ...accept, ...passedHeaders(request.headers, null, 'handshake'), ...session },
      signal: method === 'GET' ? AbortSignal.any([signal, deps.stopping]) : signal,
      idleTimeoutMs: method === 'GET' ? 0 : connection.target.idleTimeoutMs,
    });
    if (answer.status !== 405 && (await isSessionLost(connection, session, answer))) {
      discard(answer);
      throw new ApiError('not_found', 'The server has lost this session: initialize a new one.');
    }
    return { answer, session: { ...place, id: String(session['mcp-session-id']) } };
  } catch (error) {
    return asApiError(error);
  }
}

/** Turns a failure into an ApiError, because no message exists that a JSON-RPC error could answer. */
function asApiError(failure: unknown): never {
  const error = failure instanceof AnswerFailed ? failure.cause : failure;
  if (error instanceof RpcError) {
    throw new ApiError('not_found', error.message, { cause: error });
  }
  throw error instanceof ServerFailed ? new ApiError('server_failed', error.message, { cause: error }) : error;
}

/** Clients of the transport HTTP+SSE (2024-11-05) begin with a GET, and show this. */
export const NO_SESSION =
  'There is no session: send messages with POST (Streamable HTTP). The older transport HTTP+SSE is not served.';
const onlyPost = (why: string): ApiError => new ApiError('method_not_allowed', why, { headers: { Allow: 'POST' } });
