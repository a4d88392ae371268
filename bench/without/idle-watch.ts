import type { WatchedPeer } from '../../src/egress/idle-watch.ts';

export class IdleTimeout extends Error {
  override readonly name = 'SilentTooLong';
}

/** In place of `src/egress/idle-watch.ts`: a timer for each exchange. */
export class IdleWatch {
  readonly #peer: WatchedPeer;
  readonly #timer: NodeJS.Timeout;

  constructor(peer: WatchedPeer) {
    this.#peer = peer;
    this.#timer = setTimeout(() => this.check(), peer.silence).unref();
  }

  noteActivity(): void {
    this.#timer.refresh();
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  check(): void {
    if (this.#peer.isPaused()) {
      this.noteActivity();
    } else {
      this.#peer.giveUp(new IdleTimeout('nothing was heard for too long'));
    }
  }
}
