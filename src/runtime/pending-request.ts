import type { HeldMemory } from '../base/held-memory.ts';
import { OverBudget } from '../base/memory-budget.ts';
import type { MemoryScope } from '../base/memory-scope.ts';
import { countedParsed } from '../base/parsed-bytes.ts';
import type { WatchedPeer } from '../egress/idle-watch.ts';
import type { ServerMessage } from './messages.ts';
import { MAY_HAVE_RUN } from './pipe-failures.ts';
import { ServerFailed } from './server-failed.ts';

/** Bytes of notifications that are kept for a reader who is slower than the server; further ones are dropped. */
const MAX_KEPT_BYTES = 12 * 1024 * 1024;

type Came = { readonly message: ServerMessage; readonly bytes: number };

/** A request that waits for what a server has to say to it. What has come is held until the next is asked for. */
export class PendingRequest implements WatchedPeer {
  readonly silence: number;
  readonly #server: string;
  readonly #memory: () => MemoryScope;
  readonly #came: Came[] = [];
  /** Bytes of what has come, and of the message that was taken last. */
  #kept = 0;
  #taken = 0;
  #scope: MemoryScope | undefined;
  #held: HeldMemory | undefined;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  /** `silence` is in milliseconds; `server` is its name; `memory` begins to hold memory, once there is much of it. */
  constructor(server: string, silence: number, memory: () => MemoryScope) {
    this.#server = server;
    this.silence = silence;
    this.#memory = memory;
  }

  /** `bytes` is what it counts in memory. A response for which there is no room fails the request. */
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

  /** Nothing more will come. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake?.();
  }

  isPaused(): boolean {
    return this.#came.length > 0;
  }

  giveUp(): void {
    const what = `sent nothing for ${this.silence / 1000} s; ${MAY_HAVE_RUN}.`;
    this.fail(new ServerFailed(this.#server, 'late', what));
  }

  /** What has come, or comes, next. Throws what `fail` was given when that is all. */
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
    return next.message;
  }

  /** Gives back what is held. */
  release(): void {
    this.#scope?.release();
  }

  /** Holds values of so many bytes. Throws OverBudget. */
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
