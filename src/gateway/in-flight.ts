import { Slots } from '../base/fast/slots.ts';

/** Exchanges that may be under way at once: of one endpoint, and of all endpoints of one organization. */
export const MAX_IN_FLIGHT = { ofEndpoint: 256, ofOrganization: 2048 } as const;
/** Milliseconds between two looks whether endpoints are still what they were. */
const CHECK_INTERVAL_MS = 500;

/** An exchange that is under way. `end` is called when its connection is gone; `isLeft`: before all was answered. */
export type RequestInFlight = {
  readonly signal: AbortSignal;
  /** Ends it for a reason of the gateway's own. */
  readonly abort: (reason: Error) => void;
  readonly end: (isLeft: boolean) => void;
};

/** Of which endpoint an exchange is. */
export type EndpointKey = { readonly id: string; readonly organizationId: string };

/** What is under way, by endpoint and by organization. */
export type InFlight = {
  /**
   * Notes an exchange, or answers null when its endpoint, or its organization, has as many as it may. Its signal is aborted within a second
   * of `isServed` becoming false: the endpoint was deleted, has expired, asks for more, or streams what it no longer shows.
   */
  readonly begin: (endpoint: EndpointKey, isServed: () => Promise<boolean>) => RequestInFlight | null;
};

/** Why exchanges are ended. One for all: an error for each would collect a stack that nobody reads. */
export const ENDPOINT_GONE = new Error('The endpoint is gone.');
const CLIENT_GONE = new Error('The client is gone.');

/** How many exchanges of one endpoint, or of one organization, are under way. */
type Count = { readonly id: string; underWay: number };

/** Makes the list of one gateway. It looks after itself as long as something is under way. */
export function createInFlight(most: { ofEndpoint: number; ofOrganization: number } = MAX_IN_FLIGHT): InFlight {
  const underWay = new Slots<TrackedRequest>();
  const ofEndpoints = new Map<string, Count>();
  const ofOrganizations = new Map<string, Count>();
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
    const looks = Array.from(underWay.values(), async (exchange) => {
      // A database that cannot be asked revokes nothing.
      if (!(await exchange.isServed().catch(() => true))) {
        exchange.abort(ENDPOINT_GONE);
      }
    });
    await Promise.all(looks);
    isLooking = false;
  };

  /** One object for all of an exchange: there is one for each message. */
  class TrackedRequest implements RequestInFlight {
    readonly isServed: () => Promise<boolean>;
    readonly #controller = new AbortController();
    readonly #slot: number;
    readonly #ofEndpoint: Count;
    readonly #ofOrganization: Count;

    constructor(ofEndpoint: Count, ofOrganization: Count, isServed: () => Promise<boolean>) {
      this.isServed = isServed;
      this.#ofEndpoint = ofEndpoint;
      this.#ofOrganization = ofOrganization;
      this.#slot = underWay.add(this);
    }

    get signal(): AbortSignal {
      return this.#controller.signal;
    }

    abort(reason: Error): void {
      this.#controller.abort(reason);
    }

    end(isLeft: boolean): void {
      underWay.remove(this.#slot);
      leave(ofEndpoints, this.#ofEndpoint);
      leave(ofOrganizations, this.#ofOrganization);
      if (isLeft) {
        this.#controller.abort(CLIENT_GONE);
      }
    }
  }

  return {
    begin: ({ id, organizationId }, isServed) => {
      const ofEndpoint = ofEndpoints.get(id);
      const ofOrganization = ofOrganizations.get(organizationId);
      if (
        (ofEndpoint !== undefined && ofEndpoint.underWay >= most.ofEndpoint) ||
        (ofOrganization !== undefined && ofOrganization.underWay >= most.ofOrganization)
      ) {
        return null;
      }
      looking ??= setInterval(() => void look(), CHECK_INTERVAL_MS).unref();
      return new TrackedRequest(
        enter(ofEndpoints, id, ofEndpoint),
        enter(ofOrganizations, organizationId, ofOrganization),
        isServed,
      );
    },
  };
}

/** Counts one more of `id`, whose present count is `known`. */
function enter(counts: Map<string, Count>, id: string, known: Count | undefined): Count {
  if (known !== undefined) {
    known.underWay += 1;
    return known;
  }
  const first = { id, underWay: 1 };
  counts.set(id, first);
  return first;
}

function leave(counts: Map<string, Count>, count: Count): void {
  count.underWay -= 1;
  if (count.underWay === 0) {
    counts.delete(count.id);
  }
}
