import type { RequestHandler } from 'express';
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { ApiError } from '../base/errors.ts';

/**
 * Counts one request for a key (credentials, an endpoint); rejects with `rate_limited` when there were too many. Undefined
 * where nothing is limited.
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
      throw new ApiError('rate_limited', `These credentials may ask ${perSecond} times a second.`, {
        retryAfterSeconds: Math.max(1, Math.ceil(refused.msBeforeNext / 1000)),
      });
    });
  };
}

/** The limit of whoever has been authenticated. */
export const rateLimit =
  (limit: RateLimit): RequestHandler =>
  async (request, _response, next) => {
    const { caller } = request;
    if (caller !== undefined) {
      await limit(caller.id ?? caller.kind);
    }
    next();
  };
