import {
  HeldMemory,
  type Holder,
  type HolderAccount,
  type KindTotal,
  type Ledger,
  OverBudget,
  type Shortage,
  type Yielding,
} from './held-memory.ts';

export { type HeldMemory, OverBudget } from './held-memory.ts';

/** The size of a memory budget, and its patience. */
export type MemoryBudgetOptions = {
  /** For all holders together. */
  readonly totalBytes: number;
  /** The maximum wait for room, in milliseconds, while no memory is released. */
  readonly patienceMs: number;
};

/** Divisors of the total: the guaranteed share of a holder, and the maximum of one message. */
const SHARES = 4;
const MESSAGES = 12;
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;
/** The maximum number of renewed waits after others have released as much as the holder needs. */
const MAX_ROUNDS = 12;

/** The bytes that a piece of work holds for all its small data; larger data is counted separately. */
export const SMALL_BYTES = 16 * 1024;

/**
 * The account of memory, in bytes: in total, by holder and by kind.
 *
 * Each holder may have a quarter of the total. It may have more only while another quarter stays free and no other
 * holder needs it: if a holder within its share needs room, holders beyond their share release memory, the largest
 * first: first their caches, then their work in progress. If that is not enough, all holders release their caches.
 *
 * Each piece of held memory has one owner, who releases it once; releasing it again does nothing.
 */
export class MemoryBudget implements Ledger {
  readonly totalBytes: number;
  /** The bytes that each holder may always have. */
  readonly shareBytes: number;
  /** The maximum number of bytes of one message, as text. */
  readonly messageBytes: number;
  readonly #patienceMs: number;
  readonly #accounts = new Map<Holder, HolderAccount>();
  readonly #kinds = new Map<string, KindTotal>();
  readonly #waiting = new Set<() => void>();
  #bytes = 0;
  #keptBytes = 0;
  #givenBack = 0;
  #isWaking = false;

  constructor({ totalBytes, patienceMs }: MemoryBudgetOptions) {
    this.totalBytes = totalBytes;
    this.shareBytes = Math.floor(totalBytes / SHARES);
    this.messageBytes = Math.min(Math.floor(totalBytes / MESSAGES), MAX_MESSAGE_BYTES);
    this.#patienceMs = patienceMs;
  }

  /** Holds bytes for a holder. Throws OverBudget. */
  hold(holder: Holder, kind: string, bytes: number): HeldMemory {
    const held = new HeldMemory(this, this.#account(holder), this.#kind(kind));
    try {
      held.resize(bytes);
    } catch (error) {
      held.release();
      throw error;
    }
    return held;
  }

  /** Returns the bytes that one holder, or all holders, have. */
  heldBytes(holder?: Holder): number {
    return holder === undefined ? this.#bytes : (this.#accounts.get(holder)?.bytes ?? 0);
  }

  /** Returns the held bytes by kind; includes every kind that was ever held. */
  heldByKind(): ReadonlyMap<string, number> {
    return new Map([...this.#kinds].map(([kind, { bytes }]) => [kind, bytes]));
  }

  change(account: HolderAccount, kind: KindTotal, delta: number, isKept: boolean): Shortage | null {
    if (delta > 0) {
      const shortage = this.#makeRoom(account, delta);
      if (shortage !== null) {
        return shortage;
      }
    }
    account.bytes += delta;
    kind.bytes += delta;
    this.#bytes += delta;
    if (isKept) {
      account.keptBytes += delta;
      this.#keptBytes += delta;
    }
    if (delta < 0) {
      this.#givenBack -= delta;
      this.#wakeSoon();
    }
    return null;
  }

  changeKept(account: HolderAccount, bytes: number): void {
    account.keptBytes += bytes;
    this.#keptBytes += bytes;
  }

  leave(account: HolderAccount): void {
    account.holds -= 1;
    if (account.holds === 0) {
      this.#accounts.delete(account.holder);
    }
  }

  async turn(attempt: () => Shortage | null, wanted: number, signal: AbortSignal | undefined): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const before = this.#givenBack;
      const shortage = await this.#round(attempt, signal);
      signal?.throwIfAborted();
      if (shortage === null) {
        return;
      }
      if (round === MAX_ROUNDS - 1 || this.#givenBack - before < wanted) {
        throw new OverBudget(shortage);
      }
    }
  }

  /** Tries again whenever something is given back, for as long as one has patience. */
  #round(attempt: () => Shortage | null, signal: AbortSignal | undefined): Promise<Shortage | null> {
    const { promise, resolve } = Promise.withResolvers<Shortage | null>();
    const tryAgain = (): void => {
      const shortage = signal?.aborted === true ? 'share' : attempt();
      if (shortage === null || signal?.aborted === true) {
        resolve(shortage);
      }
    };
    const timer = setTimeout(() => resolve(attempt()), this.#patienceMs).unref();
    this.#waiting.add(tryAgain);
    signal?.addEventListener('abort', tryAgain, { once: true });
    tryAgain();
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(tryAgain);
      signal?.removeEventListener('abort', tryAgain);
    });
  }

  #makeRoom(asking: HolderAccount, more: number): Shortage | null {
    const isWithin = asking.bytes + more <= this.shareBytes;
    const most = (isWithin ? this.totalBytes : this.totalBytes - this.shareBytes) - more;
    return this.#bytes <= most || this.#letOthersGo(asking, isWithin, most) ? null : isWithin ? 'budget' : 'share';
  }

  /** Has others let go until no more than `most` bytes are held; false when they cannot. */
  #letOthersGo(asking: HolderAccount, isWithin: boolean, most: number): boolean {
    const hasRoom = (): boolean => this.#bytes <= most;
    // Nobody lets go of what they keep for something that does not fit even so.
    if (isWithin || this.#bytes - this.#keptBytes <= most) {
      const isOver = (account: HolderAccount): boolean =>
        account.bytes > this.shareBytes || (account === asking && !isWithin);
      this.#letGo('kept', isOver, hasRoom);
      if (isWithin) {
        this.#letGo('underWay', isOver, hasRoom);
        this.#letGo('kept', () => true, hasRoom);
      }
    }
    return hasRoom();
  }

  /** Makes the selected holders release memory, the largest first and each the oldest first, until there is room. */
  #letGo(what: Yielding, should: (account: HolderAccount) => boolean, hasRoom: () => boolean): void {
    while (!hasRoom()) {
      let largest: HolderAccount | undefined;
      for (const account of this.#accounts.values()) {
        if (account[what].size > 0 && account.bytes > (largest?.bytes ?? 0) && should(account)) {
          largest = account;
        }
      }
      if (largest === undefined) {
        return;
      }
      for (const held of largest[what]) {
        held.releaseEarly();
        if (hasRoom() || !should(largest)) {
          break;
        }
      }
    }
  }

  /** Deferred, because a resumed holder may change the state that is being changed. */
  #wakeSoon(): void {
    if (this.#waiting.size > 0 && !this.#isWaking) {
      this.#isWaking = true;
      setImmediate(() => {
        this.#isWaking = false;
        for (const wake of this.#waiting) {
          wake();
        }
      });
    }
  }

  #account(holder: Holder): HolderAccount {
    let account = this.#accounts.get(holder);
    if (account === undefined) {
      account = { holder, bytes: 0, keptBytes: 0, holds: 0, kept: new Set(), underWay: new Set() };
      this.#accounts.set(holder, account);
    }
    account.holds += 1;
    return account;
  }

  #kind(name: string): KindTotal {
    let kind = this.#kinds.get(name);
    if (kind === undefined) {
      kind = { bytes: 0 };
      this.#kinds.set(name, kind);
    }
    return kind;
  }
}
