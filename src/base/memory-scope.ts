import type { Held, Holder } from './held.ts';
import { type MemoryBudget, OverBudget, SMALL_BYTES } from './memory-budget.ts';

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
  #over: AbortController | undefined;

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

  /** Aborted when the work is over, with an OverBudget: nothing is held any more for what would still be done. */
  get signal(): AbortSignal {
    if (this.#over === undefined) {
      this.#over = new AbortController();
      if (this.#isOver) {
        this.#over.abort(new OverBudget('share'));
      }
    }
    return this.#over.signal;
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

  /**
   * As `hold`, but waits for room. Rejects with OverBudget when there is none, and when the work ends first:
   * nobody reads its result then, so that no memory is held for it.
   */
  async room(kind: string, bytes: number, onLetGo = this.#onLetGo): Promise<Held> {
    const held = this.hold(kind, 0, onLetGo);
    await held.reach(bytes, this.signal);
    this.signal.throwIfAborted();
    return held;
  }

  /** Holds what is kept when the work is done, for the same holder, until it is released. Throws OverBudget. */
  keep(kind: string, bytes: number): Held {
    return this.#budget.hold(this.#holder, kind, bytes);
  }

  /** Gives everything back. */
  release(): void {
    this.#isOver = true;
    this.#small.release();
    for (const held of this.#large ?? []) {
      held.release();
    }
    this.#large = undefined;
    this.#over?.abort(new OverBudget('share'));
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
