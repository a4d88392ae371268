/**
 * A queue of items, each with an owner. Owners take turns: an owner with many items waits as long as an owner with few.
 */
export type FairQueue<T> = {
  readonly size: () => number;
  /** Returns the number of waiting items of an owner. */
  readonly waitingOf: (owner: string) => number;
  /** Adds an item. For one owner, lower ranks come first, and earlier items within a rank. */
  readonly add: (owner: string, item: T, rank?: number) => void;
  /** Takes the first item of the next owner for whom `mayTake` is true; undefined if there is none. */
  readonly take: (mayTake?: (owner: string) => boolean) => { readonly owner: string; readonly item: T } | undefined;
};

/** Creates an empty queue. */
export function createFairQueue<T>(): FairQueue<T> {
  /** In the order of their turns; none is without items. */
  const byOwner = new Map<string, { readonly item: T; readonly rank: number }[]>();
  let size = 0;
  return {
    size: () => size,
    waitingOf: (owner) => byOwner.get(owner)?.length ?? 0,
    add: (owner, item, rank = Number.POSITIVE_INFINITY) => {
      size += 1;
      const own = byOwner.get(owner);
      if (own === undefined) {
        byOwner.set(owner, [{ item, rank }]);
        return;
      }
      const at = rank === Number.POSITIVE_INFINITY ? -1 : own.findIndex((other) => other.rank > rank);
      own.splice(at === -1 ? own.length : at, 0, { item, rank });
    },
    take: (mayTake) => {
      for (const [owner, own] of byOwner) {
        if (mayTake === undefined || mayTake(owner)) {
          byOwner.delete(owner);
          const { item } = own.shift() as { item: T };
          if (own.length > 0) {
            byOwner.set(owner, own);
          }
          size -= 1;
          return { owner, item };
        }
      }
      return undefined;
    },
  };
}

/** The owner has the maximum amount of waiting work. */
export class QueueFull extends Error {
  override readonly name = 'QueueFull';
}

/** Runs work of several owners with limited concurrency. */
export type FairLimiter = {
  /**
   * Runs `work` in its turn, and settles with its result. Rejects without running it: with QueueFull if the owner has
   * the maximum amount of waiting work, or with the reason of `signal` if it is aborted before the turn.
   */
  readonly run: <T>(owner: string, work: () => Promise<T>, signal?: AbortSignal) => Promise<T>;
};

/** The limits of a fair limiter. */
export type FairLimiterOptions = {
  /** The maximum number of pieces that run at the same time. */
  readonly slots: number;
  /** The same for one owner. */
  readonly slotsPerOwner: number;
  /** The maximum number of waiting pieces of one owner. */
  readonly mostWaiting: number;
};

/** Creates free slots. */
export function createFairLimiter({ slots, slotsPerOwner, mostWaiting }: FairLimiterOptions): FairLimiter {
  const queue = createFairQueue<() => void>();
  const running = new Map<string, number>();
  let free = slots;

  const mayRun = (owner: string): boolean => (running.get(owner) ?? 0) < slotsPerOwner;

  const startNext = (): void => {
    while (free > 0) {
      const next = queue.take(mayRun);
      if (next === undefined) {
        return;
      }
      free -= 1;
      running.set(next.owner, (running.get(next.owner) ?? 0) + 1);
      next.item();
    }
  };

  const leave = (owner: string): void => {
    free += 1;
    const left = (running.get(owner) ?? 1) - 1;
    if (left === 0) {
      running.delete(owner);
    } else {
      running.set(owner, left);
    }
    startNext();
  };

  return {
    run: async (owner, work, signal) => {
      if (queue.waitingOf(owner) >= mostWaiting && !(free > 0 && mayRun(owner))) {
        throw new QueueFull(`${mostWaiting} pieces of work of one owner wait already.`);
      }
      await new Promise<void>((start) => {
        queue.add(owner, start);
        startNext();
      });
      try {
        signal?.throwIfAborted();
        return await work();
      } finally {
        leave(owner);
      }
    },
  };
}
