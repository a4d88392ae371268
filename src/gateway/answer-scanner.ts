import { readJson } from '../base/read-json.ts';
import { EventScanner } from '../runtime/event-scanner.ts';
import type { ScannedMessage } from '../runtime/message-members.ts';
import { MessageScanner } from '../runtime/message-scanner.ts';
import { TOOLS_CHANGED } from '../runtime/protocol.ts';

/** The answer to read: its request, its format, and the observer of changed tools. */
export type ScannedAnswer = {
  /** Of the request that is answered; null where there is none. */
  readonly id: unknown;
  /** Whether it comes as a stream of events; else it is JSON. */
  readonly areEvents: boolean;
  /** Called whenever the server says that its tools have changed. */
  readonly onToolsChanged: () => void;
};

/** Reads an answer that is passed on as it comes, in pieces of any size. */
export class AnswerScanner {
  readonly #wanted: string;
  readonly #onToolsChanged: () => void;
  readonly #scanner: MessageScanner | EventScanner;
  #isError: boolean | undefined;
  /** What the event says whose end has not come. */
  #isErrorInEvent: boolean | undefined;
  #haveToolsChanged = false;

  constructor({ id, areEvents, onToolsChanged }: ScannedAnswer) {
    this.#wanted = latin(JSON.stringify(id ?? null));
    this.#onToolsChanged = onToolsChanged;
    const note = (message: ScannedMessage): void => this.#note(message);
    this.#scanner = areEvents
      ? new EventScanner({ message: note, ended: (isTaken) => this.#take(isTaken) })
      : new MessageScanner((message) => {
          note(message);
          this.#take(true);
        });
  }

  /** Whether the answer to the request is a failure; undefined as long as it has not come whole. */
  get isError(): boolean | undefined {
    return this.#isError;
  }

  scan(chunk: Buffer): void {
    this.#scanner.scan(chunk);
  }

  #note({ id, method, isError }: ScannedMessage): void {
    if (method === undefined) {
      if (isError !== undefined && isSameId(id?.text, this.#wanted)) {
        this.#isErrorInEvent = isError;
      }
    } else if (method === TOOLS_CHANGED && id === undefined) {
      this.#haveToolsChanged = true;
    }
  }

  #take(isTaken: boolean): void {
    if (isTaken) {
      this.#isError = this.#isErrorInEvent ?? this.#isError;
      if (this.#haveToolsChanged) {
        this.#onToolsChanged();
      }
    }
    this.#isErrorInEvent = undefined;
    this.#haveToolsChanged = false;
  }
}

/** Some servers leave out the id of an error, or answer it with null. */
const isSameId = (id: string | undefined, wanted: string): boolean =>
  id === undefined || id === 'null' || id === wanted || normal(id) === normal(wanted);

function normal(id: string): string {
  try {
    return JSON.stringify(readJson(Buffer.from(id, 'latin1').toString('utf8')));
  } catch {
    return id;
  }
}

/** One character for each byte. */
const latin = (text: string): string => Buffer.from(text).toString('latin1');
