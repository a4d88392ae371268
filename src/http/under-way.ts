import type { RequestHandler } from 'express';
import { ApiError } from '../base/errors.ts';
import { holderOf } from './memory.ts';
import { whenClosed } from './when-closed.ts';

/**
 * Lets each organization have at most `most` requests under way; `rate_limited` beyond it. A request may wait long, for a
 * server or a document, and has a file descriptor of the gateway meanwhile.
 */
export function limitUnderWay(most: number): RequestHandler {
  const underWay = new Map<string, number>();
  return ({ caller }, response, next) => {
    const organizationId = caller === undefined ? null : holderOf(caller);
    if (organizationId === null) {
      next();
      return;
    }
    const count = underWay.get(organizationId) ?? 0;
    if (count >= most) {
      throw new ApiError('rate_limited', `Your organization has ${most} requests under way, as many as it may have.`, {
        retryAfterSeconds: 1,
      });
    }
    underWay.set(organizationId, count + 1);
    whenClosed(response, () => {
      const left = (underWay.get(organizationId) ?? 1) - 1;
      left === 0 ? underWay.delete(organizationId) : underWay.set(organizationId, left);
    });
    next();
  };
}
