/**
 * Makes a function that passes on the first value at once and, of those within an interval after one that was passed on, only
 * the last, with their count. `onQuiet` is called when an interval has passed without any. Nothing is passed on, nor held on
 * to, once `ended` is aborted.
 */
export function atIntervals<T>(
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
