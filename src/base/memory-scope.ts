import type { Held, Holder } from './held.ts';
import { type MemoryBudget, SMALL_BYTES } from './memory-budget.ts';

/**
 * The memory of one piece of work for somebody, such as a request with its answer: a little from the start, for all that
 * is small, and large things as they come. All of it is given back together, when the work is done.
 */
export class MemoryScope implements Disposable {
  readonly #budget: MemoryBudget;
  readonly #holder: Holder;
  readonly #onLetGo: () => void;
  readonly #small: Held;
  #large: Held[] | undefined;
  #isOver = false;

  /** `onLetGo` ends the work: somebody within their share needs what it holds. Throws OverBudget. */
  constructor(budget: MemoryBudget, holder: Holder, onLetGo: () => void) {
    this.#budget = budget;
    this.#holder = holder;
    this.#onLetGo = onLetGo;
    this.#small = budget.hold(holder, 'requests', SMALL_BYTES);
  }

  /** For whom it is held. */
  get holder(): Holder {
    return this.#holder;
  }

  /** What one message may have, as text. */
  get messageBytes(): number {
    return this.#budget.messageBytes;
  }

  /**
   * Holds more, until it is released or the work is done; `onLetGo` in place of the one of the whole work. Throws
   * OverBudget.
   */
  hold(kind: string, bytes: number, onLetGo = this.#onLetGo): Held {
    const held = this.#budget.hold(this.#holder, kind, bytes);
    if (this.#isOver) {
      // What comes too late is nobody's any more.
      held.release();
    } else {
      held.yields('underWay', onLetGo);
      this.#large ??= [];
      this.#large.push(held);
    }
    return held;
  }

  /** Gives everything back. */
  release(): void {
    this.#isOver = true;
    this.#small.release();
    for (const held of this.#large ?? []) {
      held.release();
    }
    this.#large = undefined;
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
