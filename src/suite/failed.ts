/** A check has failed. Its message may contain secrets, which are masked when it is printed. */
export class Failed extends Error {
  readonly expected: string;
  readonly came: string;
  /** The request with the wrong answer, as a curl command. */
  readonly request: string;

  constructor(expected: string, came: string, request: string) {
    super(`expected ${expected}, came ${came}`);
    this.expected = expected;
    this.came = came;
    this.request = request;
  }
}

/** A check is not possible here; the message names the missing part. */
export class Skipped extends Error {}
