/** Items that wait, each for an owner. Owners take turns: one that has many waits as long as one that has few. */
export type FairQueue<T> = {
  readonly size: () => number;
  /** How many items of an owner wait. */
  readonly waitingOf: (owner: string) => number;
  /** Of one owner, those of a lower rank are taken first, and of one rank those that came first. */
  readonly add: (owner: string, item: T, rank?: number) => void;
  /** Takes the first item of the next owner in turn for whom `mayTake` is true; undefined when there is none. */
  readonly take: (mayTake?: (owner: string) => boolean) => { readonly owner: string; readonly item: T } | undefined;
};

/** Makes a queue without items. */
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

/** An owner has as much work waiting as it may have. */
export class QueueFull extends Error {
  override readonly name = 'QueueFull';
}

/** Runs work of several owners, so many pieces at once. */
export type FairSlots = {
  /**
   * Runs `work` when it is its turn, and settles as it does. Rejects with QueueFull, and runs nothing, when the owner has
   * as much waiting as it may; with the reason of `signal` when that is aborted before its turn.
   */
  readonly run: <T>(owner: string, work: () => Promise<T>, signal?: AbortSignal) => Promise<T>;
};

export type FairSlotsOptions = {
  /** Pieces of work that run at once. */
  readonly slots: number;
  /** Pieces of one owner's work that run at once. */
  readonly slotsPerOwner: number;
  /** Pieces of one owner's work that wait besides. */
  readonly mostWaiting: number;
};

/** Makes slots that are all free. */
export function createFairSlots({ slots, slotsPerOwner, mostWaiting }: FairSlotsOptions): FairSlots {
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
