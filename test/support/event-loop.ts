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
