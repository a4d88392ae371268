const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** In place of `src/base/fast/nested-end.ts`: a look at each byte. */
export class NestedEnd {
  #open = 0;
  #isInString = false;
  #isEscaped = false;

  begin(): void {
    this.#open = 1;
    this.#isInString = false;
    this.#isEscaped = false;
  }

  find(bytes: Buffer, start: number, end: number): number {
    for (let at = start; at < end; at++) {
      const code = bytes[at] as number;
      if (this.#isEscaped) {
        this.#isEscaped = false;
      } else if (code === QUOTE) {
        this.#isInString = !this.#isInString;
      } else if (this.#isInString) {
        this.#isEscaped = code === BACKSLASH;
      } else if (code === OPEN_LIST || code === OPEN_OBJECT) {
        this.#open++;
      } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) {
        this.#open--;
        if (this.#open === 0) {
          return at + 1;
        }
      }
    }
    return -1;
  }
}
