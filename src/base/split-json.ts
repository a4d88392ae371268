import { createYielding } from './event-loop-turns.ts';

/** A value in a JSON text: the value of an object member, a list item, or the whole text. */
export type JsonPart = {
  /** The name of the member. */
  readonly name: string | undefined;
  /** Valid JSON. */
  readonly text: string;
  /** The number of objects, lists and scalars in it, including itself. */
  readonly values: number;
  readonly kind: 'object' | 'list' | 'scalar';
  /** Its parts; empty if it is not split further. */
  readonly parts: readonly JsonPart[];
};

/** The depth and the limits of a split. */
export type SplitOptions = {
  /** The number of levels of objects to split, from the outermost value, which may be a list. */
  readonly levels: number;
  /** The maximum number of parts. */
  readonly mostParts: number;
  /** The maximum number of values. */
  readonly mostValues?: number;
};

/**
 * The reason why a text is not split: it is not JSON of at most 200 levels, or it exceeds the limits of the options.
 */
export type SplitFailure = 'no JSON' | 'too many';

/** Levels of objects and lists that are taken, as everywhere. */
const MAX_LEVELS = 200;
/** Characters that are looked at before others have their turn, if they want one. */
const PIECE_CHARS = 16 * 1024;
/** Characters of a string that are looked at one by one: a call of a regular expression costs more for fewer. */
const NEAR_CHARS = 32;

const [TAB, LINE_FEED, RETURN, SPACE] = [0x09, 0x0a, 0x0d, 0x20];
const [QUOTE, COMMA, MINUS, POINT, ZERO, NINE, COLON, BACKSLASH] = [0x22, 0x2c, 0x2d, 0x2e, 0x30, 0x39, 0x3a, 0x5c];
const [UPPER_E, LOWER_E, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x45, 0x65, 0x5b, 0x5d, 0x7b, 0x7d];

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LITERAL = /true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON has them escaped only.
const UNESCAPED = /[^"\\\x00-\x1f]*/y;

/**
 * Splits a JSON text into its parts. It checks the whole text (RFC 8259) without parsing it, lets other work run in
 * between, and needs no more memory than the requested parts.
 */
export async function splitJson(text: string, options: SplitOptions): Promise<JsonPart | SplitFailure> {
  const reader = new Reader(text, options);
  const yieldTurn = createYielding();
  for (let end = PIECE_CHARS; ; end += PIECE_CHARS) {
    const outcome = reader.readTo(end);
    if (outcome !== undefined) {
      return outcome;
    }
    await yieldTurn();
  }
}

/** The expected next token. */
const [VALUE, FIRST_ITEM, FIRST_NAME, NAME, AFTER] = [0, 1, 2, 3, 4];

type Kind = JsonPart['kind'];
/** A value whose end has not come, and that is going to be a part. */
type Open = { readonly start: number; readonly values: number; readonly kind: Kind; readonly parts: JsonPart[] };

class Reader {
  readonly #text: string;
  readonly #options: SplitOptions;
  readonly #isObject = new Uint8Array(MAX_LEVELS);
  /** The outermost containers, as many as are split. */
  readonly #open: Open[] = [];
  /** The name of the member that is being read in each of them. */
  readonly #names: (string | undefined)[] = [];
  #at = 0;
  #depth = 0;
  #next = VALUE;
  #values = 0;
  #parts = 0;
  #whole: JsonPart | undefined;

  constructor(text: string, options: SplitOptions) {
    this.#text = text;
    this.#options = options;
  }

  /** Reads on, at least to a place. Returns the result when everything is read, or the mistake; otherwise undefined. */
  readTo(place: number): JsonPart | SplitFailure | undefined {
    const { mostParts, mostValues = Number.POSITIVE_INFINITY } = this.#options;
    const end = Math.min(place, this.#text.length);
    while (this.#at < end) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === SPACE || code === LINE_FEED || code === RETURN || code === TAB) {
        this.#at++;
      } else if (!this.#take(code)) {
        return 'no JSON';
      }
      if (this.#parts > mostParts || this.#values > mostValues) {
        return 'too many';
      }
    }
    return place < this.#text.length ? undefined : (this.#whole ?? 'no JSON');
  }

  /** Reads the token that begins with a character; returns false if it is not allowed there. */
  #take(code: number): boolean {
    switch (this.#next) {
      case AFTER:
        if (code === COMMA && this.#depth > 0) {
          this.#next = this.#isInObject() ? NAME : VALUE;
          this.#at++;
          return true;
        }
        return this.#close(code);
      case FIRST_NAME:
        return code === CLOSE_OBJECT ? this.#close(code) : this.#takeName(code);
      case NAME:
        return this.#takeName(code);
      case FIRST_ITEM:
        return code === CLOSE_LIST ? this.#close(code) : this.#takeValue(code);
      default:
        return this.#takeValue(code);
    }
  }

  #isInObject(): boolean {
    return this.#isObject[this.#depth - 1] === 1;
  }

  #takeName(code: number): boolean {
    const start = this.#at;
    if (code !== QUOTE || !this.#takeString()) {
      return false;
    }
    if (this.#depth === this.#open.length) {
      this.#names[this.#depth - 1] = JSON.parse(this.#text.slice(start, this.#at)) as string;
    }
    while (this.#text.charCodeAt(this.#at) <= SPACE) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== SPACE && code !== LINE_FEED && code !== RETURN && code !== TAB) {
        return false;
      }
      this.#at++;
    }
    this.#next = VALUE;
    return this.#text.charCodeAt(this.#at++) === COLON;
  }

  #takeValue(code: number): boolean {
    this.#values++;
    if (code === OPEN_OBJECT || code === OPEN_LIST) {
      return this.#openContainer(code === OPEN_OBJECT);
    }
    const start = this.#at;
    const isTaken =
      code === QUOTE
        ? this.#takeString()
        : code === MINUS || (code >= ZERO && code <= NINE)
          ? this.#takeNumber(code)
          : this.#match(LITERAL);
    if (isTaken && this.#depth === this.#open.length) {
      this.#add({ start, values: this.#values - 1, kind: 'scalar', parts: [] });
    }
    this.#next = AFTER;
    return isTaken;
  }

  #openContainer(isObject: boolean): boolean {
    if (this.#depth === MAX_LEVELS) {
      return false;
    }
    const isPart = this.#depth === this.#open.length;
    if (isPart && this.#depth < this.#options.levels && (isObject || this.#depth === 0)) {
      this.#open.push(this.#begun(isObject));
    } else if (isPart) {
      this.#unsplit = this.#begun(isObject);
    }
    this.#isObject[this.#depth] = isObject ? 1 : 0;
    this.#depth++;
    this.#next = isObject ? FIRST_NAME : FIRST_ITEM;
    this.#at++;
    return true;
  }

  /** A container that is a part and is not split. */
  #unsplit: Open | undefined;

  #begun(isObject: boolean): Open {
    return { start: this.#at, values: this.#values - 1, kind: isObject ? 'object' : 'list', parts: [] };
  }

  #close(code: number): boolean {
    if (this.#depth === 0 || code !== (this.#isInObject() ? CLOSE_OBJECT : CLOSE_LIST)) {
      return false;
    }
    this.#at++;
    this.#depth--;
    this.#next = AFTER;
    if (this.#depth < this.#open.length) {
      this.#add(this.#open.pop() as Open);
    } else if (this.#depth === this.#open.length && this.#unsplit !== undefined) {
      this.#add(this.#unsplit);
      this.#unsplit = undefined;
    }
    return true;
  }

  /** A part has ended here. */
  #add({ start, values, kind, parts }: Open): void {
    const depth = this.#depth;
    const text = this.#text.slice(start, this.#at);
    const name = this.#open[depth - 1]?.kind === 'object' ? this.#names[depth - 1] : undefined;
    const part = { name, text, values: this.#values - values, kind, parts };
    this.#parts++;
    if (depth === 0) {
      this.#whole = part;
    } else {
      this.#open[depth - 1]?.parts.push(part);
    }
  }

  #takeNumber(first: number): boolean {
    const text = this.#text;
    let at = this.#at + 1;
    let code = text.charCodeAt(at);
    // Most numbers are integers.
    while (first > ZERO && code >= ZERO && code <= NINE) {
      code = text.charCodeAt(++at);
    }
    if (first === MINUS || code === POINT || code === LOWER_E || code === UPPER_E) {
      return this.#match(NUMBER);
    }
    this.#at = at;
    return true;
  }

  #takeString(): boolean {
    const text = this.#text;
    this.#at++;
    for (;;) {
      for (const near = this.#at + NEAR_CHARS; this.#at < near; this.#at++) {
        const code = text.charCodeAt(this.#at);
        if (code === QUOTE) {
          this.#at++;
          return true;
        }
        if (code === BACKSLASH) {
          if (!this.#match(ESCAPE)) {
            return false;
          }
          this.#at--;
        } else if (!(code >= SPACE)) {
          return false;
        }
      }
      this.#match(UNESCAPED);
    }
  }

  #match(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) {
      return false;
    }
    this.#at = pattern.lastIndex;
    return true;
  }
}
