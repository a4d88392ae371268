import { invalid, invalidValue } from './errors.ts';

/** Milliseconds in a day. */
export const DAY_MS = 24 * 60 * 60 * 1000;

/** The last instant with a four-digit year, the maximum of RFC 3339. */
const LAST = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Milliseconds since the epoch as RFC 3339 in UTC with milliseconds. */
export const formatInstant = (milliseconds: number): string => new Date(milliseconds).toISOString();

/**
 * Parses RFC 3339 to milliseconds since the epoch. Throws `validation_failed` for instants that JavaScript does not
 * know, such as a leap second.
 */
export function parseInstant(text: string, field: string): number {
  const at = Date.parse(text);
  if (Number.isNaN(at) || at > LAST) {
    throw invalid([{ field, message: 'must be an instant that exists, such as 2026-11-07T05:31:56Z', rule: 'format' }]);
  }
  return at;
}

/** The same for an optional value. */
export const parseOptionalInstant = (text: string | null | undefined, field: string): number | null =>
  text === null || text === undefined ? null : parseInstant(text, field);

/** Throws `validation_failed` unless an expiry, if given, is at least `aheadMs` after `now`. */
export function requireFuture(expiresAt: number | null, now: number, aheadMs: number): void {
  if (expiresAt !== null && expiresAt < now + aheadMs) {
    const least =
      aheadMs < 1000 ? `must lie ahead of ${formatInstant(now)}` : `must lie at least ${aheadMs / 1000} seconds ahead`;
    throw invalidValue(['expiresAt'], least, 'past');
  }
}
