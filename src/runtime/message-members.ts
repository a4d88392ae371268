/** A scalar as it stands in a text: its JSON, one character for each byte, and from which byte to which. */
export type ScannedScalar = { readonly text: string; readonly start: number; readonly end: number };

/** What is read of one JSON-RPC message. */
export type ScannedMessage = {
  /** Undefined where there is none, or it is longer than an id may be. */
  readonly id: ScannedScalar | undefined;
  readonly method: string | undefined;
  /** Whether it says which version of JSON-RPC it is. */
  readonly hasVersion: boolean;
  /** Whether it is a failure; undefined where it has neither a result nor an error. */
  readonly isError: boolean | undefined;
};

/** Bytes of a name, an id or a method that are read. */
export const MAX_READ_BYTES = 4096;

/** The members of a message that matter, as they are read. Of those that are there twice the last counts, as for `JSON.parse`. */
export class MessageMembers {
  #id: ScannedScalar | undefined;
  #method: string | undefined;
  #hasVersion = false;
  #hasResult = false;
  #hasError = false;
  #saysError = false;

  /** Begins with another message. */
  begin(): void {
    this.#id = undefined;
    this.#method = undefined;
    this.#hasVersion = false;
    this.#hasResult = false;
    this.#hasError = false;
    this.#saysError = false;
  }

  /** Notes a member of the message. Of an object or a list, the text is its first bracket. */
  note(name: string, value: ScannedScalar): void {
    switch (name) {
      case 'id':
        this.#id = value.text.length < MAX_READ_BYTES ? value : undefined;
        break;
      case 'jsonrpc':
        this.#hasVersion = true;
        break;
      case 'method':
        this.#method = nameIn(value.text);
        break;
      case 'result':
        this.#hasResult = true;
        this.#saysError = false;
        break;
      case 'error':
        this.#hasError = value.text !== 'null';
        break;
      default:
    }
  }

  /** Notes a member of its result. */
  noteOfResult(name: string, text: string): void {
    if (name === 'isError') {
      this.#saysError = text === 'true';
    }
  }

  /** The message as far as it has been read. */
  message(): ScannedMessage {
    const isAnswer = this.#hasError || this.#hasResult;
    return {
      id: this.#id,
      method: this.#method,
      hasVersion: this.#hasVersion,
      isError: isAnswer ? this.#hasError || this.#saysError : undefined,
    };
  }
}

/** What stands in quotes; an empty text for what is none. */
export function nameIn(text: string): string {
  if (!text.includes('\\')) {
    return text.startsWith('"') ? text.slice(1, -1) : '';
  }
  try {
    return String(JSON.parse(text));
  } catch {
    return '';
  }
}
