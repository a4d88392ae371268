/** What is heard of one JSON-RPC message. */
export type HeardMessage = {
  /** JSON, one character for each byte; undefined where there is none, or it is longer than an id may be. */
  readonly id: string | undefined;
  readonly method: string | undefined;
  /** Undefined where it has neither a result nor an error. */
  readonly isError: boolean | undefined;
};

const [TAB, LINE_FEED, RETURN, SPACE] = [0x09, 0x0a, 0x0d, 0x20];
const [QUOTE, COMMA, COLON, BACKSLASH] = [0x22, 0x2c, 0x3a, 0x5c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Bytes of a string that are looked at one by one: for fewer, a call of `indexOf` costs more than it spares. */
const NEAR = 32;
const MANY = 1024;
/** Bytes of a name or a value that is looked at. */
const LONGEST = 4096;

/** Bytes that mean something below the levels that are looked at. */
const MATTERS = new Uint8Array(256);
for (const code of [QUOTE, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT]) {
  MATTERS[code] = 1;
}

/**
 * Hears the messages in JSON that is passed on, in pieces of any size: one, or a batch. It looks at the members of a message
 * and of its result, keeps nothing else, and is as lenient as it can be: what is no JSON is the client's to judge.
 */
export class OverheardJson {
  readonly #onMessage: (message: HeardMessage) => void;
  /** Objects and lists that are open, and how many of them are around a message. */
  #depth = 0;
  #around = 0;
  #isInString = false;
  #isEscaped = false;
  /** Whether the string, or the scalar, is kept, and what of it has come. */
  #isKept = false;
  #kept = '';
  #isName = false;
  /** The member that is being read, and, where that is a result, the member of it. */
  #name = '';
  #inner = '';
  #isInResult = false;
  #id: string | undefined;
  #method: string | undefined;
  #hasResult = false;
  #hasError = false;
  #saysError = false;

  constructor(onMessage: (message: HeardMessage) => void) {
    this.#onMessage = onMessage;
  }

  /** Begins with another text. */
  reset(): void {
    this.#depth = 0;
    this.#around = 0;
    this.#isInString = false;
    this.#isEscaped = false;
    this.#isKept = false;
    this.#kept = '';
    this.#begin();
  }

  #begin(): void {
    this.#isName = true;
    this.#name = '';
    this.#inner = '';
    this.#isInResult = false;
    this.#id = undefined;
    this.#method = undefined;
    this.#hasResult = false;
    this.#hasError = false;
    this.#saysError = false;
  }

  hear(bytes: Buffer, start = 0, end = bytes.length): void {
    let at = start;
    while (at < end) {
      if (this.#isInString) {
        at = this.#hearString(bytes, at, end);
      } else if (this.#isWatched()) {
        this.#take(bytes[at] as number);
        at++;
      } else {
        at = this.#hearDeep(bytes, at, end);
      }
    }
  }

  /** Reads on below the levels that are looked at; answers the place behind what was read. */
  #hearDeep(bytes: Buffer, start: number, end: number): number {
    const watched = this.#around + (this.#isInResult ? 2 : 1);
    let depth = this.#depth;
    let at = start;
    while (at < end) {
      const code = bytes[at] as number;
      at++;
      if (MATTERS[code] === 0) {
        continue;
      }
      if (code === QUOTE) {
        this.#isInString = true;
        this.#isKept = false;
        at = this.#hearString(bytes, at, end);
      } else if (code === OPEN_OBJECT || code === OPEN_LIST) {
        depth++;
        if (depth <= watched) {
          this.#depth = depth - 1;
          this.#open(code === OPEN_OBJECT);
          return at;
        }
      } else {
        depth--;
        if (depth <= watched) {
          this.#depth = depth + 1;
          this.#close();
          return at;
        }
      }
    }
    this.#depth = depth;
    return at;
  }

  /** Whether the members of what is open are looked at. */
  #isWatched(): boolean {
    const level = this.#depth - this.#around;
    return level === 1 || (level === 2 && this.#isInResult);
  }

  #take(code: number): void {
    switch (code) {
      case QUOTE:
        this.#isInString = true;
        this.#isKept = this.#isWatched() && (this.#isName || this.#isWanted());
        // Of one that is not kept it is known that it is there.
        this.#kept = '"';
        break;
      case OPEN_OBJECT:
      case OPEN_LIST:
        this.#open(code === OPEN_OBJECT);
        break;
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        this.#close();
        break;
      case COMMA:
        this.#endValue();
        this.#isName = true;
        break;
      case COLON:
        this.#endName();
        break;
      case SPACE:
      case TAB:
      case LINE_FEED:
      case RETURN:
        break;
      default:
        if (this.#kept.length < LONGEST) {
          this.#kept += String.fromCharCode(code);
        }
    }
  }

  #isWanted(): boolean {
    return this.#depth - this.#around === 1 && (this.#name === 'id' || this.#name === 'method');
  }

  #open(isObject: boolean): void {
    const level = this.#depth - this.#around;
    if (this.#depth === 0 && !isObject) {
      this.#around = 1;
    } else if (level === 0) {
      this.#begin();
    } else if (level === 1 && !this.#isName) {
      this.#noteValue(isObject ? '{' : '[');
      this.#isInResult = isObject && this.#name === 'result';
      this.#isName = this.#isInResult;
    }
    this.#depth++;
    this.#kept = '';
  }

  #close(): void {
    this.#endValue();
    this.#depth--;
    const level = this.#depth - this.#around;
    if (level === 1) {
      this.#isInResult = false;
      this.#isName = false;
    } else if (level === 0 && this.#depth >= 0) {
      const isAnswer = this.#hasError || this.#hasResult;
      this.#onMessage({
        id: this.#id,
        method: this.#method,
        isError: isAnswer ? this.#hasError || this.#saysError : undefined,
      });
    }
  }

  #endName(): void {
    if (this.#isWatched() && this.#isName) {
      const name = nameIn(this.#kept);
      if (this.#isInResult) {
        this.#inner = name;
      } else {
        this.#name = name;
      }
      this.#isName = false;
    }
    this.#kept = '';
  }

  /** A scalar has ended, if there was one. */
  #endValue(): void {
    if (this.#isWatched() && !this.#isName && this.#kept !== '') {
      this.#noteValue(this.#kept);
    }
    this.#kept = '';
  }

  /** Of members that are there twice the last counts, as for `JSON.parse`. */
  #noteValue(value: string): void {
    if (this.#isInResult) {
      if (this.#inner === 'isError') {
        this.#saysError = value === 'true';
      }
      return;
    }
    switch (this.#name) {
      case 'id':
        this.#id = value.length < LONGEST ? value : undefined;
        break;
      case 'method':
        this.#method = nameIn(value);
        break;
      case 'result':
        this.#hasResult = true;
        this.#saysError = false;
        break;
      case 'error':
        this.#hasError = value !== 'null';
        break;
      default:
    }
  }

  /** Reads on in a string; answers the place behind what was read. */
  #hearString(bytes: Buffer, start: number, end: number): number {
    let at = this.#isEscaped ? start + 1 : start;
    this.#isEscaped = false;
    for (let near = NEAR; ; ) {
      for (const until = Math.min(end, at + near); at < until; ) {
        const code = bytes[at];
        if (code === QUOTE) {
          return this.#endString(bytes, start, at + 1);
        }
        at += code === BACKSLASH ? 2 : 1;
      }
      if (at >= end) {
        this.#isEscaped = at > end;
        this.#keep(bytes, start, end);
        return end;
      }
      const found = bytes.indexOf(QUOTE, at);
      const quote = found === -1 ? end : Math.min(found, end);
      let from = quote;
      while (from > at && bytes[from - 1] === BACKSLASH) {
        from--;
      }
      // Where quotes are close to each other, the next are looked for one by one.
      near = quote - at < NEAR ? MANY : NEAR;
      const isEscaped = (quote - from) % 2 === 1;
      if (quote < end && !isEscaped) {
        return this.#endString(bytes, start, quote + 1);
      }
      at = isEscaped ? quote + 1 : quote;
    }
  }

  #endString(bytes: Buffer, start: number, at: number): number {
    this.#keep(bytes, start, at);
    this.#isInString = false;
    return at;
  }

  #keep(bytes: Buffer, start: number, end: number): void {
    if (this.#isKept && this.#kept.length < LONGEST) {
      this.#kept += bytes.toString('latin1', start, Math.min(end, start + LONGEST));
    }
  }
}

/** What stands in quotes; an empty text for what is none. */
function nameIn(text: string): string {
  if (!text.includes('\\')) {
    return text.startsWith('"') ? text.slice(1, -1) : '';
  }
  try {
    return String(JSON.parse(text));
  } catch {
    return '';
  }
}
