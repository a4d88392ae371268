/** The waits between attempts at something that fails. */
export type Backoff = {
  /** Milliseconds to wait now, shortened at random by up to half; the wait after it is twice as long, up to the longest. */
  readonly nextMs: () => number;
  /** Begins anew with the first wait. */
  readonly reset: () => void;
};

/** Makes waits that begin with `firstMs` milliseconds and grow to `longestMs`. */
export function createBackoff(firstMs: number, longestMs: number): Backoff {
  let waitMs = firstMs;
  return {
    nextMs: () => {
      const nextMs = waitMs * (1 - Math.random() / 2);
      waitMs = Math.min(2 * waitMs, longestMs);
      return nextMs;
    },
    reset: () => {
      waitMs = firstMs;
    },
  };
}
