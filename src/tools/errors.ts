/** The document gives no tools. The message is for the user who sent it. */
export class DocumentError extends Error {
  /** A JSON pointer (`/paths`) or `line 3, column 7`; null for the whole document. */
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

/** Thrown for one operation that gives no tool; the message gives the reason. */
export class Unusable extends Error {}

/** A `$ref` leads nowhere. Where it stands for a schema, any value is allowed there, and a warning says so. */
export class Unresolved extends Unusable {
  /** The fact as a clause without its period. */
  readonly fact: string;
  /** A sentence with a space before it, or an empty text. */
  readonly remedy: string;

  constructor(fact: string, consequence: string, remedy: string) {
    super(`${fact}${consequence}.${remedy}`);
    this.fact = fact;
    this.remedy = remedy;
  }
}

/** A tool exceeds `TOOL_BYTES`. */
export class TooLarge extends Unusable {}

/** The maximum size of a tool as JSON, in bytes; larger tools are skipped. */
export const TOOL_BYTES = 256 * 1024;

/** The reason for an operation whose tool would exceed `TOOL_BYTES`. */
export const tooLarge = (): TooLarge => new TooLarge('It is larger than 256 KiB.');
