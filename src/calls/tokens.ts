import { createFairLimiter, QueueFull } from '../base/fair-queue.ts';
import type { MemoryBudget } from '../base/memory-budget.ts';
import { MemoryCache } from '../base/memory-cache.ts';
import type { MayBeSent } from '../base/not-sent.ts';
import type { Egress } from '../egress/egress.ts';
import { CallFailed } from './errors.ts';
import { type Grant, requestToken } from './token-request.ts';

/** The access tokens of accounts, in memory only. */
export type Tokens = {
  /**
   * Returns a valid token for the grant, or requests a new one: once for all waiting callers, while at least one waits.
   * `refused` is a token that the service has refused: it is forgotten, so that the next one differs. Calls `mayBeSent`
   * of the first waiting caller. Throws CallFailed, EgressRefused, NotSent, or the reason of the signal, which ends
   * only this wait.
   */
  readonly get: (
    grant: Grant,
    signal: AbortSignal,
    how?: { readonly refused?: string | undefined; readonly mayBeSent?: MayBeSent | undefined },
  ) => Promise<string>;
};

/** Tokens that are kept of one organization. */
const MAX_TOKENS = 10_000;
/** The bytes of a token besides its characters, of which each may take two bytes. */
const ENTRY_BYTES = 500;

/** Requests for tokens that are under way at once, of one organization and of one account, and those of one that wait. */
const MAX_REQUESTS = 64;
const MAX_ACCOUNT_REQUESTS = 8;
const MAX_ACCOUNT_WAITERS = 8;

/** A request for a token, with the number of waiting callers; `leave` ends it. */
type Asking = { readonly token: Promise<string>; readonly leave: AbortController; waiting: number };
type KeptToken = { readonly token: string; readonly version: number; readonly endsAt: number };

/**
 * Creates the store of tokens; their memory is held for the owner of the egress. `now`: milliseconds since the epoch.
 */
export function createTokens(egress: Egress, budget: MemoryBudget, now: () => number): Tokens {
  const kept = new MemoryCache<KeptToken>(budget, 'tokens', MAX_TOKENS);
  const asked = new Map<string, Asking>();
  const turns = createFairLimiter({
    slots: MAX_REQUESTS,
    slotsPerOwner: MAX_ACCOUNT_REQUESTS,
    mostWaiting: MAX_ACCOUNT_WAITERS,
  });

  async function ask(grant: Grant, left: AbortSignal, mayBeSent: MayBeSent | undefined): Promise<string> {
    const { token, lifetimeMs } = await requestToken(egress, grant, left, mayBeSent);
    const bytes = 2 * (token.length + grant.key.length) + ENTRY_BYTES;
    kept.set(grant.key, { token, version: grant.version, endsAt: now() + lifetimeMs }, egress.owner, bytes);
    return token;
  }

  function begin(asking: string, grant: Grant, mayBeSent: MayBeSent | undefined): Asking {
    const leave = new AbortController();
    const token = turns
      .run(grant.key, () => ask(grant, leave.signal, mayBeSent), leave.signal)
      .catch((error: unknown) => {
        throw error instanceof QueueFull
          ? new CallFailed(
              `The account already waits for the maximum number of tokens of ${grant.url.host}. Call again later.`,
            )
          : error;
      });
    const begun = { token, leave, waiting: 0 };
    // Whoever waits hears of it.
    token.catch(() => undefined).finally(() => forget(asking, begun));
    asked.set(asking, begun);
    return begun;
  }

  function forget(asking: string, begun: Asking): void {
    if (asked.get(asking) === begun) {
      asked.delete(asking);
    }
  }

  return {
    get: async (grant, signal, { refused, mayBeSent } = {}) => {
      const found = kept.get(grant.key);
      if (found?.version === grant.version && found.token !== refused && now() < found.endsAt) {
        kept.used(grant.key);
        return found.token;
      }
      const asking = `${grant.version} ${grant.key}`;
      const begun = asked.get(asking) ?? begin(asking, grant, mayBeSent);
      begun.waiting += 1;
      try {
        return await unlessAborted(begun.token, signal);
      } finally {
        begun.waiting -= 1;
        if (begun.waiting === 0) {
          forget(asking, begun);
          begun.leave.abort();
        }
      }
    },
  };
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) {
    abort();
  }
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
