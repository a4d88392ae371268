import { LRUCache } from 'lru-cache';
import type { Egress } from '../egress/egress.ts';
import { type Grant, requestToken } from './token-request.ts';

/** The access tokens of accounts, in memory only. */
export type Tokens = {
  /**
   * A token for the grant: one that is still good, else a new one, asked for once for everybody who waits. `refused` is
   * a token that the service did not take: it is forgotten, so that the next one is another. Throws CallFailed,
   * EgressRefused, or the reason of the signal, which ends only this wait.
   */
  readonly get: (grant: Grant, signal: AbortSignal, refused?: string) => Promise<string>;
};

const MOST_TOKENS = 10_000;

/** Makes the memory. `now`: milliseconds since the epoch. */
export function createTokens(egress: Egress, now: () => number): Tokens {
  const cache = new LRUCache<string, string, Grant>({
    max: MOST_TOKENS,
    perf: { now },
    ttlResolution: 0,
    fetchMethod: async (_key, _stale, { options, context: grant }) => {
      const { token, lifetimeMs } = await requestToken(egress, grant);
      // Zero would be for ever.
      options.ttl = Math.max(1, Math.floor(lifetimeMs));
      return token;
    },
  });
  return {
    get: async (grant, signal, refused) => {
      if (refused !== undefined && cache.peek(grant.key) === refused) {
        cache.delete(grant.key);
      }
      return unlessAborted(cache.forceFetch(grant.key, { context: grant }), signal);
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
