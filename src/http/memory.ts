import type { ServerResponse } from 'node:http';
import type { Caller } from '../base/caller.ts';
import type { Holder } from '../base/held-memory.ts';
import { SMALL_BYTES } from '../base/memory-budget.ts';
import type { MemoryScope } from '../base/memory-scope.ts';
import type { Identified } from './context.ts';

/** The holder of the memory of requests without credentials. No organization has this id. */
const STRANGERS = 'strangers';

/**
 * Returns the holder of the memory of a caller's requests; null for the operator. Whoever has sent no credentials has no
 * share of those who have.
 */
export function holderOf(caller: Caller | undefined): Holder {
  if (caller === undefined) {
    return STRANGERS;
  }
  return caller.kind === 'operator' ? null : caller.organizationId;
}

/** Returns the memory that is held for a request until its answer is sent. */
export function memoryOf({ memory }: Pick<Identified, 'memory'>): MemoryScope {
  if (memory === undefined) {
    throw new TypeError('no memory is held for this request');
  }
  return memory;
}

/**
 * Holds memory for the unsent part of an answer until its client has read it. If there is still no room after a while,
 * the answer is aborted, because the client has not read it.
 */
export function holdAnswer(request: Identified, response: ServerResponse): void {
  const { memory } = request;
  if (memory !== undefined && response.writableLength > SMALL_BYTES) {
    const held = memory.hold('answers', 0);
    held.waitToResize(response.writableLength).catch(() => response.destroy());
  }
}
