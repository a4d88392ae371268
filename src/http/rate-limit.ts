import type { RequestHandler } from 'express';
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { ApiError } from '../errors.ts';

/** At most `perSecond` requests a second for each credential; 429 with `Retry-After` beyond it. Null means no limit. */
export function rateLimit(perSecond: number | null): RequestHandler[] {
  if (perSecond === null) {
    return [];
  }
  const limiter = new RateLimiterMemory({ points: perSecond, duration: 1 });
  return [
    async (request, _response, next) => {
      const { caller } = request;
      if (caller !== undefined) {
        await limiter.consume(caller.id ?? caller.kind).catch((refused: RateLimiterRes) => {
          throw new ApiError('rate_limited', `These credentials may ask ${perSecond} times a second.`, {
            headers: { 'Retry-After': String(Math.max(1, Math.ceil(refused.msBeforeNext / 1000))) },
          });
        });
      }
      next();
    },
  ];
}
