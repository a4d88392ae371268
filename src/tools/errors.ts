/** A document from which no tools can be made. The message is for the person who sent it. */
export class DocumentError extends Error {
  /** A JSON pointer (`/paths`) or `line 3, column 7`; null when the whole document is meant. */
  readonly place: string | null;
  /** The message without the place. */
  readonly reason: string;

  constructor(reason: string, place: string | null = null, options?: ErrorOptions) {
    super(place === null ? reason : `${reason} (at ${place})`, options);
    this.name = 'DocumentError';
    this.reason = reason;
    this.place = place;
  }
}

/** Thrown while one operation is looked at: it yields no tool, and the message says why. */
export class Unusable extends Error {}

/** Bytes of a tool as JSON; one that is larger is skipped. */
export const TOOL_BYTES = 256 * 1024;

/** Why an operation whose tool would have more than `TOOL_BYTES` yields none. */
export const tooLarge = (): Unusable => new Unusable('It is larger than 256 KiB.');
