import type { HeldMemory, Holder } from './held-memory.ts';
import { type MemoryBudget, OverBudget, SMALL_BYTES } from './memory-budget.ts';

/**
 * The memory of one piece of work for a holder, such as a request with its answer: a little from the start, for all
 * small data, and more for large data as it comes. All of it is released together at the end of the work.
 */
export class MemoryScope implements Disposable {
  readonly #budget: MemoryBudget;
  readonly #holder: Holder;
  readonly #onLetGo: () => void;
  readonly #small: HeldMemory;
  #large: HeldMemory[] | undefined;
  #isOver = false;
  #over: AbortController | undefined;

  /** `onLetGo` ends the work: a holder within its share needs the memory. Throws OverBudget. */
  constructor(budget: MemoryBudget, holder: Holder, onLetGo: () => void) {
    this.#budget = budget;
    this.#holder = holder;
    this.#onLetGo = onLetGo;
    this.#small = budget.hold(holder, 'requests', SMALL_BYTES);
  }

  /** The holder. */
  get holder(): Holder {
    return this.#holder;
  }

  /** The maximum number of bytes of one message, as text. */
  get messageBytes(): number {
    return this.#budget.messageBytes;
  }

  /** Aborted with an OverBudget at the end of the work: there is no memory for later steps. */
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
   * Holds more memory until it is released or the work ends; `onLetGo` replaces the one of the whole work. Throws
   * OverBudget.
   */
  hold(kind: string, bytes: number, onLetGo = this.#onLetGo): HeldMemory {
    const held = this.#budget.hold(this.#holder, kind, bytes);
    if (this.#isOver) {
      // What comes too late is nobody's any more.
      held.release();
    } else {
      held.allowRelease('underWay', onLetGo);
      this.#large ??= [];
      this.#large.push(held);
    }
    return held;
  }

  /**
   * Like `hold`, but waits for room. Rejects with OverBudget if there is none, or if the work ends first: then its
   * result is no longer needed.
   */
  async room(kind: string, bytes: number, onLetGo = this.#onLetGo): Promise<HeldMemory> {
    const held = this.hold(kind, 0, onLetGo);
    await held.waitToResize(bytes, this.signal);
    this.signal.throwIfAborted();
    return held;
  }

  /** Holds memory beyond the end of the work, for the same holder, until it is released. Throws OverBudget. */
  keep(kind: string, bytes: number): HeldMemory {
    return this.#budget.hold(this.#holder, kind, bytes);
  }

  /** Releases everything. */
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
