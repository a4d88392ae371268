import type { ServerResponse } from 'node:http';
import { ApiError } from '../base/errors.ts';
import type { Deps } from '../deps.ts';
import { discard } from '../egress/exchange.ts';
import type { Identified } from '../http/context.ts';
import { ServerFailed } from '../runtime/failed.ts';
import { notInUse } from '../runtime/runtime.ts';
import { RpcError } from './message.ts';
import { passBack, passedHeaders, placeOf, sessionHeaders } from './relay.ts';
import type { Renewable } from './renewable.ts';
import type { Served } from './served.ts';
import { closeSession } from './sessions.ts';

/** A request to an endpoint that is there. The signal ends it: the client is gone, or the token no longer good. */
export type Asked = Served &
  Renewable & {
    /** Notes that what is answered is what the server tells unasked: a scope that changes ends it too. */
    readonly listen: () => void;
    readonly request: Identified;
    readonly response: ServerResponse;
    readonly signal: AbortSignal;
  };

/** Opens the stream of what the server tells a session unasked. Without a session there is none. */
export async function openStream(deps: Deps, asked: Asked): Promise<void> {
  asked.listen();
  const { answer, target } = await inSession(deps, asked, 'GET');
  const { source, request, response } = asked;
  if (answer.status === 405 || source.kind !== 'server') {
    discard(answer);
    throw onlyPost('The server tells nothing unasked.');
  }
  const note = { responseBytes: 0 };
  await passBack(answer, { deps, target, served: source, request, response, id: null, note, sent: null }).catch(
    asApiError,
  );
}

/** Ends a session of the client's own at the server. */
export async function endSession(deps: Deps, asked: Asked): Promise<void> {
  const { answer, place, sessionId } = await inSession(deps, asked, 'DELETE');
  discard(answer);
  if (answer.status === 405) {
    throw onlyPost('The server lets nobody end a session.');
  }
  if (answer.status === 404) {
    throw new ApiError('not_found', 'The server knows no such session.');
  }
  closeSession(place, sessionId);
  asked.response.writeHead(200).end();
}

async function inSession(deps: Deps, { endpoint, source, request, signal }: Asked, method: 'GET' | 'DELETE') {
  if (source.kind !== 'server' || request.headers['mcp-session-id'] === undefined) {
    throw onlyPost(NO_SESSION);
  }
  try {
    const connection = deps.runtime.connection(source.server);
    if (connection === null) {
      throw notInUse(source.server.name);
    }
    const relayed = { served: source, connection, endpointId: endpoint.id };
    const session = sessionHeaders(deps, relayed, request.headers);
    if (connection.exchange === null) {
      throw onlyPost(NO_SESSION);
    }
    const accept = method === 'GET' ? { accept: 'text/event-stream' } : {};
    const answer = await connection.exchange({
      method,
      headers: { ...accept, ...passedHeaders(request.headers, null, 'handshake'), ...session },
      signal: method === 'GET' ? AbortSignal.any([signal, deps.stopping]) : signal,
      silence: method === 'GET' ? 0 : connection.target.silence,
    });
    const place = placeOf(source, connection, endpoint.id);
    return { answer, place, target: connection.target, sessionId: String(session['mcp-session-id']) };
  } catch (error) {
    return asApiError(error);
  }
}

/** There is no message that an error could be the answer to. */
function asApiError(error: unknown): never {
  if (error instanceof RpcError) {
    throw new ApiError('not_found', error.message);
  }
  throw error instanceof ServerFailed ? new ApiError('server_failed', error.message) : error;
}

const NO_SESSION = 'There is no session: send messages with POST.';
const onlyPost = (why: string): ApiError => new ApiError('method_not_allowed', why, { headers: { Allow: 'POST' } });
