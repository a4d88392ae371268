import type { HeldMemory } from '../base/held-memory.ts';
import { OverBudget, SMALL_BYTES } from '../base/memory-budget.ts';
import type { MemoryScope } from '../base/memory-scope.ts';

/** The memory of a pipe: what has come and is not read, and what the server has not taken. */
export type PipeMemory = {
  /** Characters, or bytes, that one message may have. */
  readonly longest: number;
  readonly incoming: HeldMemory;
  readonly outgoing: HeldMemory;
  /** Waits until a message of so many bytes can be sent. Rejects with OverBudget. */
  readonly forMessage: (bytes: number) => Promise<void> | undefined;
  readonly release: () => void;
};

/** Begins to hold the memory of a pipe; `lose` ends the pipe, since somebody else needs the room. Throws OverBudget. */
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

/** Waits until there is room, and leaves it to whoever comes next without waiting. */
async function makeRoom(memory: () => MemoryScope, bytes: number): Promise<void> {
  using scope = memory();
  await scope.hold('queues', 0).waitToResize(bytes);
}

/** Bytes that count of what is held: little of it is in what every piece of work holds. */
export const countedBytes = (bytes: number): number => (bytes > SMALL_BYTES ? bytes : 0);
