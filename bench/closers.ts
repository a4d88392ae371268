/** Has something closed in the end. */
export type Defer = (close: () => Promise<void>) => void;

/** Runs `work`, and returns its result. What it defers is closed, the last first, when it has ended, failed, or was interrupted. */
export async function withClosers<T>(work: (defer: Defer) => Promise<T>): Promise<T> {
  const closers: (() => Promise<void>)[] = [];
  let closing: Promise<void> | undefined;
  const closeAll = (): Promise<void> => {
    closing ??= closers.toReversed().reduce((before, close) => before.then(close), Promise.resolve());
    return closing;
  };
  const interrupted = (): void => {
    void closeAll().finally(() => process.exit(130));
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    return await work((close) => closers.push(close));
  } finally {
    await closeAll();
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  }
}
