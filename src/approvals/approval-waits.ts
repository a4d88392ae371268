import type { Logger } from 'pino';
import type * as requests from '../store/approval-requests.ts';
import * as states from '../store/approval-states.ts';
import { type Store, StoreUnavailable } from '../store/store.ts';
import { timeOf } from '../store/time.ts';
import { endRequest } from './end-request.ts';

/** What happens to a held call: its request has changed, or its client's person does not want to know of it. */
export type HoldEvent = 'changed' | 'declined';

/** A call that is held until its request changes. Dispose of it when the call is no longer held. */
export type HeldCall = Disposable & {
  /** Resolves with the next event after the last one that it gave. Read the request again: a change may also be none. */
  readonly next: () => Promise<HoldEvent>;
};

/** The calls that this process holds, and the clock of all requests. */
export type ApprovalWaits = {
  /** Holds a call. Read the request afterwards: changes from now on are noticed. */
  readonly hold: (requestId: string, elicitationId?: string) => HeldCall;
  /** Notes that a person does not want to open the page that a client was asked to show under this id. */
  readonly noteDecline: (elicitationId: string) => void;
  readonly isHeld: (requestId: string) => boolean;
  /** Expects that a request expires at a time of the database, in at most so many milliseconds. */
  readonly expectExpiry: (at: number, withinMs: number) => void;
  /** Expects the expiry of requests that other processes have made, or an earlier one has left. */
  readonly lookForDue: () => Promise<void>;
  readonly close: () => Promise<void>;
};

/** The parts of the waits. */
export type ApprovalWaitsOptions = {
  readonly store: Pick<Store, 'read' | 'writeFor' | 'onChange'>;
  readonly log: Logger;
  /** The longest time that any status lasts, in milliseconds. */
  readonly longestMs: number;
};

/** Requests of an organization that one write ends. */
const MAX_ENDED_ROWS = 20;
/** Milliseconds until the next try while the database is away. */
const RETRY_MS = 1000;

/**
 * Creates the waits of one gateway. Requests expire by a timer of this process, which needs no clock: their times are those
 * of the database, and when the timer is over, the due time counts as reached even if that clock was set back.
 */
export function createApprovalWaits({ store, log, longestMs }: ApprovalWaitsOptions): ApprovalWaits {
  const held = new Map<string, Set<Notify>>();
  const elicited = new Map<string, Notify>();
  let timer: NodeJS.Timeout | undefined;
  let nextAt = Number.POSITIVE_INFINITY;
  let expiring: Promise<void> | null = null;
  let isClosed = false;

  // Also changes that other processes make.
  const unfollow = store.onChange('approvals', (topics) => {
    for (const requestId of topics === 'anything' ? held.keys() : topics) {
      for (const notify of held.get(requestId) ?? []) {
        notify('changed');
      }
    }
  });

  const setTimer = (at: number, delayMs: number): void => {
    clearTimeout(timer);
    nextAt = at;
    timer = setTimeout(start, delayMs).unref();
  };

  const schedule = (dueAt: number, withinMs: number): void => {
    if (!isClosed && dueAt < nextAt) {
      setTimer(dueAt, Math.min(Math.max(withinMs, 0), longestMs));
    }
  };

  /** Expires what is due. Organizations whose requests cannot be stored hold up no others: they are tried again later. */
  const expire = async (at: number): Promise<void> => {
    const reached = Math.max(at, await timeOf(store.read));
    const failures = new Map<string, unknown>();
    let due: requests.ApprovalRequest[];
    do {
      due = await states.due(store.read, reached, [...failures.keys()]);
      const byOrganization = Map.groupBy(due, ({ organizationId }) => organizationId);
      await Promise.all(
        Array.from(byOrganization, ([organizationId, own]) =>
          expireAll(organizationId, own, reached).catch((error: unknown) => failures.set(organizationId, error)),
        ),
      );
    } while (due.length > 0);
    for (const failure of failures.values()) {
      throw failure;
    }
    await lookForDue();
  };

  const expireAll = async (
    organizationId: string,
    due: readonly requests.ApprovalRequest[],
    at: number,
  ): Promise<void> => {
    for (let from = 0; from < due.length; from += MAX_ENDED_ROWS) {
      await store.writeFor(organizationId, async (db) => {
        for (const request of due.slice(from, from + MAX_ENDED_ROWS)) {
          await endRequest(db, request, 'expired', at);
        }
      });
    }
  };

  const lookForDue = async (): Promise<void> => {
    const next = await states.nextDue(store.read);
    if (next !== null) {
      schedule(next, next - (await timeOf(store.read)));
    }
  };

  const start = (): void => {
    const at = nextAt;
    nextAt = Number.POSITIVE_INFINITY;
    expiring = expire(at).catch((error: unknown) => {
      if (!(error instanceof StoreUnavailable)) {
        log.error({ err: error }, 'approval requests could not be expired; they are tried again');
      }
      if (!isClosed) {
        setTimer(at, RETRY_MS);
      }
    });
  };

  return {
    hold: (requestId, elicitationId) => {
      const { notify, next } = createEvents();
      const holders = held.get(requestId) ?? new Set();
      held.set(requestId, holders.add(notify));
      if (elicitationId !== undefined) {
        elicited.set(elicitationId, notify);
      }
      return {
        next,
        [Symbol.dispose]: () => {
          holders.delete(notify);
          elicited.delete(elicitationId ?? '');
          if (holders.size === 0 && held.get(requestId) === holders) {
            held.delete(requestId);
          }
        },
      };
    },
    noteDecline: (elicitationId) => elicited.get(elicitationId)?.('declined'),
    isHeld: (requestId) => held.has(requestId),
    expectExpiry: schedule,
    lookForDue,
    close: async () => {
      isClosed = true;
      unfollow();
      clearTimeout(timer);
      await expiring;
    },
  };
}

type Notify = (event: HoldEvent) => void;

/** The events of one held call; those that come before they are asked for are kept as one. */
function createEvents(): { readonly notify: Notify; readonly next: () => Promise<HoldEvent> } {
  let waiting = Promise.withResolvers<HoldEvent>();
  return {
    notify: (event) => waiting.resolve(event),
    next: async () => {
      const event = await waiting.promise;
      waiting = Promise.withResolvers();
      return event;
    },
  };
}
