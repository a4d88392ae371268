import { findEndInPiece, MAX_PIECE_BYTES, piece, STATE, state } from './json-blocks.ts';

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
/** Bytes of the first look: most objects and lists are small. */
const FIRST_LOOK_BYTES = 1024;
/** Bytes of a string from which on a search for its end alone costs less. */
const LONG_STRING_BYTES = 1024;

/**
 * Finds the end of an object or a list in JSON that comes in pieces of any size. Only brackets outside of strings count;
 * that they match is for others to judge.
 */
export class NestedEnd {
  #open = 0;
  #inString = 0;
  #isEscaped = 0;

  /** Begins behind the bracket that opens it. */
  begin(): void {
    this.#open = 1;
    this.#inString = 0;
    this.#isEscaped = 0;
  }

  /** Returns the place behind the bracket that closes it; -1 if that does not stand between `start` and `end`. */
  find(bytes: Buffer, start: number, end: number): number {
    let at = start;
    for (let look = FIRST_LOOK_BYTES; at < end; look = MAX_PIECE_BYTES) {
      at = this.#passLongString(bytes, at, end);
      const until = Math.min(at + look, end);
      bytes.copy(piece, 0, at, until);
      state[STATE.inString] = this.#inString;
      state[STATE.isEscaped] = this.#isEscaped;
      state[STATE.open] = this.#open;
      const found = findEndInPiece(until - at);
      if (found !== -1) {
        return at + found;
      }
      this.#inString = state[STATE.inString] as number;
      this.#isEscaped = state[STATE.isEscaped] as number;
      this.#open = state[STATE.open] as number;
      at = until;
    }
    return -1;
  }

  /** Passes what is certainly inside of a string, if that is much. Returns the place behind it. */
  #passLongString(bytes: Buffer, start: number, end: number): number {
    if (this.#inString === 0) {
      return start;
    }
    const quote = bytes.indexOf(QUOTE, start);
    const until = quote === -1 || quote > end ? end : quote;
    if (until - start < LONG_STRING_BYTES) {
      return start;
    }
    let from = until;
    while (from > start && bytes[from - 1] === BACKSLASH) {
      from--;
    }
    // A first backslash that is escaped itself escapes nothing.
    const backslashes = until - from - (from === start ? this.#isEscaped : 0);
    this.#isEscaped = backslashes % 2;
    return until;
  }
}
