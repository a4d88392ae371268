const [QUOTE, BACKSLASH] = [0x22, 0x5c];
/** Bytes that are looked at one by one: for fewer, a call of `indexOf` costs more than it spares. */
const NEAR_BYTES = 32;
const MANY_BYTES = 1024;

/** Finds the ends of strings in JSON that arrives in pieces of any size. */
export class StringEnd {
  /** Whether the last byte of the piece before escapes the first one of the next. */
  #isEscaped = false;

  /** Forgets an unfinished string. */
  reset(): void {
    this.#isEscaped = false;
  }

  /** Returns the place after the closing quote of the string around `start`; -1 if it does not end before `end`. */
  find(bytes: Buffer, start: number, end: number): number {
    let at = this.#isEscaped ? start + 1 : start;
    this.#isEscaped = false;
    for (let near = NEAR_BYTES; ; ) {
      for (const until = Math.min(end, at + near); at < until; ) {
        const code = bytes[at];
        if (code === QUOTE) {
          return at + 1;
        }
        at += code === BACKSLASH ? 2 : 1;
      }
      if (at >= end) {
        this.#isEscaped = at > end;
        return -1;
      }
      const found = bytes.indexOf(QUOTE, at);
      const quote = found === -1 ? end : Math.min(found, end);
      let from = quote;
      while (from > at && bytes[from - 1] === BACKSLASH) {
        from--;
      }
      // Where quotes are close to each other, the next are looked for one by one.
      near = quote - at < NEAR_BYTES ? MANY_BYTES : NEAR_BYTES;
      const isEscaped = (quote - from) % 2 === 1;
      if (quote < end && !isEscaped) {
        return quote + 1;
      }
      at = isEscaped ? quote + 1 : quote;
    }
  }
}
