import type { ScannedMessage } from './message-members.ts';
import { MessageScanner } from './message-scanner.ts';

const [LINE_FEED, RETURN, COLON] = [0x0a, 0x0d, 0x3a];
const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf';
/** The maximum number of bytes of a field name and of an event name that are read. */
const MAX_NAME_BYTES = 64;
const NEW_LINE = Buffer.from('\n');

/** The receiver of the messages and events of a stream. */
export type EventReader = {
  /** Called at the end of a message. Its event has not ended, and clients may ignore it. */
  readonly message: (message: ScannedMessage) => void;
  /**
   * Called at the end of the event of these messages. Clients take events without a name, and events named `message`.
   */
  readonly ended: (isTaken: boolean) => void;
};

/**
 * Reads the messages in the events of a stream (WHATWG HTML, "Interpreting an event stream"), which comes in pieces
 * of any size, like `MessageScanner`.
 */
export class EventScanner {
  readonly #reader: EventReader;
  readonly #json: MessageScanner;
  /** The name of the field of the current line; complete after its colon. */
  #field = '';
  #isInValue = false;
  #isFirstLine = true;
  #isAfterReturn = false;
  #event = '';

  constructor(reader: EventReader) {
    this.#reader = reader;
    this.#json = new MessageScanner(reader.message);
  }

  /** Reads a piece. */
  scan(chunk: Buffer): void {
    let at = 0;
    let feed = chunk.indexOf(LINE_FEED);
    let carriage = chunk.indexOf(RETURN);
    while (at < chunk.length) {
      if (this.#isAfterReturn) {
        this.#isAfterReturn = false;
        if (chunk[at] === LINE_FEED) {
          at++;
          continue;
        }
      }
      feed = feed !== -1 && feed < at ? chunk.indexOf(LINE_FEED, at) : feed;
      carriage = carriage !== -1 && carriage < at ? chunk.indexOf(RETURN, at) : carriage;
      const end = Math.min(feed === -1 ? chunk.length : feed, carriage === -1 ? chunk.length : carriage);
      this.#scanLine(chunk, at, end);
      if (end < chunk.length) {
        this.#endLine();
        this.#isAfterReturn = end === carriage;
      }
      at = end + 1;
    }
  }

  /** A piece of a line. */
  #scanLine(chunk: Buffer, start: number, end: number): void {
    let at = start;
    if (!this.#isInValue) {
      for (; at < end && chunk[at] !== COLON; at++) {
        if (this.#field.length < MAX_NAME_BYTES) {
          this.#field += String.fromCharCode(chunk[at] as number);
        }
      }
      if (at === end) {
        return;
      }
      this.#isInValue = true;
      this.#beginValue();
      at++;
    }
    if (this.#field === 'data') {
      this.#json.scan(chunk, at, end);
    } else if (this.#field === 'event' && this.#event.length < MAX_NAME_BYTES) {
      this.#event += chunk.toString('latin1', at, Math.min(end, at + MAX_NAME_BYTES));
    }
  }

  #beginValue(): void {
    if (this.#isFirstLine && this.#field.startsWith(BYTE_ORDER_MARK)) {
      this.#field = this.#field.slice(BYTE_ORDER_MARK.length);
    }
    if (this.#field === 'event') {
      this.#event = '';
    }
  }

  #endLine(): void {
    if (this.#field === '' && !this.#isInValue) {
      this.#endEvent();
    } else if (this.#field === 'data') {
      this.#json.scan(NEW_LINE);
    }
    this.#isFirstLine = false;
    this.#isInValue = false;
    this.#field = '';
  }

  #endEvent(): void {
    const event = this.#event.replace(/^ /, '');
    this.#reader.ended(event === '' || event === 'message');
    this.#event = '';
    this.#json.reset();
  }
}
