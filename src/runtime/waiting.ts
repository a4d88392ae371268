import type { Speaker } from '../egress/silence.ts';
import { ServerFailed } from './failed.ts';
import type { ServerMessage } from './messages.ts';
import { CARRIED_OUT } from './pipe-failures.ts';

/** Characters of notifications that are kept for a reader who is slower than the server; further ones are dropped. */
const MOST_KEPT = 4 * 1024 * 1024;

/** A request that waits for what a server has to say to it. */
export class Waiting implements Speaker {
  readonly silence: number;
  readonly #server: string;
  readonly #came: { readonly message: ServerMessage; readonly size: number }[] = [];
  #kept = 0;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  /** `silence` is in milliseconds; `server` is its name. */
  constructor(server: string, silence: number) {
    this.#server = server;
    this.silence = silence;
  }

  /** `size` is how many characters it came in. */
  add(message: ServerMessage, size: number): void {
    if (message.method === undefined || this.#kept + size <= MOST_KEPT) {
      this.#came.push({ message, size });
      this.#kept += size;
      this.#wake?.();
    }
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
    const what = `sent nothing for ${this.silence / 1000} s; ${CARRIED_OUT}.`;
    this.fail(new ServerFailed(this.#server, 'late', what));
  }

  /** What has come, or comes, next. Throws what `fail` was given when that is all. */
  async next(): Promise<ServerMessage> {
    while (this.#came.length === 0 && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const next = this.#came.shift();
    if (next === undefined) {
      throw this.#failure?.error;
    }
    this.#kept -= next.size;
    return next.message;
  }
}
