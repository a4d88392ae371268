/** Lets work run concurrently, or alone. */
export type Gate = {
  /** Runs `work` concurrently with other shared work, after all earlier work that waits to run alone. */
  shared<T>(work: () => Promise<T>): Promise<T>;
  /** Runs `work` while nothing else runs. */
  alone<T>(work: () => Promise<T>): Promise<T>;
};

type Waiter = { alone: boolean; enter: () => void };

/** Creates a gate that admits work in order of arrival. */
export function createGate(): Gate {
  const waiting: Waiter[] = [];
  let sharing = 0;
  let occupied = false;

  const admit = (): void => {
    for (let next = waiting[0]; next && !occupied; next = waiting[0]) {
      if (next.alone && sharing > 0) {
        return;
      }
      waiting.shift();
      if (next.alone) {
        occupied = true;
      } else {
        sharing += 1;
      }
      next.enter();
    }
  };

  const pass = async <T>(alone: boolean, work: () => Promise<T>): Promise<T> => {
    await new Promise<void>((enter) => {
      waiting.push({ alone, enter });
      admit();
    });
    try {
      return await work();
    } finally {
      if (alone) {
        occupied = false;
      } else {
        sharing -= 1;
      }
      admit();
    }
  };

  return { shared: (work) => pass(false, work), alone: (work) => pass(true, work) };
}
