import type { Deps } from '../deps.ts';
import type { Connection } from '../runtime/connection.ts';
import type { Era } from '../runtime/protocol.ts';
import { passOverBridge } from './bridge.ts';
import type { ServerCall } from './call.ts';
import type { Answered } from './outcome.ts';
import { passOn } from './relay.ts';
import { type Route, routeOf } from './route.ts';
import { askInSharedSession } from './shared-session.ts';

/** Sends a request on, and its answer back. Throws an RpcError, ServerFailed, NotSent or AnswerFailed. */
type Way = (deps: Deps, call: ServerCall) => Promise<Answered>;

const WAYS: Readonly<Record<Route, Way>> = {
  'client-session': passOn,
  'stateless-relay': passOn,
  'shared-session': askInSharedSession,
  bridge: passOverBridge,
};

/** Sends a request to its server by the way that it has to go, and the answer back. */
export async function forward(deps: Deps, call: ServerCall): Promise<Answered> {
  const { connection, era, session } = call;
  const hasSession = session['mcp-session-id'] !== undefined;
  // In a session of its own, a client speaks with the server itself.
  const spoken = hasSession ? era : await eraFor(connection, era);
  return WAYS[routeOf({ era, spoken, hasSession, isPipe: connection.exchange === null })](deps, call);
}

/** The era in which a server is asked for a client of an era: the client's own, where the server speaks it. */
async function eraFor(connection: Connection, era: Era): Promise<Era> {
  const facts = era === 'stateless' ? await connection.discover() : await connection.session();
  if (facts !== null) {
    return era;
  }
  return era === 'stateless' ? 'handshake' : 'stateless';
}
