/** One of a list, at random. */
export function pick<T>(list: readonly T[]): T {
  return list[Math.floor(Math.random() * list.length)] as T;
}

/** Takes one out of a list, at random. */
export function take<T>(list: T[]): T {
  const index = Math.floor(Math.random() * list.length);
  const item = list[index] as T;
  list[index] = list.at(-1) as T;
  list.pop();
  return item;
}
