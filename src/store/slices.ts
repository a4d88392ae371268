/** How many items a statement has. Few sizes: every one is a statement of its own, which SQLite keeps prepared. */
const SIZES = [256, 64, 16, 4, 1];

/** Cuts items, in order, into slices of few different sizes, none larger than 256. */
export function* slices<T>(items: readonly T[]): Generator<readonly T[]> {
  let start = 0;
  for (const size of SIZES) {
    for (; items.length - start >= size; start += size) {
      yield items.slice(start, start + size);
    }
  }
}
