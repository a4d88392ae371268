/**
 * Makes a function that forwards the first value at once. Of the values within an interval after a forwarded value, it
 * forwards only the last, at the end of the interval, with their count. Calls `onQuiet` after an interval without
 * values. Forwards and keeps nothing after `ended` is aborted.
 */
export function throttle<T>(
  intervalMs: number,
  pass: (last: T, count: number) => void,
  { onQuiet, ended }: { readonly onQuiet?: () => void; readonly ended?: AbortSignal },
): (value: T) => void {
  let timer: NodeJS.Timeout | undefined;
  let waiting: { last: T; count: number } | undefined;
  let isWithin = false;

  const passOn = (): void => {
    isWithin = waiting !== undefined;
    if (waiting === undefined) {
      onQuiet?.();
      return;
    }
    const { last, count } = waiting;
    waiting = undefined;
    timer = setTimeout(passOn, intervalMs).unref();
    pass(last, count);
  };

  ended?.addEventListener('abort', () => clearTimeout(timer), { once: true });
  return (value) => {
    if (ended?.aborted === true) {
      return;
    }
    waiting = { last: value, count: (waiting?.count ?? 0) + 1 };
    if (!isWithin) {
      passOn();
    }
  };
}
