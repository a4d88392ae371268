/**
 * Things that come and go all the time. A `Set` of them would cost the collector: its tables grow old and are replaced
 * again and again, and an old table that nobody needs any more keeps everything that was in it until a full collection.
 */
export class Slots<T> {
  readonly #values: (T | undefined)[] = [];
  readonly #free: number[] = [];

  /** Keeps a value; what it answers is where, for `remove`. */
  add(value: T): number {
    const slot = this.#free.pop() ?? this.#values.length;
    this.#values[slot] = value;
    return slot;
  }

  remove(slot: number): void {
    this.#values[slot] = undefined;
    this.#free.push(slot);
  }

  isEmpty(): boolean {
    return this.#free.length === this.#values.length;
  }

  /** Those that are there now. */
  values(): T[] {
    return this.#values.filter((value) => value !== undefined);
  }
}
