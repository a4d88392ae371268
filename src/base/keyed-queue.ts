/** Runs work with a key after all earlier work with the same key has ended, and as that work ends. */
export type KeyedQueue = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/** Makes a queue. Work with different keys runs at the same time; what fails holds nothing up. */
export function createKeyedQueue(): KeyedQueue {
  const last = new Map<string, Promise<unknown>>();
  return (key, work) => {
    const running = (last.get(key) ?? Promise.resolve()).then(work);
    const ended = running
      .catch(() => undefined)
      .finally(() => {
        if (last.get(key) === ended) {
          last.delete(key);
        }
      });
    last.set(key, ended);
    return running;
  };
}
