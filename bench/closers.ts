/** Has something closed in the end. */
export type Defer = (close: () => Promise<void>) => void;

/** Runs `work`. What it defers is closed, the last first, when it has ended, failed, or was interrupted. */
export async function withClosers(work: (defer: Defer) => Promise<void>): Promise<void> {
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
    await work((close) => closers.push(close));
  } finally {
    await closeAll();
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  }
}
