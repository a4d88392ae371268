/**
 * A collection of values that are added and removed all the time. A `Set` of them would burden the garbage collector:
 * its tables grow old and are replaced repeatedly, and an old, unused table retains all its values until a full
 * collection.
 */
export class Slots<T> {
  readonly #values: (T | undefined)[] = [];
  readonly #free: number[] = [];

  /** Adds a value and returns its place, for `remove`. */
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

  /** Returns the current values. */
  values(): T[] {
    return this.#values.filter((value) => value !== undefined);
  }
}
