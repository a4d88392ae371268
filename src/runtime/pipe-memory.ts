import type { HeldMemory } from '../base/held-memory.ts';
import { OverBudget, SMALL_BYTES } from '../base/memory-budget.ts';
import type { MemoryScope } from '../base/memory-scope.ts';

/** The memory of a pipe: unread input, and output that the server has not taken. */
export type PipeMemory = {
  /** The maximum number of characters, or bytes, of one message. */
  readonly longest: number;
  readonly incoming: HeldMemory;
  readonly outgoing: HeldMemory;
  /** Waits until a message of this size can be sent. Rejects with OverBudget. */
  readonly forMessage: (bytes: number) => Promise<void> | undefined;
  readonly release: () => void;
};

/**
 * Begins to hold the memory of a pipe. `lose` ends the pipe when another holder needs the memory. Throws OverBudget.
 */
export function createPipeMemory(memory: () => MemoryScope, lose: (failure: OverBudget) => void): PipeMemory {
  const scope = memory();
  const letGo = (): void => lose(new OverBudget('share'));
  return {
    longest: scope.messageBytes,
    incoming: scope.hold('queues', 0, letGo),
    outgoing: scope.hold('queues', 0, letGo),
    forMessage: (bytes) => (bytes > SMALL_BYTES ? makeRoom(memory, bytes) : undefined),
    release: () => scope.release(),
  };
}

/** Waits until there is memory, and releases it for the next use, which does not wait. */
async function makeRoom(memory: () => MemoryScope, bytes: number): Promise<void> {
  using scope = memory();
  await scope.hold('queues', 0).waitToResize(bytes);
}

/** Returns the bytes to count: 0 for little data, because every piece of work already holds memory for it. */
export const countedBytes = (bytes: number): number => (bytes > SMALL_BYTES ? bytes : 0);
