import type { HeldMemory } from '../base/held-memory.ts';
import type { MemoryScope } from '../base/memory-scope.ts';

/** The memory of what a server says of itself, as long as it is connected to. */
export type FactsMemory = {
  /**
   * So many bytes of it are kept, in place of what was said before to the same question, until somebody needs the room:
   * then `forget` is called. Throws OverBudget.
   */
  readonly keep: (of: 'discovery' | 'session', bytes: number, forget: () => void) => void;
  readonly release: () => void;
};

/** Holds nothing before a server has said something. */
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
