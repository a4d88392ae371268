import { Slots } from '../base/slots.ts';

/** Somebody who is listened to. */
export type Speaker = {
  /** Milliseconds that may pass between two things heard. */
  readonly silence: number;
  /** Whether nobody wants to hear more for now. */
  isPaused(): boolean;
  giveUp(reason: SilentTooLong): void;
};

/** Why a speaker was given up. */
export class SilentTooLong extends Error {
  override readonly name = 'SilentTooLong';
}

/** Milliseconds between two looks. One timer looks after all: one for each would outlive what it is for. */
const CHECK_INTERVAL_MS = 500;

const listened = new Slots<Listening>();
let looks = 0;
let looking: NodeJS.Timeout | undefined;

/** Listens to a speaker, who is given up when nothing was heard for too long, until `end`. */
export class Listening {
  readonly #speaker: Speaker;
  readonly #slot: number;
  #heardAt = looks;

  constructor(speaker: Speaker) {
    this.#speaker = speaker;
    this.#slot = listened.add(this);
    looking ??= setInterval(look, CHECK_INTERVAL_MS).unref();
  }

  heard(): void {
    this.#heardAt = looks;
  }

  end(): void {
    listened.remove(this.#slot);
  }

  look(): void {
    if (this.#speaker.isPaused()) {
      this.heard();
    } else if ((looks - this.#heardAt) * CHECK_INTERVAL_MS > this.#speaker.silence) {
      this.#speaker.giveUp(new SilentTooLong('nothing was heard for too long'));
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
    listening.look();
  }
}
