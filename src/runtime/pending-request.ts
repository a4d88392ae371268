import type { HeldMemory } from '../base/held-memory.ts';
import { OverBudget } from '../base/memory-budget.ts';
import type { MemoryScope } from '../base/memory-scope.ts';
import { countedParsed } from '../base/parsed-bytes.ts';
import { IdleWatch, type WatchedPeer } from '../egress/idle-watch.ts';
import type { ServerMessage } from './messages.ts';
import { MAY_HAVE_RUN } from './pipe-failures.ts';
import { ServerFailed } from './server-failed.ts';

/** The maximum number of bytes of notifications that wait for a slow reader; further ones are dropped. */
const MAX_KEPT_BYTES = 12 * 1024 * 1024;

type Came = { readonly message: ServerMessage; readonly bytes: number };

/** A request that waits for messages of a server. A received message is held until the next one is requested. */
export class PendingRequest implements WatchedPeer {
  readonly idleTimeoutMs: number;
  readonly #server: string;
  readonly #memory: () => MemoryScope;
  readonly #watch: IdleWatch | undefined;
  readonly #came: Came[] = [];
  /** The bytes of the waiting messages, and of the message that was taken last. */
  #kept = 0;
  #taken = 0;
  #scope: MemoryScope | undefined;
  #held: HeldMemory | undefined;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  /**
   * `idleTimeoutMs` is the idle timeout in milliseconds, 0 for none; it begins now. `server` is the name of the server.
   * `memory` begins to hold memory for large messages. Call `release` at the end.
   */
  constructor(server: string, idleTimeoutMs: number, memory: () => MemoryScope) {
    this.#server = server;
    this.idleTimeoutMs = idleTimeoutMs;
    this.#memory = memory;
    this.#watch = idleTimeoutMs > 0 ? new IdleWatch(this) : undefined;
  }

  /** Adds a message; `bytes` is its size in memory. A response without memory for it fails the request. */
  add(message: ServerMessage, bytes: number): void {
    const isResponse = message.method === undefined;
    if (!isResponse && this.#kept + bytes > MAX_KEPT_BYTES) {
      return;
    }
    try {
      this.#hold(this.#kept + bytes);
    } catch (error) {
      if (isResponse) {
        this.fail(error);
      }
      return;
    }
    this.#came.push({ message, bytes });
    this.#kept += bytes;
    this.#wake?.();
  }

  /** Fails the request: no more messages will come. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake?.();
  }

  /** Begins the idle timeout anew. */
  noteActivity(): void {
    this.#watch?.noteActivity();
  }

  isPaused(): boolean {
    return this.#came.length > 0;
  }

  giveUp(): void {
    const what = `sent nothing for ${this.idleTimeoutMs / 1000} s; ${MAY_HAVE_RUN}.`;
    this.fail(new ServerFailed(this.#server, 'late', what));
  }

  /** Returns the next message. After the last one, throws the error of `fail`. */
  async next(): Promise<ServerMessage> {
    this.#kept -= this.#taken;
    this.#taken = 0;
    this.#hold(this.#kept);
    while (this.#came.length === 0 && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const next = this.#came.shift();
    if (next === undefined) {
      throw this.#failure?.error;
    }
    this.#taken = next.bytes;
    this.noteActivity();
    return next.message;
  }

  /** Ends the idle timeout, and releases the memory. */
  release(): void {
    this.#watch?.end();
    this.#scope?.release();
  }

  /** Holds memory for parsed values of this size. Throws OverBudget. */
  #hold(kept: number): void {
    const bytes = countedParsed(kept);
    if (this.#held === undefined && bytes > 0) {
      this.#scope = this.#memory();
      this.#held = this.#scope.hold('queues', 0, () => this.#letGo());
    }
    this.#held?.resize(bytes);
  }

  #letGo(): void {
    this.#came.length = 0;
    this.fail(new OverBudget('share'));
  }
}
