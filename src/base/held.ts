/** The holder's share is used up, and there is no more for it beyond that; or nobody has room. */
export type Shortage = 'share' | 'budget';

/** There is no room for what should be held; nothing has changed. */
export class OverBudget extends Error {
  readonly shortage: Shortage;

  constructor(shortage: Shortage) {
    super(`no room: the ${shortage === 'share' ? 'share of this holder' : 'memory budget'} is used up`);
    this.shortage = shortage;
  }
}

/** What is held can be let go of: what is kept to be faster, for anybody; what is under way, for those within their share. */
export type Yielding = 'kept' | 'underWay';

/** Somebody for whom memory is held; null is whoever runs the program. */
export type Holder = string | null;

/** What one holder holds. */
export type Account = {
  readonly holder: Holder;
  bytes: number;
  keptBytes: number;
  holds: number;
  /** What can be let go of, the oldest first. */
  readonly kept: Set<Held>;
  readonly underWay: Set<Held>;
};
export type Kind = { bytes: number };

/** Who keeps the accounts. */
export type Ledger = {
  /** Changes by so many bytes what is held, or says why it cannot be more. */
  change(account: Account, kind: Kind, delta: number, isKept: boolean): Shortage | null;
  /** So many bytes that are held already are kept from now on. */
  changeKept(account: Account, bytes: number): void;
  /** The holder holds one thing less. */
  leave(account: Account): void;
  /** Attempts again whenever something is given back. Rejects with OverBudget when that is too little for too long. */
  turn(attempt: () => Shortage | null, wanted: number, signal: AbortSignal | undefined): Promise<void>;
};

/** Memory that is held for somebody, until `release`. */
export class Held implements Disposable {
  readonly #budget: Ledger;
  readonly #account: Account;
  readonly #kind: Kind;
  #bytes = 0;
  #isReleased = false;
  #yielding: Yielding | undefined;
  #onLetGo: (() => void) | undefined;

  /** Made by `MemoryBudget.hold`. */
  constructor(budget: Ledger, account: Account, kind: Kind) {
    this.#budget = budget;
    this.#account = account;
    this.#kind = kind;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** For whom it is held. */
  get holder(): Holder {
    return this.#account.holder;
  }

  /** Holds so many bytes from now on. Throws OverBudget, and holds what it did. After `release`, does nothing. */
  resize(bytes: number): void {
    const shortage = this.#tryResize(bytes);
    if (shortage !== null) {
      throw new OverBudget(shortage);
    }
  }

  /** As `resize`, but answers false where there is no room. */
  tryResize(bytes: number): boolean {
    return this.#tryResize(bytes) === null;
  }

  /**
   * As `resize`, but waits for room: whoever gives it what it holds is to send no more until then. Rejects with
   * OverBudget when others give too little back, or with the reason of the signal.
   */
  async reach(bytes: number, signal?: AbortSignal): Promise<void> {
    if (this.#tryResize(bytes) !== null) {
      await this.#budget.turn(() => this.#tryResize(bytes), bytes - this.#bytes, signal);
    }
  }

  /**
   * Says how this can be let go of when somebody else needs the room: it is released then, and `onLetGo` is told, at once,
   * to forget what was held. What is `kept` makes its holder faster; what is `underWay` is let go of only while its holder
   * has more than its share.
   */
  yields(yielding: Yielding, onLetGo: () => void): void {
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

  /** It was used: of what its holder keeps, the rest is let go of before it. */
  used(): void {
    if (this.#account.kept.delete(this)) {
      this.#account.kept.add(this);
    }
  }

  /** Of the budget alone. */
  letGo(): void {
    const tell = this.#onLetGo;
    this.release();
    tell?.();
  }

  /** Gives everything back. */
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
