import { Slots } from '../base/fast/slots.ts';

/** A peer whose silence is watched. */
export type WatchedPeer = {
  /** The maximum silence, in milliseconds. */
  readonly silence: number;
  /** Whether the reader has paused, so that silence does not count. */
  isPaused(): boolean;
  giveUp(reason: IdleTimeout): void;
};

/** A peer was silent for too long. */
export class IdleTimeout extends Error {
  override readonly name = 'SilentTooLong';
}

/** Milliseconds between two looks. One timer looks after all: one for each would outlive what it is for. */
const CHECK_INTERVAL_MS = 500;

const listened = new Slots<IdleWatch>();
let looks = 0;
let looking: NodeJS.Timeout | undefined;

/** Watches a peer until `end`, and gives it up after too long a silence. */
export class IdleWatch {
  readonly #speaker: WatchedPeer;
  readonly #slot: number;
  #heardAt = looks;

  constructor(speaker: WatchedPeer) {
    this.#speaker = speaker;
    this.#slot = listened.add(this);
    looking ??= setInterval(look, CHECK_INTERVAL_MS).unref();
  }

  noteActivity(): void {
    this.#heardAt = looks;
  }

  end(): void {
    listened.remove(this.#slot);
  }

  check(): void {
    if (this.#speaker.isPaused()) {
      this.noteActivity();
    } else if ((looks - this.#heardAt) * CHECK_INTERVAL_MS > this.#speaker.silence) {
      this.#speaker.giveUp(new IdleTimeout('nothing was heard for too long'));
    }
  }
}

function look(): void {
  looks += 1;
  if (listened.isEmpty()) {
    clearInterval(looking);
    looking = undefined;
  }
  for (const listening of listened.values()) {
    listening.check();
  }
}
