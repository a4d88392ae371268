/** Thrown by a check whose promise does not hold. What it says may hold secrets: it is printed with those hidden. */
export class Failed extends Error {
  readonly expected: string;
  readonly came: string;
  /** The request whose answer was wrong, as a curl line. */
  readonly request: string;

  constructor(expected: string, came: string, request: string) {
    super(`expected ${expected}, came ${came}`);
    this.expected = expected;
    this.came = came;
    this.request = request;
  }
}

/** Thrown by a check that cannot be made here; the message says what it lacks. */
export class Skipped extends Error {}
