import { TOOLS_CHANGED } from '../runtime/protocol.ts';
import { type HeardMessage, OverheardJson } from './overheard-json.ts';

/** What is listened for in an answer that is passed on as it comes. */
export type Listener = {
  /** Of the request that is answered. */
  readonly id: unknown;
  /** The answer to it has come whole: whether it is a failure. */
  readonly onAnswer: (isError: boolean) => void;
  /** The server has said that its tools have changed. */
  readonly onToolsChanged?: () => void;
};

const [LINE_FEED, RETURN, COLON] = [0x0a, 0x0d, 0x3a];
const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf';
/** Bytes of a field's name, and of the name of an event, that are looked at. */
const LONGEST = 64;
const NEW_LINE = Buffer.from('\n');

/** Hears what a JSON text says, in pieces of any size. */
export function overhearJson(listener: Listener): (chunk: Buffer) => void {
  const wanted = latin(JSON.stringify(listener.id ?? null));
  const json = new OverheardJson((message) => tell(listener, message, wanted));
  return (chunk) => json.hear(chunk);
}

/** Hears what the events of a stream say (WHATWG HTML, "Interpreting an event stream"), in pieces of any size. */
export function overhearEvents(listener: Listener): (chunk: Buffer) => void {
  const events = new OverheardEvents(listener);
  return (chunk) => events.hear(chunk);
}

/** Whether an answer that has come whole is a failure; undefined where it is no answer to the request of this id. */
export function outcomeOf(answer: Buffer, id: unknown): boolean | undefined {
  let outcome: boolean | undefined;
  const onAnswer = (isError: boolean): void => {
    outcome = isError;
  };
  overhearJson({ id, onAnswer })(answer);
  return outcome;
}

function tell({ onAnswer, onToolsChanged }: Listener, { id, method, isError }: HeardMessage, wanted: string): void {
  if (method !== undefined) {
    if (method === TOOLS_CHANGED && id === undefined) {
      onToolsChanged?.();
    }
  } else if (isError !== undefined && isSameId(id, wanted)) {
    onAnswer(isError);
  }
}

/** Some servers leave out the id of an error, or answer it with null. */
const isSameId = (id: string | undefined, wanted: string): boolean =>
  id === undefined || id === 'null' || id === wanted || normal(id) === normal(wanted);

function normal(id: string): string {
  try {
    return JSON.stringify(JSON.parse(Buffer.from(id, 'latin1').toString('utf8')));
  } catch {
    return id;
  }
}

/** One character for each byte. */
const latin = (text: string): string => Buffer.from(text).toString('latin1');

class OverheardEvents {
  readonly #listener: Listener;
  readonly #wanted: string;
  readonly #json: OverheardJson;
  /** What the event says whose end has not come. */
  #isError: boolean | undefined;
  #areToolsChanged = false;
  /** The name of the field of the line that is being read, whole when its colon has come. */
  #field = '';
  #isInValue = false;
  #isFirstLine = true;
  #isAfterReturn = false;
  #event = '';

  constructor(listener: Listener) {
    this.#listener = listener;
    this.#wanted = latin(JSON.stringify(listener.id ?? null));
    const ofEvent: Listener = {
      id: listener.id,
      onAnswer: (isError) => {
        this.#isError = isError;
      },
      onToolsChanged: () => {
        this.#areToolsChanged = true;
      },
    };
    this.#json = new OverheardJson((message) => tell(ofEvent, message, this.#wanted));
  }

  hear(chunk: Buffer): void {
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
      this.#hearLine(chunk, at, end);
      if (end < chunk.length) {
        this.#endLine();
        this.#isAfterReturn = end === carriage;
      }
      at = end + 1;
    }
  }

  /** A piece of a line. */
  #hearLine(chunk: Buffer, start: number, end: number): void {
    let at = start;
    if (!this.#isInValue) {
      for (; at < end && chunk[at] !== COLON; at++) {
        if (this.#field.length < LONGEST) {
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
      this.#json.hear(chunk, at, end);
    } else if (this.#field === 'event' && this.#event.length < LONGEST) {
      this.#event += chunk.toString('latin1', at, Math.min(end, at + LONGEST));
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
      this.#json.hear(NEW_LINE);
    }
    this.#isFirstLine = false;
    this.#isInValue = false;
    this.#field = '';
  }

  /** Clients take events without a name, and those that are called messages. */
  #endEvent(): void {
    const event = this.#event.replace(/^ /, '');
    if (event === '' || event === 'message') {
      if (this.#isError !== undefined) {
        this.#listener.onAnswer(this.#isError);
      }
      if (this.#areToolsChanged) {
        this.#listener.onToolsChanged?.();
      }
    }
    this.#isError = undefined;
    this.#areToolsChanged = false;
    this.#event = '';
    this.#json.reset();
  }
}
