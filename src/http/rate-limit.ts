import type { RequestHandler } from 'express';
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { ApiError } from '../base/errors.ts';

/**
 * Counts one request for a key (credentials or an endpoint). Rejects with `rate_limited` if there were too many.
 * Returns undefined if there is no limit.
 */
export type RateLimit = (key: string) => Promise<void> | undefined;

/** At most `perSecond` requests a second for each key; `rate_limited` beyond it. Null means no limit. */
export function createRateLimit(perSecond: number | null): RateLimit {
  if (perSecond === null) {
    return () => undefined;
  }
  const limiter = new RateLimiterMemory({ points: perSecond, duration: 1 });
  return async (key) => {
    await limiter.consume(key).catch((refused: RateLimiterRes) => {
      throw new ApiError('rate_limited', `These credentials may send ${perSecond} requests per second.`, {
        retryAfterSeconds: Math.max(1, Math.ceil(refused.msBeforeNext / 1000)),
      });
    });
  };
}

/** Applies the limit to the authenticated sender. */
export const rateLimit =
  (limit: RateLimit): RequestHandler =>
  async (request, _response, next) => {
    const { caller } = request;
    if (caller !== undefined) {
      await limit(caller.id ?? caller.kind);
    }
    next();
  };
