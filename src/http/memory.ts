import type { ServerResponse } from 'node:http';
import { SMALL_BYTES } from '../base/memory-budget.ts';
import type { MemoryScope } from '../base/memory-scope.ts';
import type { Identified } from './context.ts';

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
