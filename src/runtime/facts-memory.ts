import type { HeldMemory } from '../base/held-memory.ts';
import type { MemoryScope } from '../base/memory-scope.ts';

/** The memory of the descriptions that a connected server gave of itself. */
export type FactsMemory = {
  /**
   * Holds bytes for the description that answers a question, in place of the earlier one. Calls `forget` when another
   * holder needs the memory. Throws OverBudget.
   */
  readonly keep: (of: 'discovery' | 'session', bytes: number, forget: () => void) => void;
  readonly release: () => void;
};

/** Creates the memory of a connection. It holds nothing at first. */
export function createFactsMemory(memory: () => MemoryScope): FactsMemory {
  const kept = new Map<string, HeldMemory>();
  return {
    keep: (of, bytes, forget) => {
      using scope = memory();
      kept.get(of)?.release();
      const held = scope.keep('connections', bytes);
      kept.set(of, held);
      held.allowRelease('kept', forget);
    },
    release: () => {
      for (const held of kept.values()) {
        held.release();
      }
    },
  };
}
