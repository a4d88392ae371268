import type { Era } from '../runtime/protocol.ts';

/** Returns the route of a message. */
export type Route = 'client-session' | 'stateless-relay' | 'shared-session' | 'bridge';

/** The facts that determine a route. */
export type Routed = {
  /** The era of the client, and the era for requests to the server. */
  readonly era: Era;
  readonly spoken: Era;
  /** Whether the client has its own session at the server. */
  readonly hasSession: boolean;
  /** Whether the server is connected by a pipe, which all its users share as one session. */
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
