import type { HttpAnswer } from '../egress/http-answer.ts';

/** A day: the maximum number of seconds that a client is told to wait. */
const MAX_RETRY_AFTER_SECONDS = 86_400;

/**
 * Reads `Retry-After` of an answer (RFC 9110, section 10.2.3): seconds or a date. Returns whole seconds from 1 to 86,400;
 * undefined if there is none, or it cannot be read. `now` is in milliseconds since the epoch.
 */
export function retryAfterOf({ headers }: Pick<HttpAnswer, 'headers'>, now = Date.now()): number | undefined {
  const value = headers['retry-after'];
  if (value === undefined) {
    return undefined;
  }
  const seconds = /^\d{1,9}$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - now) / 1000);
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 1), MAX_RETRY_AFTER_SECONDS);
}
