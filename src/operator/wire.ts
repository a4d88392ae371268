import { invalid } from '../errors.ts';

/** Milliseconds since the epoch as RFC 3339 in UTC. */
export const instant = (milliseconds: number): string => new Date(milliseconds).toISOString();

/** The same where there may be none. */
export const optionalInstant = (milliseconds: number | null): string | null =>
  milliseconds === null ? null : instant(milliseconds);

/** RFC 3339 as milliseconds. Throws `validation_failed` for a leap second, which no clock here knows. */
export function parseInstant(text: string, field: string): number {
  const at = Date.parse(text);
  if (Number.isNaN(at)) {
    throw invalid([{ field, message: 'must be an instant that exists, such as 2026-11-07T05:31:56Z', rule: 'format' }]);
  }
  return at;
}

/** `expiresAt` of a body in milliseconds, null when there is none. Throws `validation_failed` when it is not ahead. */
export function expiryOf(expiresAt: string | null | undefined, now: number): number | null {
  if (expiresAt === null || expiresAt === undefined) {
    return null;
  }
  const at = parseInstant(expiresAt, 'body.expiresAt');
  if (at <= now) {
    throw invalid([{ field: 'body.expiresAt', message: `must lie ahead of ${instant(now)}`, rule: 'past' }]);
  }
  return at;
}
