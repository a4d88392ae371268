import { randomBytes } from 'node:crypto';

/** The part that distinguishes the ids of this process from those of others. */
const PROCESS = randomBytes(6).toString('hex');
const MAX_ORDERS = 2 ** 24;

let lastAt = -1;
let nextOrder = 0;

/** The parts of an id; they need less memory than the id until it is used. */
export type EventIdParts = {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The number among the ids of this process for the same millisecond; below 2^24. */
  readonly order: number;
};

/** Returns a number that distinguishes an event at `at` (milliseconds since the epoch) from all others of that time. */
export function orderAt(at: number): number {
  // Not begun anew every millisecond: a clock that was put back passes some of them twice.
  if (at !== lastAt && nextOrder >= MAX_ORDERS / 2) {
    nextOrder = 0;
  }
  lastAt = at;
  return nextOrder++;
}

/** Makes an id (UUID version 7): ids of this process for one millisecond sort in order of creation. */
export function eventId({ at, order }: EventIdParts): string {
  const counted = (MAX_ORDERS + order).toString(16);
  // 7 is the version, 8 the variant; the order fills what follows each.
  return `${firstIdAt(at)}-7${counted.slice(1, 4)}-8${counted.slice(4)}-${PROCESS}`;
}

/** Makes a new id for an event at `at`. */
export const newEventId = (at: number): string => eventId({ at, order: orderAt(at) });

/** Returns the beginning of ids of the time `at`: it sorts after all ids of earlier times, and before all others. */
export function firstIdAt(at: number): string {
  const time = at.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}`;
}
