import { withinDescriptors } from '../base/descriptors.ts';
import { Slots } from '../base/fast/slots.ts';

/** The maximum numbers of simultaneous requests. */
export type MostInFlight = {
  readonly ofEndpoint: number;
  /** Of all endpoints of one organization. */
  readonly ofOrganization: number;
  /** Of one organization, those that are held; they do not count as in flight. */
  readonly held: number;
};

/** The numbers of a gateway with enough file descriptors. */
export const MAX_IN_FLIGHT: MostInFlight = { ofEndpoint: 256, ofOrganization: 2048, held: 1000 };

/** Returns the numbers of a gateway that may open `descriptors` files; null if that is unknown. */
export function mostInFlight(descriptors: number | null): MostInFlight {
  const { ofEndpoint, ofOrganization, held } = MAX_IN_FLIGHT;
  return {
    ofEndpoint: withinDescriptors(ofEndpoint, descriptors),
    ofOrganization: withinDescriptors(ofOrganization, descriptors),
    held: withinDescriptors(held, descriptors),
  };
}
/** The interval of the check of all endpoints with requests in flight, in milliseconds. */
const CHECK_INTERVAL_MS = 500;

/** A request in flight. Call `end` when its connection is gone; `isLeft` means before the end of the answer. */
export type RequestInFlight = {
  readonly signal: AbortSignal;
  /**
   * Notes the id that the client has given to the request, as JSON, so that the client can cancel it. `cancel` ends a
   * part of the request instead of all of it.
   */
  readonly nameIt: (id: string, cancel?: () => void) => void;
  /**
   * Holds the request: it does not count as in flight until the result is disposed of. Returns null if it has
   * ended, or if its organization has the maximum number of held requests.
   */
  readonly hold: () => Disposable | null;
  /** Ends the request for a reason of the gateway. */
  readonly abort: (reason: Error) => void;
  readonly end: (isLeft: boolean) => void;
};

/** The endpoint of a request, and its organization. */
export type EndpointKey = { readonly id: string; readonly organizationId: string };

/** The requests in flight, by endpoint and by organization. */
export type InFlight = {
  /**
   * Adds a request; returns null if its endpoint or its organization has the maximum number. Its signal is aborted
   * within a second after `isServed` has become false: the endpoint was deleted, has expired, requires more, or
   * streams something that it no longer shows.
   */
  readonly begin: (endpoint: EndpointKey, isServed: () => Promise<boolean>) => RequestInFlight | null;
  /**
   * Aborts the request of an endpoint with this id. Ids are unique for one client only, and requests do not say which
   * client has sent them: if two have this id, it aborts none.
   */
  readonly cancel: (endpoint: Pick<EndpointKey, 'id'>, id: string) => void;
};

// Shared reasons to abort: an Error for each request would collect an unused stack.
/** The endpoint of a request was deleted, has expired, or serves something else now. */
export const ENDPOINT_GONE = new Error('The endpoint is gone.');
/** The client has cancelled the request with a notification. */
export const REQUEST_CANCELLED = new Error('The client has cancelled the request.');
const CLIENT_GONE = new Error('The client is gone.');

/** The numbers of requests of one endpoint or organization: in flight, and held. */
type Count = { readonly id: string; underWay: number; held: number };

/** Creates the list of one gateway. It checks the endpoints while a request is in flight. */
export function createInFlight(most: MostInFlight = MAX_IN_FLIGHT): InFlight {
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
      // Do not add checks while a slow database has not answered the last one.
      return;
    }
    isLooking = true;
    const looks = Array.from(underWay.values(), async (exchange) => {
      // A database failure revokes nothing.
      if (!(await exchange.isServed().catch(() => true))) {
        exchange.abort(ENDPOINT_GONE);
      }
    });
    await Promise.all(looks);
    isLooking = false;
  };

  /** One object holds everything about a request, because there is one for each message. */
  class TrackedRequest implements RequestInFlight {
    readonly isServed: () => Promise<boolean>;
    cancel: (() => void) | undefined;
    #id: string | undefined;
    readonly #controller = new AbortController();
    readonly #slot: number;
    readonly #ofEndpoint: Count;
    readonly #ofOrganization: Count;
    #isHeld = false;
    #isEnded = false;

    constructor(ofEndpoint: Count, ofOrganization: Count, isServed: () => Promise<boolean>) {
      this.isServed = isServed;
      this.#ofEndpoint = ofEndpoint;
      this.#ofOrganization = ofOrganization;
      this.#slot = underWay.add(this);
    }

    get signal(): AbortSignal {
      return this.#controller.signal;
    }

    nameIt(id: string, cancel = (): void => this.abort(REQUEST_CANCELLED)): void {
      this.#id = id;
      this.cancel = cancel;
    }

    isNamed(ofEndpoint: Count, id: string): boolean {
      return this.#ofEndpoint === ofEndpoint && this.#id === id;
    }

    hold(): Disposable | null {
      if (this.#isEnded || this.#ofOrganization.held >= most.held) {
        return null;
      }
      this.#count(true);
      return { [Symbol.dispose]: () => this.#count(false) };
    }

    #count(isHeld: boolean): void {
      if (this.#isHeld !== isHeld) {
        this.#isHeld = isHeld;
        for (const count of [this.#ofEndpoint, this.#ofOrganization]) {
          count.held += isHeld ? 1 : -1;
          count.underWay += isHeld ? -1 : 1;
        }
      }
    }

    abort(reason: Error): void {
      this.#controller.abort(reason);
    }

    end(isLeft: boolean): void {
      underWay.remove(this.#slot);
      this.#count(false);
      this.#isEnded = true;
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
    cancel: (endpoint, id) => {
      const ofEndpoint = ofEndpoints.get(endpoint.id);
      const named = ofEndpoint === undefined ? [] : underWay.values().filter((one) => one.isNamed(ofEndpoint, id));
      if (named.length === 1) {
        named[0]?.cancel?.();
      }
    },
  };
}

/** Adds one to the count of `id`; `known` is its present count. */
function enter(counts: Map<string, Count>, id: string, known: Count | undefined): Count {
  if (known !== undefined) {
    known.underWay += 1;
    return known;
  }
  const first = { id, underWay: 1, held: 0 };
  counts.set(id, first);
  return first;
}

function leave(counts: Map<string, Count>, count: Count): void {
  count.underWay -= 1;
  if (count.underWay === 0 && count.held === 0) {
    counts.delete(count.id);
  }
}
