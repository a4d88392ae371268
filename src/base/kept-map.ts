import type { Holder } from './held.ts';
import { type Held, type MemoryBudget, OverBudget } from './memory-budget.ts';

type Kept<V> = { readonly value: V; readonly held: Held };

/** Values that make their holders faster, each as long as there is room for it. */
export class KeptMap<V> {
  readonly #budget: MemoryBudget;
  readonly #kind: string;
  readonly #most: number;
  readonly #kept = new Map<string, Kept<V>>();

  /** Values are held as this kind; `most` of them are kept. */
  constructor(budget: MemoryBudget, kind: string, most = Number.POSITIVE_INFINITY) {
    this.#budget = budget;
    this.#kind = kind;
    this.#most = most;
  }

  get(key: string): V | undefined {
    return this.#kept.get(key)?.value;
  }

  /** The value was of use: others of its holder go before it. */
  used(key: string): void {
    this.#kept.get(key)?.held.used();
  }

  /** Keeps a value of so many bytes in place of the one before; false, and none is kept, where there is no room. */
  set(key: string, value: V, holder: Holder, bytes: number): boolean {
    this.delete(key);
    const [oldest] = this.#kept.size >= this.#most ? this.#kept.keys() : [];
    if (oldest !== undefined) {
      this.delete(oldest);
    }
    try {
      const held = this.#budget.hold(holder, this.#kind, bytes);
      this.#kept.set(key, { value, held });
      held.yields('kept', () => this.#kept.delete(key));
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
