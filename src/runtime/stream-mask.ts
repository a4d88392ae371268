import type { SecretSearch, Wanted } from '../redaction/secret-search.ts';
import { beginsAsError, isErrorIn, MAX_MARK_BYTES, MAX_WAITING_BYTES, saysErrorIn } from './message-errors.ts';

/** The end of an event: two line ends of any style (WHATWG HTML, "Interpreting an event stream"). */
const BLANK_LINE = /\n\n|\n\r\n|\r\r/g;

/** The values that are masked in each kind of message. */
export type MaskedKinds = {
  /** The values that are masked in errors, and in results. */
  readonly errors: Wanted;
  readonly results: Wanted;
  /** The values that are masked in errors only. */
  readonly undecided: Wanted;
};

/** Whether this number of bytes of a message of unknown kind may be held. Called again as it grows. */
export type Room = (bytes: number) => boolean;

/**
 * Masks the secrets in a body while it arrives. A message is awaited completely unless it is large. A large one is
 * passed on as a result until a part contains a value that is masked in errors only. From there on it is held until
 * it reports an error or ends; without memory for that, it counts as an error.
 */
export class StreamMask {
  readonly #search: SecretSearch;
  readonly #kinds: MaskedKinds;
  readonly #areEvents: boolean;
  readonly #room: Room;
  #held: Buffer = Buffer.alloc(0);
  /** The values that are masked in a large message that is passed on already. */
  #wanted: Wanted | null = null;
  /** The parts of such a message that are held. */
  #undecided: Buffer[] = [];
  #undecidedBytes = 0;

  constructor(search: SecretSearch, kinds: MaskedKinds, areEvents: boolean, room: Room) {
    this.#search = search;
    this.#kinds = kinds;
    this.#areEvents = areEvents;
    this.#room = room;
  }

  /** Adds a chunk, and yields what can be passed on, piece by piece on demand. */
  *add(chunk: Buffer): Generator<Buffer> {
    const isSeen = this.#held.length;
    const data = isSeen === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    let at = 0;
    if (this.#areEvents) {
      const text = data.toString('latin1');
      // A blank line may have begun in the chunk before.
      BLANK_LINE.lastIndex = Math.max(isSeen - 2, 0);
      const ends: number[] = [];
      while (BLANK_LINE.test(text)) {
        ends.push(BLANK_LINE.lastIndex);
      }
      for (const end of ends) {
        yield* this.#ended(data.subarray(at, end));
        at = end;
      }
    }
    const rest = data.subarray(at);
    if (this.#wanted === null && rest.length <= MAX_WAITING_BYTES) {
      this.#held = rest;
    } else {
      yield* this.#large(rest);
    }
  }

  /** Yields the rest at the end of the body. */
  *end(): Generator<Buffer> {
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    yield* this.#ended(rest);
  }

  /** Yields what can be passed on of a large message; `rest` begins with its held part. */
  *#large(rest: Buffer): Generator<Buffer> {
    const { errors, results, undecided } = this.#kinds;
    this.#wanted ??= beginsAsError(rest) ? errors : results;
    this.#decide(rest);
    const mostBytes = Math.max(rest.length - MAX_MARK_BYTES, 0);
    const { end } = this.#search.find(rest, errors, { isJson: true, isLast: false, mostBytes });
    this.#held = rest.subarray(end);
    const part = rest.subarray(0, end);
    const isUndecided = (): boolean => this.#undecided.length > 0 || this.#search.areIn(rest, undecided, true);
    if (this.#wanted === results && isUndecided()) {
      this.#undecided.push(part);
      this.#undecidedBytes += part.length;
      if (this.#room(this.#undecidedBytes)) {
        return;
      }
      this.#wanted = errors;
      yield* this.#decided();
      return;
    }
    yield* this.#decided(part);
  }

  *#ended(message: Buffer): Generator<Buffer> {
    if (this.#wanted === null) {
      const { errors, results } = this.#kinds;
      // Every value that is masked in results is also masked in errors.
      if (!this.#search.areIn(message, errors, true)) {
        yield message;
        return;
      }
      const wanted = isErrorIn(message, this.#areEvents ? dataOf : undefined) ? errors : results;
      yield this.#search.outOf(message, wanted, true);
      return;
    }
    this.#decide(message);
    yield* this.#decided(message);
    this.#wanted = null;
  }

  #decide(bytes: Buffer): void {
    const { results, errors } = this.#kinds;
    if (this.#wanted === results && saysErrorIn(bytes)) {
      this.#wanted = errors;
    }
  }

  /** Masks the held parts and the next ones as decided. No masked value lies across two parts. */
  *#decided(...rest: Buffer[]): Generator<Buffer> {
    const parts = [...this.#undecided, ...rest];
    const wanted = this.#wanted ?? this.#kinds.errors;
    const wasHeld = this.#undecided.length > 0;
    this.#undecided = [];
    this.#undecidedBytes = 0;
    for (const part of parts) {
      yield this.#search.outOf(part, wanted, true);
    }
    if (wasHeld) {
      this.#room(0);
    }
  }
}

/** Returns the data of an event. */
const dataOf = (event: string): string =>
  event
    .split(/\r\n|\n|\r/)
    .flatMap((line) => (line.startsWith('data:') ? [line.slice('data:'.length)] : []))
    .join('\n');
