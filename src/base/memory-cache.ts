import type { Holder } from './held-memory.ts';
import { type HeldMemory, type MemoryBudget, OverBudget } from './memory-budget.ts';

type Kept<V> = { readonly value: V; readonly held: HeldMemory };

/** A cache of values, each kept while there is memory for it. */
export class MemoryCache<V> {
  readonly #budget: MemoryBudget;
  readonly #kind: string;
  readonly #most: number;
  readonly #kept = new Map<string, Kept<V>>();

  /** `kind` is their kind in the budget; the map keeps at most `most` values. */
  constructor(budget: MemoryBudget, kind: string, most = Number.POSITIVE_INFINITY) {
    this.#budget = budget;
    this.#kind = kind;
    this.#most = most;
  }

  get(key: string): V | undefined {
    return this.#kept.get(key)?.value;
  }

  /** Notes a use: the holder's other values are removed first. */
  used(key: string): void {
    this.#kept.get(key)?.held.noteUse();
  }

  /** Replaces the value of a key. Returns false, and keeps no value, if there is no room for its bytes. */
  set(key: string, value: V, holder: Holder, bytes: number): boolean {
    this.delete(key);
    const [oldest] = this.#kept.size >= this.#most ? this.#kept.keys() : [];
    if (oldest !== undefined) {
      this.delete(oldest);
    }
    try {
      const held = this.#budget.hold(holder, this.#kind, bytes);
      this.#kept.set(key, { value, held });
      held.allowRelease('kept', () => this.#kept.delete(key));
      return true;
    } catch (error) {
      if (error instanceof OverBudget) {
        return false;
      }
      throw error;
    }
  }

  delete(key: string): void {
    this.#kept.get(key)?.held.release();
    this.#kept.delete(key);
  }
}
