import { Slots } from '../slots.ts';

/** Exchanges that may be under way at once: of one endpoint, and of all endpoints of one organization. */
export const IN_FLIGHT = { ofEndpoint: 256, ofOrganization: 2048 } as const;
/** Milliseconds between two looks whether endpoints are still what they were. */
const LOOK = 500;

/** An exchange that is under way. `end` is called when its connection is gone; `isLeft`: before all was answered. */
export type Exchange = {
  readonly signal: AbortSignal;
  /** Ends it for a reason of the gateway's own. */
  readonly abort: (reason: Error) => void;
  readonly end: (isLeft: boolean) => void;
};

/** Of which endpoint an exchange is. */
export type InFlight = { readonly id: string; readonly organizationId: string };

/** What is under way, by endpoint and by organization. */
export type Live = {
  /**
   * Notes an exchange, or answers null when its endpoint, or its organization, has as many as it may. Its signal is aborted within a second
   * of `isServed` becoming false: the endpoint was deleted, has expired, or asks for more.
   */
  readonly begin: (endpoint: InFlight, isServed: () => Promise<boolean>) => Exchange | null;
};

/** Why an exchange is ended. One for all: an error for each would collect a stack that nobody reads. */
const ENDED = new Error('The client is gone, or the endpoint is.');

type Watched = { readonly controller: AbortController; readonly isServed: () => Promise<boolean> };

/** Makes the list of one gateway. It looks after itself as long as something is under way. */
export function createLive(most: { ofEndpoint: number; ofOrganization: number } = IN_FLIGHT): Live {
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

  const leave = (id: string): void => {
    const count = (countOf.get(id) ?? 1) - 1;
    if (count === 0) {
      countOf.delete(id);
    } else {
      countOf.set(id, count);
    }
  };

  return {
    begin: ({ id, organizationId }, isServed) => {
      const ofEndpoint = countOf.get(id) ?? 0;
      const ofOrganization = countOf.get(organizationId) ?? 0;
      if (ofEndpoint >= most.ofEndpoint || ofOrganization >= most.ofOrganization) {
        return null;
      }
      countOf.set(id, ofEndpoint + 1);
      countOf.set(organizationId, ofOrganization + 1);
      const controller = new AbortController();
      const slot = underWay.add({ controller, isServed });
      looking ??= setInterval(() => void look(), LOOK).unref();
      return {
        signal: controller.signal,
        abort: (reason) => controller.abort(reason),
        end: (isLeft) => {
          underWay.remove(slot);
          leave(id);
          leave(organizationId);
          if (isLeft) {
            controller.abort(ENDED);
          }
        },
      };
    },
  };
}
