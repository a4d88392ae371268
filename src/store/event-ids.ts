import { randomBytes } from 'node:crypto';

/** What tells the ids of this process from those of others. */
const PROCESS = randomBytes(6).toString('hex');
const MAX_ORDERS = 2 ** 24;

let lastAt = -1;
let nextOrder = 0;

/** What an id is made of, kept where the id itself would take memory until it is needed. */
export type EventIdParts = {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Among what this process made for the same millisecond; below 2^24. */
  readonly order: number;
};

/** What tells something that happens at `at`, milliseconds since the epoch, from everything else that did then. */
export function orderAt(at: number): number {
  // Not begun anew every millisecond: a clock that was put back passes some of them twice.
  if (at !== lastAt && nextOrder >= MAX_ORDERS / 2) {
    nextOrder = 0;
  }
  lastAt = at;
  return nextOrder++;
}

/** An id (UUID version 7): those that this process made for one millisecond sort in the order they were made. */
export function eventId({ at, order }: EventIdParts): string {
  const counted = (MAX_ORDERS + order).toString(16);
  // 7 is the version, 8 the variant; the order fills what follows each.
  return `${firstIdAt(at)}-7${counted.slice(1, 4)}-8${counted.slice(4)}-${PROCESS}`;
}

/** A new id for something that happened at `at`. */
export const newEventId = (at: number): string => eventId({ at, order: orderAt(at) });

/** What ids of the time `at` begin with: it sorts after all ids of earlier times, and before all others. */
export function firstIdAt(at: number): string {
  const time = at.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}`;
}
