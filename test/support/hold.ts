/** Holds the event loop, as long work does. */
export function hold(milliseconds: number): void {
  for (const until = performance.now() + milliseconds; performance.now() < until; ) {}
}
