import { Slots } from '../slots.ts';

/** Exchanges of one endpoint that may be under way at once. */
const MOST_IN_FLIGHT = 256;
/** Milliseconds between two looks whether endpoints are still what they were. */
const LOOK = 500;

/** An exchange that is under way. `end` is called when its connection is gone; `isLeft`: before all was answered. */
export type Exchange = {
  readonly signal: AbortSignal;
  /** Ends it for a reason of the gateway's own. */
  readonly abort: (reason: Error) => void;
  readonly end: (isLeft: boolean) => void;
};

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
  const underWay = new Slots<Watched>();
  const countOf = new Map<string, number>();
  let looking: NodeJS.Timeout | undefined;
  let isLooking = false;

  const look = async (): Promise<void> => {
    if (underWay.isEmpty()) {
      clearInterval(looking);
      looking = undefined;
    }
    if (isLooking) {
      // A database that is slow to answer must not be asked by ever more looks.
      return;
    }
    isLooking = true;
    const looks = Array.from(underWay.values(), async ({ controller, isServed }) => {
      // A database that cannot be asked revokes nothing.
      if (!(await isServed().catch(() => true))) {
        controller.abort(ENDED);
      }
    });
    await Promise.all(looks);
    isLooking = false;
  };

  const leave = (endpointId: string): void => {
    const count = (countOf.get(endpointId) ?? 1) - 1;
    if (count === 0) {
      countOf.delete(endpointId);
    } else {
      countOf.set(endpointId, count);
    }
  };

  return {
    begin: (endpointId, isServed) => {
      const count = countOf.get(endpointId) ?? 0;
      if (count >= MOST_IN_FLIGHT) {
        return null;
      }
      countOf.set(endpointId, count + 1);
      const controller = new AbortController();
      const slot = underWay.add({ controller, isServed });
      looking ??= setInterval(() => void look(), LOOK).unref();
      return {
        signal: controller.signal,
        abort: (reason) => controller.abort(reason),
        end: (isLeft) => {
          underWay.remove(slot);
          leave(endpointId);
          if (isLeft) {
            controller.abort(ENDED);
          }
        },
      };
    },
  };
}
