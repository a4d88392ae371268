import type { ScannedMessage } from './message-members.ts';
import { MessageScanner } from './message-scanner.ts';

const [LINE_FEED, RETURN, COLON] = [0x0a, 0x0d, 0x3a];
const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf';
/** Bytes of a field's name, and of the name of an event, that are read. */
const MAX_NAME_BYTES = 64;
const NEW_LINE = Buffer.from('\n');

export type EventReader = {
  /** A message has ended; its event has not, and may yet turn out to be none that clients take. */
  readonly message: (message: ScannedMessage) => void;
  /** The event of these messages has ended. Clients take events without a name, and those that are called messages. */
  readonly ended: (isTaken: boolean) => void;
};

/**
 * Reads the messages in the events of a stream (WHATWG HTML, "Interpreting an event stream") that comes in pieces of any
 * size, as `MessageScanner` does.
 */
export class EventScanner {
  readonly #reader: EventReader;
  readonly #json: MessageScanner;
  /** The name of the field of the line that is being read, whole when its colon has come. */
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
