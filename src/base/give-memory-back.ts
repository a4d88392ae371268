/** Bytes of a heap that is collected at once, in about a tenth of a second. A larger one would hold up others. */
const SMALL_HEAP_BYTES = 128 * 1024 * 1024;

/**
 * Returns unused memory to the system: V8 keeps garbage and free pages until it needs the room, and an idle gateway
 * never does. Does nothing if the heap is large, or without `--expose-gc`.
 */
export function giveMemoryBack(): void {
  if (process.memoryUsage().heapUsed <= SMALL_HEAP_BYTES) {
    // Any other flavor keeps the free pages.
    void globalThis.gc?.({ type: 'major', execution: 'async', flavor: 'last-resort' });
  }
}
