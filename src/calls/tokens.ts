import { KeptMap } from '../base/kept-map.ts';
import type { MemoryBudget } from '../base/memory-budget.ts';
import type { MayBeSent } from '../base/not-sent.ts';
import type { Egress } from '../egress/egress.ts';
import { type Grant, requestToken } from './token-request.ts';

/** The access tokens of accounts, in memory only. */
export type Tokens = {
  /**
   * A token for the grant: one that is still good, else a new one, asked for once for everybody who waits. `refused` is
   * a token that the service did not take: it is forgotten, so that the next one is another. `mayBeSent` of the first who
   * waits is asked. Throws CallFailed, EgressRefused, NotSent, or the reason of the signal, which ends only this wait.
   */
  readonly get: (
    grant: Grant,
    signal: AbortSignal,
    how?: { readonly refused?: string | undefined; readonly mayBeSent?: MayBeSent | undefined },
  ) => Promise<string>;
};

/** Tokens that are kept of one organization. */
const MOST_TOKENS = 10_000;
/** What a token takes besides its characters, of which each may take two bytes. */
const ENTRY_BYTES = 500;

type KeptToken = { readonly token: string; readonly version: number; readonly endsAt: number };

/** Makes the memory, whose bytes the organization of the way out holds. `now`: milliseconds since the epoch. */
export function createTokens(egress: Egress, budget: MemoryBudget, now: () => number): Tokens {
  const kept = new KeptMap<KeptToken>(budget, 'tokens', MOST_TOKENS);
  const asked = new Map<string, Promise<string>>();

  async function ask(grant: Grant, mayBeSent?: MayBeSent): Promise<string> {
    const { token, lifetimeMs } = await requestToken(egress, grant, mayBeSent);
    const bytes = 2 * (token.length + grant.key.length) + ENTRY_BYTES;
    kept.set(grant.key, { token, version: grant.version, endsAt: now() + lifetimeMs }, egress.owner, bytes);
    return token;
  }

  return {
    get: async (grant, signal, { refused, mayBeSent } = {}) => {
      const found = kept.get(grant.key);
      if (found?.version === grant.version && found.token !== refused && now() < found.endsAt) {
        kept.used(grant.key);
        return found.token;
      }
      const asking = `${grant.version} ${grant.key}`;
      let asks = asked.get(asking);
      if (asks === undefined) {
        asks = ask(grant, mayBeSent).finally(() => asked.delete(asking));
        asked.set(asking, asks);
      }
      return unlessAborted(asks, signal);
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
