/** `share`: the holder's share is used up, and no more is free for it. `budget`: all memory is used. */
export type Shortage = 'share' | 'budget';

/** There is not enough memory in the budget; nothing has changed. */
export class OverBudget extends Error {
  readonly shortage: Shortage;

  constructor(shortage: Shortage) {
    super(`no room: the ${shortage === 'share' ? 'share of this holder' : 'memory budget'} is used up`);
    this.shortage = shortage;
  }
}

/**
 * Memory that can be released early. `kept`: a cache, released for any holder. `underWay`: work in progress, released
 * for holders within their share.
 */
export type Yielding = 'kept' | 'underWay';

/** The owner of held memory; null is the operator of the program. */
export type Holder = string | null;

/** The memory of one holder. */
export type HolderAccount = {
  readonly holder: Holder;
  bytes: number;
  keptBytes: number;
  holds: number;
  /** Memory that can be released early, the oldest first. */
  readonly kept: Set<HeldMemory>;
  readonly underWay: Set<HeldMemory>;
};
/** The held bytes of one kind of memory. */
export type KindTotal = { bytes: number };

/** The budget that keeps the accounts. */
export type Ledger = {
  /** Changes the held bytes by `delta`, or returns the shortage that prevents it. */
  change(account: HolderAccount, kind: KindTotal, delta: number, isKept: boolean): Shortage | null;
  /** Marks already held bytes as kept. */
  changeKept(account: HolderAccount, bytes: number): void;
  /** Notes that the holder has released one piece of memory. */
  leave(account: HolderAccount): void;
  /**
   * Repeats the attempt whenever memory is released. Rejects with OverBudget if too little is released for too long.
   */
  turn(attempt: () => Shortage | null, wanted: number, signal: AbortSignal | undefined): Promise<void>;
};

/** Memory that is held for a holder until `release`. */
export class HeldMemory implements Disposable {
  readonly #budget: Ledger;
  readonly #account: HolderAccount;
  readonly #kind: KindTotal;
  #bytes = 0;
  #isReleased = false;
  #yielding: Yielding | undefined;
  #onLetGo: (() => void) | undefined;

  /** `MemoryBudget.hold` creates it. */
  constructor(budget: Ledger, account: HolderAccount, kind: KindTotal) {
    this.#budget = budget;
    this.#account = account;
    this.#kind = kind;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The holder. */
  get holder(): Holder {
    return this.#account.holder;
  }

  /**
   * Changes the held bytes to this number. Throws OverBudget and keeps the earlier number if there is no room. Does
   * nothing after `release`.
   */
  resize(bytes: number): void {
    const shortage = this.#tryResize(bytes);
    if (shortage !== null) {
      throw new OverBudget(shortage);
    }
  }

  /** Like `resize`, but returns false if there is no room. */
  tryResize(bytes: number): boolean {
    return this.#tryResize(bytes) === null;
  }

  /**
   * Like `resize`, but waits for room: the caller must not accept more data meanwhile. Rejects with OverBudget if other
   * holders release too little, or with the reason of the signal.
   */
  async waitToResize(bytes: number, signal?: AbortSignal): Promise<void> {
    if (this.#tryResize(bytes) !== null) {
      await this.#budget.turn(() => this.#tryResize(bytes), bytes - this.#bytes, signal);
    }
  }

  /**
   * Allows the budget to release this memory early. It then calls `onLetGo` at once, and the owner must drop the held
   * data. `kept` data is a cache of its holder. `underWay` data is released only while its holder exceeds its share.
   */
  allowRelease(yielding: Yielding, onLetGo: () => void): void {
    if (!this.#isReleased && this.#yielding === undefined) {
      this.#yielding = yielding;
      this.#onLetGo = onLetGo;
      if (this.#bytes > 0) {
        this.#account[yielding].add(this);
      }
      if (yielding === 'kept') {
        this.#budget.changeKept(this.#account, this.#bytes);
      }
    }
  }

  /** Notes a use: the holder's other kept memory is released before this one. */
  noteUse(): void {
    if (this.#account.kept.delete(this)) {
      this.#account.kept.add(this);
    }
  }

  /** For the budget only. */
  releaseEarly(): void {
    const tell = this.#onLetGo;
    this.release();
    tell?.();
  }

  /** Releases everything. */
  release(): void {
    if (this.#isReleased) {
      return;
    }
    this.#tryResize(0);
    this.#isReleased = true;
    this.#onLetGo = undefined;
    this.#budget.leave(this.#account);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  #tryResize(bytes: number): Shortage | null {
    const delta = bytes - this.#bytes;
    if (delta === 0 || this.#isReleased) {
      return null;
    }
    const shortage = this.#budget.change(this.#account, this.#kind, delta, this.#yielding === 'kept');
    if (shortage === null && this.#isReleased) {
      // It was let go of itself to make room for more of it.
      this.#budget.change(this.#account, this.#kind, -delta, this.#yielding === 'kept');
    } else if (shortage === null) {
      if (this.#yielding !== undefined && (bytes === 0 || this.#bytes === 0)) {
        // Who holds nothing has nothing to let go of.
        this.#account[this.#yielding][bytes === 0 ? 'delete' : 'add'](this);
      }
      this.#bytes = bytes;
    }
    return shortage;
  }
}
