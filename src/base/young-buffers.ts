/** Bytes of buffers that are given up before the young generation is collected: more, and V8 collects the whole heap. */
const COLLECTED_BYTES = 8 * 1024 * 1024;

let givenUpBytes = 0;

/**
 * Counts the bytes of buffers that came from a socket and are needed no longer. V8 knows a buffer as a small object, so that
 * those of large answers hardly ever fill the young generation; but the memory behind them counts towards a collection of
 * the whole heap, which was most of what a call with 1 MB cost. To collect the young generation in time costs a
 * fraction of that. Without `--expose-gc`, V8 does as it thinks best.
 */
export function giveUpBuffers(bytes: number): void {
  givenUpBytes += bytes;
  if (givenUpBytes >= COLLECTED_BYTES) {
    givenUpBytes = 0;
    void globalThis.gc?.({ type: 'minor' });
  }
}
