import { totalmem } from 'node:os';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/** The memory of the program itself, without the budget: measured idle, and after 20,000 calls. */
const OWN_BYTES = 160 * MIB;
const OWN_HEAP_MIB = 128;
/** The part of the remaining memory for the budget: garbage, socket buffers and the workers need the rest. */
const HELD_RATIO = 0.4;
const MIN_DEFAULT_BYTES = 96 * MIB;
const MAX_DEFAULT_BYTES = 2 * GIB;
/** Garbage needs the rest: the heap is collected when it has doubled (`--heap-growing-percent`), or is full. */
const HEAP_BYTES_PER_HELD_BYTE = 1.5;
/** Below this, one message of a usual size would not fit. */
const LEAST_BYTES = 16 * MIB;
const MAX_BYTES = 64 * GIB;

/**
 * Parses a text such as `192MiB` or `2GiB` to bytes. Throws, with the end of a sentence as message, for anything else,
 * and for less than 16 MiB or more than 64 GiB.
 */
export function parseMemorySize(text: string): number {
  const [, digits, unit] = /^(\d{1,6})(MiB|GiB)$/.exec(text) ?? [];
  const bytes = Number(digits) * (unit === 'GiB' ? GIB : MIB);
  if (!(bytes >= LEAST_BYTES && bytes <= MAX_BYTES)) {
    throw new Error('must be a size from 16MiB to 64GiB, such as 192MiB');
  }
  return bytes;
}

/**
 * Returns the default memory budget in bytes: 40 % of the memory of the container, or else of the machine, beyond the
 * program itself. `constrainedBytes` is `process.constrainedMemory()`: larger than any machine if there is no limit, 0
 * if the limit is unknown.
 */
export function defaultMemoryBudget(constrainedBytes: number, machineBytes: number): number {
  const allBytes = constrainedBytes > 0 ? Math.min(constrainedBytes, machineBytes) : machineBytes;
  return Math.min(Math.max(Math.floor(HELD_RATIO * (allBytes - OWN_BYTES)), MIN_DEFAULT_BYTES), MAX_DEFAULT_BYTES);
}

/** Returns the default memory budget on this machine, in bytes. */
export const memoryBudgetHere = (): number => defaultMemoryBudget(process.constrainedMemory(), totalmem());

/** Returns the `--max-old-space-size`, in MiB, for a memory budget. */
export const heapMibFor = (budgetBytes: number): number =>
  OWN_HEAP_MIB + Math.ceil((budgetBytes * HEAP_BYTES_PER_HELD_BYTE) / MIB);

/** The same for a `GATEHOUSE_MEMORY_BUDGET`. An invalid value counts as missing: the configuration refuses it. */
export function heapMib(budget: string | undefined): number {
  try {
    return heapMibFor(budget ? parseMemorySize(budget) : memoryBudgetHere());
  } catch {
    return heapMibFor(memoryBudgetHere());
  }
}
