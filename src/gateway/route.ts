import type { Era } from '../runtime/protocol.ts';

/**
 * How a message gets to a server. `client-session`: as it is, in the client's own session. `stateless-relay`: as it is,
 * without a session. `shared-session`: under an id of the gateway's own, in the session that all clients without one share.
 * `bridge`: so, and translated into the other era.
 */
export type Route = 'client-session' | 'stateless-relay' | 'shared-session' | 'bridge';

export type Routed = {
  /** The era of the client, and the one in which the server is asked for it. */
  readonly era: Era;
  readonly spoken: Era;
  /** Whether the client has a session of its own at the server. */
  readonly hasSession: boolean;
  /** Whether the server is reached over a pipe, which is one session for all who use it. */
  readonly isPipe: boolean;
};

/** The route of a message to a server. */
export function routeOf({ era, spoken, hasSession, isPipe }: Routed): Route {
  if (hasSession) {
    return 'client-session';
  }
  if (era !== spoken) {
    return 'bridge';
  }
  return era === 'stateless' && !isPipe ? 'stateless-relay' : 'shared-session';
}
