import { NestedEnd } from '../base/fast/nested-end.ts';
import { StringEnd } from '../base/string-end.ts';
import { MAX_READ_BYTES, MessageMembers, nameIn, type ScannedMessage } from './message-members.ts';

const [TAB, LINE_FEED, RETURN, SPACE] = [0x09, 0x0a, 0x0d, 0x20];
const [QUOTE, COMMA, COLON] = [0x22, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Reads the JSON-RPC messages in JSON that comes in pieces of any size: one message, or a batch. It reads the members of a
 * message and of its result, passes over everything below them, and keeps nothing else. Of members that are there twice
 * the last counts, as for `JSON.parse`. It is lenient: whether the text is JSON is for others to judge.
 *
 * This costs less than `JSON.parse`, at every size.
 */
export class MessageScanner {
  readonly #onMessage: (message: ScannedMessage) => void;
  readonly #stringEnd = new StringEnd();
  readonly #nestedEnd = new NestedEnd();
  /** Bytes of the text in the pieces before this one. */
  #before = 0;
  /** Objects and lists that are open and whose members are read or belong to a batch; those around a message. */
  #depth = 0;
  #around = 0;
  /** Whether an object or a list is passed over. */
  #isNested = false;
  #isInString = false;
  /** Whether the string that is being read is kept; what is kept of a string or another scalar, and where it stands. */
  #isKept = false;
  #kept = '';
  #keptStart = 0;
  #keptEnd = 0;
  #isName = false;
  /** The member that is being read, and, where that is a result, the member of it. */
  #name = '';
  #inner = '';
  #isInResult = false;
  readonly #members = new MessageMembers();

  /** `onMessage` is called with each message that has ended. */
  constructor(onMessage: (message: ScannedMessage) => void) {
    this.#onMessage = onMessage;
  }

  /** Begins with another text. */
  reset(): void {
    this.#before = 0;
    this.#depth = 0;
    this.#around = 0;
    this.#isNested = false;
    this.#isInString = false;
    this.#stringEnd.reset();
    this.#isKept = false;
    this.#kept = '';
    this.#begin();
  }

  #begin(): void {
    this.#isName = true;
    this.#name = '';
    this.#inner = '';
    this.#isInResult = false;
    this.#members.begin();
  }

  /** The message whose end was read last, or has not come, as far as it was read. */
  current(): ScannedMessage {
    return this.#members.message();
  }

  /** Where the id of a message begins that has not ended yet. */
  idBegun(): number | undefined {
    const isInMessage = this.#depth - this.#around === 1;
    return isInMessage && !this.#isName && this.#name === 'id' && this.#kept !== '' ? this.#keptStart : undefined;
  }

  /** Reads a piece, or the part of it from `start` to `end`. */
  scan(bytes: Buffer, start = 0, end = bytes.length): void {
    this.#before -= start;
    let at = start;
    while (at < end) {
      if (this.#isInString) {
        at = this.#scanString(bytes, at, end);
      } else if (this.#isNested) {
        const found = this.#nestedEnd.find(bytes, at, end);
        this.#isNested = found === -1;
        at = found === -1 ? end : found;
      } else {
        this.#take(bytes[at] as number, at);
        at++;
      }
    }
    this.#before += end;
  }

  /** Whether the members of what is open are read. */
  #isWatched(): boolean {
    const level = this.#depth - this.#around;
    return level === 1 || (level === 2 && this.#isInResult);
  }

  #take(code: number, at: number): void {
    switch (code) {
      case QUOTE:
        this.#isInString = true;
        this.#isKept = this.#isWatched() && (this.#isName || this.#isWanted());
        // Of one that is not kept it is known that it is there.
        this.#kept = '"';
        this.#keptStart = this.#before + at;
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
        if (this.#kept === '') {
          this.#keptStart = this.#before + at;
        }
        if (this.#kept.length < MAX_READ_BYTES) {
          this.#kept += String.fromCharCode(code);
        }
        this.#keptEnd = this.#before + at + 1;
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
    this.#kept = '';
    this.#depth++;
    if (level >= 1 && !this.#isWatched()) {
      this.#depth--;
      this.#isNested = true;
      this.#nestedEnd.begin();
    }
  }

  #close(): void {
    this.#endValue();
    this.#depth--;
    const level = this.#depth - this.#around;
    if (level === 1) {
      this.#isInResult = false;
      this.#isName = false;
    } else if (level === 0 && this.#depth >= 0) {
      this.#onMessage(this.current());
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

  #noteValue(value: string): void {
    if (this.#isInResult) {
      this.#members.noteOfResult(this.#inner, value);
    } else {
      this.#members.note(this.#name, { text: value, start: this.#keptStart, end: this.#keptEnd });
    }
  }

  /** Reads on in a string; answers the place behind what was read. */
  #scanString(bytes: Buffer, start: number, end: number): number {
    const found = this.#stringEnd.find(bytes, start, end);
    const until = found === -1 ? end : found;
    if (this.#isKept && this.#kept.length < MAX_READ_BYTES) {
      this.#kept += bytes.toString('latin1', start, Math.min(until, start + MAX_READ_BYTES));
    }
    if (found !== -1) {
      this.#isInString = false;
      this.#keptEnd = this.#before + found;
    }
    return until;
  }
}
