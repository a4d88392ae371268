import { MemoryBudget } from '../../src/base/memory-budget.ts';
import { MemoryScope } from '../../src/base/memory-scope.ts';

/** A budget that is larger than what any test holds. */
export const largeBudget = (): MemoryBudget => new MemoryBudget({ totalBytes: 1024 * 1024 * 1024, patienceMs: 0 });

/** Holds memory in a budget of its own, of which a message may have 32 MiB. */
export const ownMemory = (): MemoryScope => new MemoryScope(largeBudget(), null, () => undefined);

/** Characters, or bytes, that one message may have in it. */
export const LONGEST_MESSAGE = largeBudget().messageBytes;
