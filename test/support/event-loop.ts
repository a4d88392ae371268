/** How many turns the event loop takes while work is under way, and what the work gives. */
export async function turnsDuring<T>(work: () => Promise<T>): Promise<{ readonly turns: number; readonly result: T }> {
  let turns = 0;
  const count = (): void => {
    turns += 1;
    next = setImmediate(count);
  };
  let next = setImmediate(count);
  try {
    const result = await work();
    return { turns, result };
  } finally {
    clearImmediate(next);
  }
}

/** Which part of the time that work takes the event loop stands still at once, at the most: 1 for all of it. */
export async function longestHold(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  let last = began;
  let longest = 0;
  const look = (): void => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
    next = setImmediate(look);
  };
  let next = setImmediate(look);
  try {
    await work();
    look();
    return longest / (performance.now() - began);
  } finally {
    clearImmediate(next);
  }
}
