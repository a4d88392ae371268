import type { ServerResponse } from 'node:http';
import { SMALL_BYTES } from '../base/memory-budget.ts';
import type { MemoryScope } from '../base/memory-scope.ts';
import type { Identified } from './context.ts';

/** What is held for a request until its answer is through. */
export function memoryOf({ memory }: Pick<Identified, 'memory'>): MemoryScope {
  if (memory === undefined) {
    throw new TypeError('no memory is held for this request');
  }
  return memory;
}

/**
 * Holds what waits of an answer in memory until its client has read it. An answer for which there is no room even after a
 * while is broken off: it was not read meanwhile.
 */
export function holdAnswer(request: Identified, response: ServerResponse): void {
  const { memory } = request;
  if (memory !== undefined && response.writableLength > SMALL_BYTES) {
    const held = memory.hold('answers', 0);
    held.reach(response.writableLength).catch(() => response.destroy());
  }
}
