/** A peer whose silence is watched. */
export type WatchedPeer = {
  /** The maximum silence, in milliseconds. */
  readonly idleTimeoutMs: number;
  /** Whether the reader has paused, so that silence does not count. */
  isPaused(): boolean;
  giveUp(reason: IdleTimeout): void;
};

/** A peer was silent for too long. */
export class IdleTimeout extends Error {
  override readonly name = 'SilentTooLong';
}

const CHECK_INTERVAL_MS = 500;

/** Watches a peer until `end`, and gives it up after too long a silence. */
export class IdleWatch {
  readonly #peer: WatchedPeer;
  readonly #timer: NodeJS.Timeout;
  #silentMs = 0;

  constructor(peer: WatchedPeer) {
    this.#peer = peer;
    this.#timer = setInterval(() => this.#check(), CHECK_INTERVAL_MS).unref();
  }

  noteActivity(): void {
    this.#silentMs = 0;
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    this.#silentMs = this.#peer.isPaused() ? 0 : this.#silentMs + CHECK_INTERVAL_MS;
    if (this.#silentMs > this.#peer.idleTimeoutMs) {
      this.#peer.giveUp(new IdleTimeout('nothing was heard for too long'));
    }
  }
}
