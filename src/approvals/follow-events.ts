import { setTimeout as pause } from 'node:timers/promises';
import { conflict } from '../base/errors.ts';
import * as events from '../store/approval-events.ts';
import type { Store } from '../store/store.ts';

/** Events that are read at once. */
const PAGE_EVENTS = 100;

/** The interval of signs of life while nothing happens, in milliseconds. */
const SIGN_OF_LIFE_MS = 15_000;

/** Where a reader is in the events of an organization. */
export type EventPosition = {
  readonly organizationId: string;
  /** The event before the next one; null if there was none. */
  readonly eventId: string | null;
  readonly number: number;
};

/**
 * Returns the position after an event, or after the last one. Throws `conflict` if that event is unknown, or if events after
 * it are no longer kept.
 */
export async function positionAfter(
  { read }: Pick<Store, 'read'>,
  organizationId: string,
  eventId: string | null,
): Promise<EventPosition> {
  if (eventId === null) {
    const head = await events.last(read, organizationId);
    return { organizationId, eventId: head?.id ?? null, number: head?.number ?? 0 };
  }
  const number = await events.numberOf(read, organizationId, eventId);
  if (number === null) {
    throw conflict(
      `The event ${eventId} is unknown or no longer kept, so events may have been missed. Connect without Last-Event-ID, and then list the approval requests.`,
    );
  }
  return { organizationId, eventId, number };
}

/**
 * Yields each event after a position once and in order, as soon as a process has stored it, and null after 15 seconds
 * without an event. Ends when it is aborted, and when the next event is no longer kept, so that none is left out.
 */
export async function* followEvents(
  { read, onChange }: Pick<Store, 'read' | 'onChange'>,
  { organizationId, number }: EventPosition,
  signal: AbortSignal,
): AsyncGenerator<events.ApprovalEvent | null, void> {
  let woken = Promise.withResolvers<'woken'>();
  const unfollow = onChange('approvals', (topics) => {
    if (topics === 'anything' || topics.has(organizationId)) {
      woken.resolve('woken');
    }
  });
  try {
    for (let last = number; !signal.aborted; ) {
      const found = await events.after(read, organizationId, last, PAGE_EVENTS);
      for (const event of found) {
        if (event.number !== last + 1) {
          return;
        }
        last = event.number;
        yield event;
      }
      if (found.length < PAGE_EVENTS && (await isQuiet(woken.promise, signal))) {
        yield null;
      }
      woken = Promise.withResolvers();
    }
  } finally {
    unfollow();
  }
}

/** Waits for a change. Returns true if there is none for 15 seconds. */
async function isQuiet(woken: Promise<'woken'>, signal: AbortSignal): Promise<boolean> {
  const ending = new AbortController();
  const over = AbortSignal.any([signal, ending.signal]);
  const isOver = pause(SIGN_OF_LIFE_MS, 'quiet' as const, { signal: over }).catch(() => 'ended' as const);
  try {
    return (await Promise.race([woken, isOver])) === 'quiet';
  } finally {
    ending.abort();
  }
}
