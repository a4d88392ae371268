/** The waits between repeated attempts. */
export type Backoff = {
  /** Milliseconds to wait now, minus a random part of up to half. The next wait is twice as long, up to the maximum. */
  readonly nextMs: () => number;
  /** Restarts with the first wait. */
  readonly reset: () => void;
};

/** Creates waits that start with `firstMs` milliseconds and grow to `longestMs`. */
export function createBackoff(firstMs: number, maxMs: number): Backoff {
  let waitMs = firstMs;
  return {
    nextMs: () => {
      const nextMs = waitMs * (1 - Math.random() / 2);
      waitMs = Math.min(2 * waitMs, maxMs);
      return nextMs;
    },
    reset: () => {
      waitMs = firstMs;
    },
  };
}
