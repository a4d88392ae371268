/** Runs work after all earlier work with the same key has ended, and settles with its result. */
export type KeyedQueue = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/** Creates a queue. Work with different keys runs at the same time; a failure does not stop later work. */
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
