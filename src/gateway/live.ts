/** Exchanges of one endpoint that may be under way at once. */
const MOST_IN_FLIGHT = 256;
/** Milliseconds between two looks whether endpoints are still what they were. */
const LOOK = 500;

/** An exchange that is under way. `end` is called when its connection is gone; `isLeft`: before all was answered. */
export type Exchange = { readonly signal: AbortSignal; readonly end: (isLeft: boolean) => void };

/** What is under way, by endpoint. */
export type Live = {
  /**
   * Notes an exchange, or answers null when its endpoint has as many as it may. Its signal is aborted within a second
   * of `isServed` becoming false: the endpoint was deleted, has expired, or asks for more.
   */
  readonly begin: (endpointId: string, isServed: () => Promise<boolean>) => Exchange | null;
};

/** Why an exchange is ended. One for all: an error for each would collect a stack that nobody reads. */
const ENDED = new Error('The client is gone, or the endpoint is.');

type Watched = { readonly controller: AbortController; readonly isServed: () => Promise<boolean> };

/** Makes the list of one gateway. It looks after itself as long as something is under way. */
export function createLive(): Live {
  const byEndpoint = new Map<string, Set<Watched>>();
  let looking: NodeJS.Timeout | undefined;

  const look = async (): Promise<void> => {
    if (byEndpoint.size === 0) {
      clearInterval(looking);
      looking = undefined;
    }
    for (const { controller, isServed } of [...byEndpoint.values()].flatMap((set) => [...set])) {
      // A database that cannot be asked revokes nothing.
      if (!(await isServed().catch(() => true))) {
        controller.abort(ENDED);
      }
    }
  };

  return {
    begin: (endpointId, isServed) => {
      const set = byEndpoint.get(endpointId) ?? new Set<Watched>();
      if (set.size >= MOST_IN_FLIGHT) {
        return null;
      }
      const watched = { controller: new AbortController(), isServed };
      byEndpoint.set(endpointId, set.add(watched));
      looking ??= setInterval(() => void look(), LOOK).unref();
      return {
        signal: watched.controller.signal,
        end: (isLeft) => {
          set.delete(watched);
          if (set.size === 0) {
            byEndpoint.delete(endpointId);
          }
          if (isLeft) {
            watched.controller.abort(ENDED);
          }
        },
      };
    },
  };
}
