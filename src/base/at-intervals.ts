/**
 * Makes a function that passes on the first value at once and, of those within an interval after one that was passed on, only
 * the last, with their count. `onQuiet` is called when an interval has passed without any.
 */
export function atIntervals<T>(
  intervalMs: number,
  pass: (last: T, count: number) => void,
  onQuiet?: () => void,
): (value: T) => void {
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
    setTimeout(passOn, intervalMs).unref();
    pass(last, count);
  };

  return (value) => {
    waiting = { last: value, count: (waiting?.count ?? 0) + 1 };
    if (!isWithin) {
      passOn();
    }
  };
}
