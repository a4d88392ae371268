import type { Request } from 'express';
import { ApiError } from '../errors.ts';

/** Bytes of bodies that are held at the same time, by all callers and by one. */
const ROOM = 256 * 1024 * 1024;
const ROOM_OF_ONE = 64 * 1024 * 1024;

let taken = 0;
const takenBy = new Map<string, number>();

/**
 * Takes room for the body of a request before it is read: as much as it announces, else as much as it may have. Answers
 * what gives it back. Throws `unavailable` when bodies that are still being sent leave no room.
 */
export function takeRoom({ headers, caller }: Request, limit: number): () => void {
  const bytes = Math.min(Number(headers['content-length'] ?? limit), limit);
  const who = caller?.id ?? 'operator';
  const own = takenBy.get(who) ?? 0;
  if (taken + bytes > ROOM || own + bytes > ROOM_OF_ONE) {
    throw new ApiError('unavailable', 'Too many large bodies are arriving at once; try again when they are through.', {
      headers: { 'Retry-After': '1' },
    });
  }
  taken += bytes;
  takenBy.set(who, own + bytes);
  return () => {
    taken -= bytes;
    const left = (takenBy.get(who) ?? 0) - bytes;
    if (left > 0) {
      takenBy.set(who, left);
    } else {
      takenBy.delete(who);
    }
  };
}
