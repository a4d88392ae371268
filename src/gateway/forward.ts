import type { Deps } from '../deps.ts';
import type { Connection } from '../runtime/connection.ts';
import type { Era } from '../runtime/protocol.ts';
import { passOverBridge } from './bridge.ts';
import type { ServerCall } from './call.ts';
import type { Answered } from './outcome.ts';
import { passOn } from './relay.ts';
import { type Route, routeOf } from './route.ts';
import { askInSharedSession } from './shared-session.ts';

/**
 * A way to send a request to a server and its answer to the client. Throws an RpcError, ServerFailed, NotSent or
 * AnswerFailed.
 */
type Way = (deps: Deps, call: ServerCall) => Promise<Answered>;

const WAYS: Readonly<Record<Route, Way>> = {
  'client-session': passOn,
  'stateless-relay': passOn,
  'shared-session': askInSharedSession,
  bridge: passOverBridge,
};

/** Sends a request to its server on the route that `routeOf` gives, and the answer to the client. */
export async function forward(deps: Deps, call: ServerCall): Promise<Answered> {
  const { connection, era, session } = call;
  const hasSession = session['mcp-session-id'] !== undefined;
  // In its own session, a client speaks directly with the server.
  const spoken = hasSession ? era : await eraFor(connection, era);
  return WAYS[routeOf({ era, spoken, hasSession, isPipe: connection.sendHttp === null })](deps, call);
}

/** Returns the era for requests to a server: that of the client if the server supports it. */
async function eraFor(connection: Connection, era: Era): Promise<Era> {
  const facts = era === 'stateless' ? await connection.discover() : await connection.session();
  if (facts !== null) {
    return era;
  }
  return era === 'stateless' ? 'handshake' : 'stateless';
}
